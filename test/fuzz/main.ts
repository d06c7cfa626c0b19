/**
 * `npm run fuzz [-- INPUTS [READER…]]` runs so many inputs through all readers, or so many through each of some;
 * `npm run fuzz -- FILE…` runs inputs that are kept or were found, and prints what becomes of them. HEPC_SEED draws others.
 */
import { availableParallelism } from 'node:os';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readKept } from './corpus.ts';
import { fuzz } from './run.ts';
import { judge } from './target.ts';
import { loadTarget } from './targets.ts';
import { fuzzSeed } from './seed.ts';

const args = process.argv.slice(2);
const print = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

if (args.length > 0 && args.every((path) => existsSync(path))) {
  for (const path of args) {
    const { reader, bytes } = readKept(path);
    const verdict = await judge(await loadTarget(reader), bytes);
    print(`${path}: ${verdict.kind}${verdict.kind === 'refused' ? `, ${verdict.codes.join(' ')}` : ''}`);
    if (verdict.kind !== 'fault') continue;
    print(verdict.text);
    process.exitCode = 1;
  }
  process.exit();
}

const [count = '100000', ...only] = args;
const inputs = Number(count);
const seed = fuzzSeed();
const folder = join(import.meta.dirname, '..', '..', 'fuzz-findings');
print(`seed ${seed} (HEPC_SEED=${seed} npm run fuzz -- ${args.join(' ')})`);
const result = await fuzz({
  seed,
  inputs,
  jobs: availableParallelism(),
  ...(only.length > 0 && { only }),
  folder,
  groups: new URL('./targets.ts', import.meta.url),
  seconds: 10,
  report: print,
});
print(`${result.inputs} inputs, ${result.findings.length} faults`);
process.exit(result.findings.length === 0 ? 0 : 1);
