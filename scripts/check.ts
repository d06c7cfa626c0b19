/**
 * Runs every static check, or those named as arguments, as many at once as there are cores. All run to their end
 * whatever the others say; the output of those that fail is printed whole. Exits 1 if any failed.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';

interface Check {
  readonly name: string;
  /** Node programs with their arguments, each run only if the one before it succeeded. */
  readonly steps: readonly (readonly string[])[];
}

interface Outcome {
  readonly ok: boolean;
  readonly output: string;
}

const root = join(import.meta.dirname, '..');

/** The longest come first, so that the short ones fill the gaps. */
const allChecks: readonly Check[] = [
  { name: 'eslint', steps: [['node_modules/eslint/bin/eslint.js', '--max-warnings=0', '.']] },
  { name: 'types', steps: [['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json']] },
  {
    name: 'package',
    steps: [['scripts/build.ts'], ['node_modules/publint/src/cli.js', '--strict']],
  },
  { name: 'prettier', steps: [['node_modules/prettier/bin/prettier.cjs', '--check', '.']] },
  { name: 'dependency-cruiser', steps: [['node_modules/dependency-cruiser/bin/dependency-cruise.mjs', '.']] },
  { name: 'docs', steps: [['scripts/generate-docs.ts', '--check']] },
  { name: 'knip', steps: [['node_modules/knip/bin/knip.js']] },
];

function runStep(args: readonly string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const chunks: Buffer[] = [];
    const collect = (chunk: Buffer): void => {
      chunks.push(chunk);
    };
    child.stdout.on('data', collect);
    child.stderr.on('data', collect);
    child.once('error', reject);
    child.once('close', (code) => {
      resolve({ ok: code === 0, output: Buffer.concat(chunks).toString() });
    });
  });
}

async function runCheck({ name, steps }: Check): Promise<boolean> {
  const start = performance.now();
  let outcome: Outcome = { ok: true, output: '' };
  for (const step of steps) {
    outcome = await runStep(step);
    if (!outcome.ok) break;
  }
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`${outcome.ok ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)\n`);
  if (!outcome.ok) process.stdout.write(`${outcome.output.trimEnd()}\n\n`);
  return outcome.ok;
}

async function runAll(checks: readonly Check[]): Promise<string[]> {
  const waiting = [...checks];
  const failed: string[] = [];
  const worker = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await runCheck(check))) failed.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return failed;
}

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !allChecks.some((check) => check.name === name));
if (unknown.length > 0) {
  const known = allChecks.map((check) => check.name).join(', ');
  process.stderr.write(`no check named ${unknown.join(', ')}; there are ${known}\n`);
  process.exitCode = 2;
} else {
  const failed = await runAll(allChecks.filter((check) => asked.length === 0 || asked.includes(check.name)));
  if (failed.length > 0) {
    process.stdout.write(`failed: ${failed.join(', ')}\n`);
    process.exitCode = 1;
  }
}
