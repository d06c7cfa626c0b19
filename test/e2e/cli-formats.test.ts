/** Answers in every format, samples in every format, and `-` for the standard streams. */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { commands } from '../../cli/commands/registry.ts';
import { optionsOf } from '../../cli/parsing/command.ts';
import { readNpy } from '../../runtime/format/npy.ts';
import { npzLimits, readNpz } from '../../runtime/format/npz.ts';
import { listSamples, loadSamples } from '../../runtime/samples.ts';
import { compileSmallModel, runCli, type SmallModel, succeed, temporaryFolder } from '../support/cli.ts';

let files: SmallModel;
let at: (name: string) => string;

const keysOf = () => ['--keys', at('keys')];

beforeAll(async () => {
  files = await compileSmallModel(1);
  at = (name) => join(files.folder, name);
  await succeed('client-part', files.plan, '-o', at('client.hep'));
  await succeed('keygen', at('client.hep'), '-o', at('keys'), '-q');
  await succeed('encrypt', at('client.hep'), ...keysOf(), '--input', files.samples, '-o', at('in.ct'), '-q');
  await succeed('eval', files.plan, ...keysOf(), '--input', at('in.ct'), '-o', at('out.ct'), '-q');
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

const decrypt = () => ['decrypt', at('client.hep'), ...keysOf(), '--input', at('out.ct'), '-q'];

describe('answers', () => {
  test('are what the ending of the name says, by decrypt and by run', async () => {
    const clear = ['run', files.plan, '--input', files.samples, '--engine', 'clear', '-q'];
    for (const command of [decrypt(), clear]) {
      const folder = temporaryFolder();
      for (const name of ['y.npy', 'y.npz', 'y.csv', 'y.json', 'y'])
        await succeed(...command, '-o', join(folder, name));
      const read = (name: string): Buffer => readFileSync(join(folder, name));
      const expected = Array.from(readNpy(read('y.npy')).data, Number);
      expect(expected).toHaveLength(32);
      expect(read('y').equals(read('y.npy'))).toBe(true);
      expect(Array.from(readNpz(read('y.npz'), npzLimits).get('y')?.data ?? [], Number)).toEqual(expected);
      const { y } = JSON.parse(read('y.json').toString()) as { readonly y: readonly number[][] };
      expect(y.flat()).toEqual(expected);
      const [header, ...lines] = read('y.csv').toString().trimEnd().split('\r\n');
      expect(header).toBe('y[0],y[1],y[2],y[3]');
      expect(lines.flatMap((line) => line.split(',').map(Number))).toEqual(expected);
    }
  });

  test('in an unknown ending are refused before the work', async () => {
    for (const name of ['y.txt', 'y.xlsx']) {
      const { exitCode, stdout, stderr } = await runCli(...decrypt(), '-o', join(temporaryFolder(), name));
      expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
      expect(stderr).toContain('error[H723]');
      expect(stderr).toContain('End the name with .npy (one output), .npz, .json or .csv.');
    }
  });

  test('are printed where no file is named, and with one only the first', async () => {
    expect((await succeed(...decrypt())).split('\n')).toHaveLength(9);
    const { samples, outputs } = JSON.parse(await succeed(...decrypt(), '--json')) as {
      readonly samples: number;
      readonly outputs: { readonly y: readonly number[][] };
    };
    expect({ samples, shape: outputs.y.map((row) => row.length) }).toEqual({ samples: 8, shape: Array(8).fill(4) });
  });
});

test('labels are counted by run, whatever is read and written', async () => {
  const clear = ['run', files.plan, '--input', files.samples, '--engine', 'clear', '-q'];
  const { outputs } = JSON.parse(await succeed(...clear, '--json')) as { readonly outputs: { readonly y: number[][] } };
  const largest = outputs.y.map((row) => row.indexOf(Math.max(...row)));
  // Two of eight are wrong, and the last of them is the fifth.
  const labels = largest.map((label, k) => (k === 1 || k === 4 ? (label + 1) % 4 : label));
  writeFileSync(at('labels.csv'), `${labels.join('\n')}\n`);
  const labelled = [...clear, '--labels', at('labels.csv')];
  expect(await succeed(...labelled)).toMatch(/\nright labels: 75% of 8 samples\n$/);
  expect(await succeed(...labelled, '--limit', '4')).toMatch(/\nright labels: 75% of 4 samples\n$/);
  expect(await succeed(...labelled, '--limit', '1', '-o', at('one.csv'))).toBe('right labels: 100% of 1 sample\n');
  const report: unknown = JSON.parse(await succeed(...labelled, '--json', '-o', at('all.csv')));
  expect(report).toMatchObject({ rightLabels: { plan: 0.75 }, samples: 8, file: at('all.csv'), format: 'csv' });
  expect(report).not.toHaveProperty('outputs');
  const short = await runCli(...clear, '--labels', at('one.csv'));
  expect([short.exitCode, short.stderr]).toEqual([1, expect.stringContaining('H4')]);
});

test('samples in a table are those of an array', async () => {
  const [samples] = [loadSamples(readFileSync(files.samples), 'x', [{ name: 'x', shape: [16], hasBatchAxis: true }])];
  const rows = listSamples(samples).map((sample) => [...(sample.get('x') ?? [])].join(','));
  writeFileSync(at('x.csv'), `${rows.join('\n')}\n`);
  const clear = ['run', files.plan, '--engine', 'clear', '-q', '--input'];
  expect(await succeed(...clear, at('x.csv'))).toBe(await succeed(...clear, files.samples));
  await succeed('encrypt', at('client.hep'), ...keysOf(), '--input', at('x.csv'), '-o', at('csv.ct'), '-q');
});

const entry = join(import.meta.dirname, '..', '..', 'cli', 'main.ts');

/** Of a process that reads `input` from its standard input. */
function piped(
  args: readonly string[],
  input: Uint8Array,
): Promise<{ exitCode: number | null; stdout: Buffer; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args]);
    const pieces: Buffer[] = [];
    let stderr = '';
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.once('close', (exitCode) => {
      resolve({ exitCode, stdout: Buffer.concat(pieces), stderr });
    });
    child.stdin.end(input);
  });
}

