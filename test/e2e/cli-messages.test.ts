/** What is said of mistakes that people make: mostly a file in the place of another one. Keys of several plans at night. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeNpy } from '../../runtime/format/npy.ts';
import { compileSmallModel, runCli, sampleFile, type SmallModel, succeed, temporaryFolder } from '../support/cli.ts';
import { isNightly } from '../support/setup/suite.ts';

let files: SmallModel;
let other: SmallModel;
let at: (name: string) => string;

beforeAll(async () => {
  files = await compileSmallModel(1);
  other = await compileSmallModel(2);
  at = (name) => join(files.folder, name);
  await succeed('client-part', files.plan, '-o', at('client.hep'));
  await succeed('keygen', at('client.hep'), '-o', at('keys'));
  await succeed('keygen', at('client.hep'), '-o', at('others'));
  const encrypt = ['encrypt', at('client.hep'), '--input', files.samples];
  await succeed(...encrypt, '--keys', at('keys'), '-o', at('in.ct'));
  await succeed(...encrypt, '--keys', at('others'), '-o', at('others.ct'));
  writeFileSync(at('page.html'), '<!DOCTYPE html><html></html>');
  writeFileSync(at('empty'), '');
});
afterAll(() => {
  for (const { folder } of [files, other]) rmSync(folder, { recursive: true });
});

const to = () => join(temporaryFolder(), 'out');

describe('a file in the place of another is named for what it is', () => {
  test.each<[string, () => string[], string]>([
    [
      'ciphertexts as a plan',
      () => ['inspect', at('in.ct')],
      'expected a plan (.hep), but the file is encrypted inputs',
    ],
    ['a secret key as a plan', () => ['inspect', at('keys/secret.key')], 'but the file is a secret key'],
    ['a model as a plan', () => ['inspect', files.model], 'but the file is an ONNX model'],
    ['samples as a plan', () => ['inspect', files.samples], 'but the file is a numpy array (.npy)'],
    ['a page as a plan', () => ['inspect', at('page.html')], 'but the file is a page in HTML'],
    ['nothing as a plan', () => ['inspect', at('empty')], 'but the file is empty'],
    ['a folder as a plan', () => ['inspect', at('keys')], 'it is a folder; expected a plan'],
    [
      'a plan as ciphertexts',
      () => ['eval', files.plan, '--keys', at('keys'), '--input', files.plan, '-o', to(), '-q'],
      'expected encrypted inputs, but the file is a ZIP archive, as plans',
    ],
    [
      'plan and ciphertexts the other way round',
      () => ['eval', at('in.ct'), '--keys', at('keys'), '--input', files.plan, '-o', to(), '-q'],
      'expected a plan (.hep), but the file is encrypted inputs',
    ],
    [
      'samples as keys',
      () => ['eval', files.plan, '--keys', files.samples, '--input', at('in.ct'), '-o', to(), '-q'],
      'expected evaluation keys, but the file is a numpy array',
    ],
    ['a plan as a model', () => ['compile', files.plan, '-o', to(), '-q'], 'the file is a ZIP archive, as plans'],
    ['samples as a model', () => ['compile', files.samples, '-o', to(), '-q'], 'the file is a numpy array (.npy)'],
    [
      'a model as samples',
      () => ['run', files.plan, '--input', files.model, '-q'],
      'the file is an ONNX model, neither',
    ],
    ['ciphertexts as samples', () => ['run', files.plan, '--input', at('in.ct'), '-q'], 'the file is encrypted inputs'],
    [
      'a folder as samples',
      () => ['run', files.plan, '--input', at('keys'), '-q'],
      'it is a folder; expected a file of',
    ],
  ])('%s', async (_, args, message) => {
    const { exitCode, stdout, stderr } = await runCli(...args());
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('keys', () => {
  test('are taken from their folder, or as the file', async () => {
    const evaluate = ['eval', files.plan, '--input', at('in.ct'), '-q', '-o'];
    await succeed(...evaluate, at('a.ct'), '--keys', at('keys'));
    await succeed(...evaluate, at('b.ct'), '--keys', at('keys/eval.keys'));
    for (const keys of [at('keys'), at('keys/secret.key')]) {
      await succeed('encrypt', at('client.hep'), '--keys', keys, '--input', files.samples, '-o', to());
      await succeed('decrypt', at('client.hep'), '--keys', keys, '--input', at('a.ct'), '-o', to());
    }
  });

  if (isNightly)
    test('of several plans are in one folder, each set for the plans that it fits', async () => {
      const report = JSON.parse(
        await succeed('keygen', files.plan, other.plan, at('client.hep'), '-o', at('both'), '-q', '--json'),
      ) as {
        readonly sets: readonly { readonly folder: string; readonly plans: readonly string[] }[];
      };
      expect(report.sets.map(({ plans }) => plans)).toEqual([[files.plan, at('client.hep')], [other.plan]]);
      for (const { folder } of report.sets)
        expect(readdirSync(folder).sort()).toEqual(['eval.keys', 'public.key', 'secret.key']);
      for (const { plan, samples } of [files, other]) {
        const [input, output] = [to(), to()];
        await succeed('encrypt', plan, '--keys', at('both'), '--input', samples, '--limit', '1', '-o', input, '-q');
        await succeed('eval', plan, '--keys', at('both'), '--input', input, '-o', output, '-q');
        expect(await succeed('decrypt', plan, '--keys', at('both'), '--input', output, '-q')).toMatch(
          /^sample 0, y \[4\]: /,
        );
      }
      expect((await runCli('keygen', files.plan, other.plan, '-o', at('both'), '-q')).stderr).toContain('error[H721]');
    });

  if (isNightly)
    test('of another plan are added to a folder, where each plan finds its own', async () => {
      const keys = at('later');
      await succeed('keygen', files.plan, '-o', keys, '-q');
      const first = readFileSync(join(keys, 'secret.key'));
      const missing = await runCli('encrypt', other.plan, '--keys', keys, '--input', other.samples, '-o', to(), '-q');
      expect(missing.stderr).toMatch(/error\[H605\][^]*`hepc keygen` adds them to a folder/);
      const both = await succeed('keygen', files.plan, other.plan, '-o', keys, '-q');
      expect(both).toContain(`${keys}, for ${files.plan}: there already\n`);
      expect(both).toMatch(/later\/keys-[0-9a-f]{16}, for [^\n]*\n +secret\.key/);
      expect(readFileSync(join(keys, 'secret.key')).equals(first)).toBe(true);
      for (const { plan, samples } of [files, other]) {
        const [input, output] = [to(), to()];
        await succeed('encrypt', plan, '--keys', keys, '--input', samples, '--limit', '1', '-o', input, '-q');
        await succeed('eval', plan, '--keys', keys, '--input', input, '-o', output, '-q');
        expect(await succeed('decrypt', plan, '--keys', keys, '--input', output, '-q')).toContain('sample 0, y [4]: ');
      }
      for (const plans of [[files.plan], [other.plan], [files.plan, other.plan]])
        expect((await runCli('keygen', ...plans, '-o', keys, '-q')).stderr).toContain('error[H721]');
    });

  test('of no set that fits are said to be missing, with what makes them', async () => {
    const keys = at('several sets');
    mkdirSync(join(keys, 'keys-0123456789abcdef'), { recursive: true });
    const { exitCode, stderr } = await runCli('encrypt', files.plan, '--keys', keys, '--input', '-', '-o', to(), '-q');
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error\[H724\].*the folder has no secret\.key for N = \d+, \d+ primes and \d+ rotation steps, which would be in keys-[0-9a-f]{16}; it has keys-0123456789abcdef, for other/,
    );
    expect(stderr).toContain(`The client makes these keys by \`hepc keygen ${files.plan} -o "${keys}"\`.`);
    await succeed('keygen', files.plan, '-o', keys, '-q');
    await succeed('encrypt', files.plan, '--keys', keys, '--input', files.samples, '-o', to(), '-q');
    expect(readdirSync(keys)).toHaveLength(2);
  });

  test('of others are told in whole sentences', async () => {
    const foreign = await runCli(
      'eval',
      files.plan,
      '--keys',
      at('keys'),
      '--input',
      at('others.ct'),
      '-o',
      to(),
      '-q',
    );
    expect(foreign.stderr).toMatch(/: the encrypted inputs belong to key [0-9a-f]{16}…, but the key in use is/);
    const args = ['--keys', at('keys'), '--input', at('in.ct'), '-o', to(), '-q'];
    const keys = await runCli('eval', other.plan, ...args);
    expect(keys.stderr).toContain(': the evaluation keys were made for other encryption parameters or rotation steps');
    const secret = await runCli('encrypt', other.plan, '--keys', at('keys'), '--input', files.samples, '-o', to());
    expect(secret.stderr).toContain(': the secret key was made for other encryption parameters');
  });
});

describe('samples', () => {
  const shaped = (shape: number[]): string => {
    const path = join(temporaryFolder(), 'x.npy');
    const size = shape.reduce((product, extent) => product * extent, 1);
    writeFileSync(path, writeNpy({ dtype: 'f8', shape, data: new Float64Array(size) }));
    return path;
  };
  const refusal = async (path: string): Promise<string> =>
    (await runCli('run', files.plan, '--input', path, '--engine', 'clear', '-q')).stderr;

  test('whose axes are merged or split get the shape that fits', async () => {
    expect(await refusal(shaped([3, 4, 4]))).toContain('It has as many elements as [3, 16]: reshape it to that');
    expect(await refusal(shaped([2, 1, 16]))).toContain(
      'Only dimensions of size 1 differ: reshape the array to [2, 16].',
    );
  });

  test('without elements are no matter of shape', async () => {
    const message = await refusal(shaped([0, 4, 4]));
    expect(message).toContain('The array has no elements: it holds no sample.');
    expect(message).not.toContain('reshape');
  });

  test('beyond the range are told in as many digits as tell', async () => {
    const path = join(temporaryFolder(), 'x.npy');
    writeFileSync(path, sampleFile(1, { scale: 1000 }));
    expect(await refusal(path)).toMatch(
      /element \d+ of sample 0 is \d+(\.\d)?, the plan was compiled for ±\d(\.\d{1,3})?;/,
    );
  });
});

test('what stood in the place of an output is mentioned', async () => {
  const path = to();
  expect(await succeed('client-part', files.plan, '-o', path)).toMatch(/: \d+(\.\d)? KiB\n$/);
  expect(await succeed('client-part', files.plan, '-o', path)).toMatch(/ KiB, in place of the file that was there\n$/);
});
