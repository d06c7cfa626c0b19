/** The command line as a process: streams, exit codes, signals. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileSmallModel, sampleFile, type SmallModel, spawnCli } from '../support/cli.ts';
import { isNightly } from '../support/setup/suite.ts';

let files: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(1);
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

test('results on the standard output, progress on the standard error, exit code 0', async () => {
  const { exitCode, stdout, stderr } = await spawnCli(['run', files.plan, '--input', files.samples, '--limit', '1']);
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^sample 0, y \[4\]: .*\n$/);
  expect(stderr).toMatch(/^preparing\nmaking keys\n/);
  expect(stderr).toMatch(/evaluate \d.*\n$/);
});

test('compile tells what it does', async () => {
  const plan = join(files.folder, 'again.hep');
  const { exitCode, stderr } = await spawnCli(['compile', files.model, '-o', plan, '--calibrate', files.samples]);
  expect(exitCode).toBe(0);
  // How far all of it is stands between where it takes its time.
  const lines = stderr.split('\n').filter((line) => !/^\d\d% done/.test(line));
  expect(lines.join('\n')).toMatch(
    /^reading the model\noptimising the network\n(?:(?:choosing layouts for|weighing a plan at|predicting the error at) N = \d+\n)+building the plan\n$/,
  );
});

test('a mistake ends with exit code 1 and a diagnostic, nothing more', async () => {
  const { exitCode, stdout, stderr } = await spawnCli(['inspect', join(files.folder, 'missing.hep')]);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr.split('\n')).toHaveLength(3);
});

test('a bad command line ends with exit code 2', async () => {
  const { exitCode, stdout, stderr } = await spawnCli(['inspct']);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toContain('Did you mean inspect?');
});

const signals = ['SIGINT', 'SIGTERM'] as const;

test.each(isNightly ? signals : signals.slice(0, 1))(
  '%s aborts an evaluation and leaves nothing behind',
  async (signal) => {
    const output = join(files.folder, 'y.npy');
    // The plan is small, so it takes many runs for an evaluation that lasts.
    const many = join(files.folder, 'many.npy');
    writeFileSync(many, sampleFile(5000));
    const before = readdirSync(files.folder);
    let sent = 0;
    const { exitCode, stdout, stderr } = await spawnCli(['run', files.plan, '--input', many, '--output', output], {
      onStderr: (text, child) => {
        if (sent > 0 || !text.includes('evaluating')) return;
        sent = performance.now();
        child.kill(signal);
      },
    });
    expect(sent).toBeGreaterThan(0);
    expect(performance.now() - sent).toBeLessThan(10_000);
    expect({ exitCode, stdout }).toEqual({ exitCode: signal === 'SIGINT' ? 130 : 143, stdout: '' });
    expect(stderr).not.toMatch(/error|\n {4}at /i);
    expect(existsSync(output)).toBe(false);
    expect(readdirSync(files.folder)).toEqual(before);
  },
);

test('a reader that stops early is no failure', async () => {
  const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');
  const args = ['--disable-warning=ExperimentalWarning', entry, 'inspect', files.plan, '--level', 'plan'];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  child.stdout.destroy();
  const [exitCode] = (await once(child, 'close')) as [number | null];
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
});