describe('-', () => {
  test('is the standard input and output', async () => {
    const evaluated = await piped(
      ['eval', files.plan, ...keysOf(), '--input', '-', '-o', '-', '-q'],
      readFileSync(at('in.ct')),
    );
    expect(evaluated.exitCode).toBe(0);
    // What else there is to say goes to the standard error.
    expect(evaluated.stderr).toMatch(/^-: .* evaluated in /);
    const decrypted = await piped(
      [...decrypt().map((arg) => (arg === at('out.ct') ? '-' : arg)), '--json'],
      evaluated.stdout,
    );
    const { outputs } = JSON.parse(decrypted.stdout.toString()) as { readonly outputs: { readonly y: number[][] } };
    const { outputs: direct } = JSON.parse(await succeed(...decrypt(), '--json')) as typeof decrypted & {
      readonly outputs: { readonly y: number[][] };
    };
    outputs.y.flat().forEach((value, i) => expect(value).toBeCloseTo(direct.y.flat()[i] ?? NaN, 2));
  });

  test('is a plan, whose client part goes on', async () => {
    const { exitCode, stdout } = await piped(['client-part', '-', '-o', '-'], readFileSync(files.plan));
    expect(exitCode).toBe(0);
    expect(stdout.equals(readFileSync(at('client.hep')))).toBe(true);
  });

  test('is one argument, and no folder of keys', async () => {
    const twice = await piped(['eval', '-', ...keysOf(), '--input', '-', '-o', at('never')], readFileSync(files.plan));
    expect(twice).toMatchObject({ exitCode: 1 });
    expect(twice.stderr).toContain('the standard input: cannot read the file: another argument is - as well');
    expect((await runCli('keygen', files.plan, '-o', '-')).stderr).toContain('keys are several files');
  });
});

test('every command has --json and --quiet', async () => {
  for (const entry of commands) {
    const names = optionsOf(await entry.load()).map(({ name }) => name);
    expect(names, entry.name).toEqual(expect.arrayContaining(['--json', '--quiet']));
  }
});

test('--json is JSON', async () => {
  const folder = temporaryFolder();
  const encrypt = ['encrypt', at('client.hep'), ...keysOf(), '--input', files.samples, '-o', join(folder, 'in.ct')];
  const run = async (...args: string[]): Promise<unknown> => JSON.parse(await succeed(...args, '--json'));
  expect(await run('client-part', files.plan, '-o', join(folder, 'c.hep'))).toEqual({
    file: join(folder, 'c.hep'),
    bytes: readFileSync(at('client.hep')).length,
  });
  expect(await run('keygen', files.plan, '-o', join(folder, 'keys'), '-q')).toMatchObject({
    folder: join(folder, 'keys'),
    sets: [{ folder: join(folder, 'keys'), plans: [files.plan] }],
  });
  expect(await run(...encrypt, '-q')).toMatchObject({ samples: 8 });
  expect(await run(...decrypt(), '-o', join(folder, 'y.csv'))).toEqual({
    samples: 8,
    file: join(folder, 'y.csv'),
    format: 'csv',
  });
  expect(
    await run('eval', files.plan, ...keysOf(), '--input', at('in.ct'), '-o', join(folder, 'o.ct'), '-q'),
  ).toMatchObject({
    engine: 'simd',
  });
  const compile = ['compile', files.model, '-o', join(folder, 'p.hep'), '--calibrate', files.samples, '-q'];
  expect(await run(...compile)).toMatchObject({
    file: join(folder, 'p.hep'),
    batch: 1,
    parameters: { polyModulusDegree: 4096 },
  });
  expect(await run('explain', 'H332')).toMatchObject({ code: 'H332', severity: 'error' });
  expect(await run('explain')).toContainEqual(expect.objectContaining({ code: 'H332' }));
  expect(await run('passes')).toContainEqual(expect.objectContaining({ name: 'merge-linear', level: 'tensor' }));
  expect(await run('passes', 'fold-rotations')).toMatchObject({ name: 'fold-rotations' });
});
