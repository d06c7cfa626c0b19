/** Client and server with files between them, and what happens when the files are mixed up. */
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readNpy } from '../../runtime/format/npy.ts';
import { compileSmallModel, fail, type SmallModel, succeed, temporaryFolder } from '../support/cli.ts';

let files: SmallModel;
let at: (name: string) => string;

beforeAll(async () => {
  files = await compileSmallModel(1);
  at = (name) => join(files.folder, name);
  await succeed('client-part', files.plan, '-o', at('client.hep'));
  await succeed('keygen', at('client.hep'), '-o', at('keys'));
  await succeed(
    'encrypt',
    at('client.hep'),
    '--keys',
    at('keys'),
    '--input',
    files.samples,
    '--limit',
    '2',
    '-o',
    at('in.ct'),
  );
  await succeed('eval', files.plan, '--keys', at('keys/eval.keys'), '--input', at('in.ct'), '-o', at('out.ct'), '-q');
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

test('the answers are those of a run in the clear', async () => {
  await succeed('decrypt', at('client.hep'), '--keys', at('keys'), '--input', at('out.ct'), '-o', at('y.npy'));
  await succeed(
    'run',
    files.plan,
    '--input',
    files.samples,
    '--limit',
    '2',
    '--engine',
    'clear',
    '-q',
    '--output',
    at('z.npy'),
  );
  const [y, z] = ['y.npy', 'z.npy'].map((name) => readNpy(readFileSync(at(name))));
  expect(y?.shape).toEqual([2, 4]);
  const expected = Array.from(z?.data ?? [], Number);
  Array.from(y?.data ?? [], Number).forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(0.02);
  });
});

test('only the owner can read the secret key', () => {
  expect(statSync(at('keys/secret.key')).mode & 0o777).toBe(0o600);
  expect(statSync(at('keys')).mode & 0o777).toBe(0o700);
});

test('the client part is small and has no program', async () => {
  expect(statSync(at('client.hep')).size).toBeLessThan(statSync(files.plan).size / 2);
  expect(await fail('inspect', at('client.hep'))).toContain('error[H507]');
});

test('keys are not overwritten unless that is asked for', async () => {
  const folder = join(temporaryFolder(), 'keys');
  await succeed('keygen', files.plan, '-o', folder);
  const before = readFileSync(join(folder, 'secret.key'));
  expect(await fail('keygen', files.plan, '-o', folder)).toContain('error[H721]');
  expect(readFileSync(join(folder, 'secret.key')).equals(before)).toBe(true);
  await succeed('keygen', files.plan, '-o', folder, '--force');
  expect(readFileSync(join(folder, 'secret.key')).equals(before)).toBe(false);
});

describe('encrypted weights', () => {
  test('are bound to one client, and then only that client gets answers', async () => {
    const folder = temporaryFolder();
    const inFolder = (name: string) => join(folder, name);
    const [plan, bound, keys] = [inFolder('p.hep'), inFolder('bound.hep'), inFolder('keys')];
    const [input, output] = [inFolder('in.ct'), inFolder('out.ct')];
    await succeed('compile', files.model, '-o', plan, '--calibrate', files.samples, '--weights', 'encrypted', '-q');
    await succeed('keygen', plan, '-o', keys);
    await succeed('bind', plan, '--public-key', join(keys, 'public.key'), '-o', bound, '-q');
    await succeed('encrypt', plan, '--keys', keys, '--input', files.samples, '--limit', '2', '-o', input);
    const evaluate = ['--keys', join(keys, 'eval.keys'), '--input', input, '-o', output, '-q'];
    expect(await fail('eval', plan, ...evaluate)).toContain('error[H630]');
    await succeed('eval', bound, ...evaluate);
    const answer = readFileSync(output);
    await succeed('eval', bound, ...evaluate, '--weight-memory', '1KiB', '--threads', '2');
    expect(Buffer.compare(readFileSync(output), answer)).toBe(0);
    expect(await succeed('decrypt', plan, '--keys', keys, '--input', output, '-o', join(folder, 'y.npy'))).toContain(
      'sample 1, y [4]',
    );

    const temporary = (): string[] => readdirSync(tmpdir()).filter((name) => /^hepc-.*\.tmp$/.test(name));
    const before = temporary();
    const few = ['--input', files.samples, '--limit', '2'];
    expect(await succeed('run', plan, ...few, '--weight-memory', '1KiB', '-q')).toContain('sample 1');
    expect(temporary().filter((name) => !before.includes(name))).toEqual([]);

    expect(await fail('run', bound, '--input', files.samples, '-q')).toContain('error[H731]');
    expect(await fail('run', bound, '--input', files.samples, '--engine', 'clear', '-q')).toContain('error[H731]');
    expect(await fail('bind', bound, '--public-key', join(keys, 'public.key'), '-o', join(folder, 'b'))).toContain(
      'error[H731]',
    );
    expect(await fail('inspect', bound, '--level', 'tensor')).toContain('error[H742]');
    await succeed('keygen', plan, '-o', join(folder, 'others'));
    const others = ['--keys', join(folder, 'others', 'eval.keys'), '--input', input, '-o', output, '-q'];
    expect(await fail('eval', bound, ...others)).toContain(`error[H606] ${join(folder, 'others', 'eval.keys')}`);
  });

  test('a plan with plain weights cannot be bound', async () => {
    const error = await fail('bind', files.plan, '--public-key', at('keys/public.key'), '-o', at('bound.hep'));
    expect(error).toContain('error[H732]');
    expect(existsSync(at('bound.hep'))).toBe(false);
  });
});

describe('files that do not belong together are refused, with the name of the file', () => {
  let other: string;
  beforeAll(async () => {
    other = at('other-keys');
    await succeed('keygen', files.plan, '-o', other);
  });

  test('keys of another client', async () => {
    const evaluate = [
      'eval',
      files.plan,
      '--keys',
      join(other, 'eval.keys'),
      '--input',
      at('in.ct'),
      '-o',
      at('no.ct'),
      '-q',
    ];
    expect(await fail(...evaluate)).toContain(`error[H606] ${at('in.ct')}`);
    const decrypt = ['decrypt', files.plan, '--keys', other, '--input', at('out.ct'), '-o', at('no.npy')];
    expect(await fail(...decrypt)).toContain(`error[H606] ${at('out.ct')}`);
    expect([existsSync(at('no.ct')), existsSync(at('no.npy'))]).toEqual([false, false]);
  });

  test('keys of other parameters', async () => {
    const two = await compileSmallModel(2);
    try {
      const encrypt = ['encrypt', two.plan, '--keys', at('keys'), '--input', files.samples, '-o', at('no.ct')];
      expect(await fail(...encrypt)).toContain(`error[H605] ${at('keys/secret.key')}`);
      const evaluate = [
        'eval',
        two.plan,
        '--keys',
        at('keys/eval.keys'),
        '--input',
        at('in.ct'),
        '-o',
        at('no.ct'),
        '-q',
      ];
      expect(await fail(...evaluate)).toContain(`error[H605] ${at('keys/eval.keys')}`);
    } finally {
      rmSync(two.folder, { recursive: true });
    }
  });

  test('the secret key in place of the evaluation keys', async () => {
    const error = await fail(
      'eval',
      files.plan,
      '--keys',
      at('keys/secret.key'),
      '--input',
      at('in.ct'),
      '-o',
      at('no.ct'),
      '-q',
    );
    expect(error).toContain(`error[H603] ${at('keys/secret.key')}`);
    expect(error).toContain('Never give the secret key to a server');
  });

  test('a plan in place of ciphertexts', async () => {
    const error = await fail('decrypt', files.plan, '--keys', at('keys'), '--input', files.plan, '-o', at('no.npy'));
    expect(error).toContain(`error[H601] ${files.plan}`);
  });

  test('a damaged file of ciphertexts', async () => {
    const bytes = readFileSync(at('in.ct'));
    const middle = bytes.length >> 1;
    bytes[middle] = (bytes[middle] ?? 0) ^ 1;
    writeFileSync(at('bad.ct'), bytes);
    const error = await fail(
      'eval',
      files.plan,
      '--keys',
      at('keys/eval.keys'),
      '--input',
      at('bad.ct'),
      '-o',
      at('no.ct'),
      '-q',
    );
    expect(error).toContain(`error[H604] ${at('bad.ct')}`);
  });
});
