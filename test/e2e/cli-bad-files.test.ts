/** Bad files of every kind: refused with exit code 1 and a diagnostic that names the file, before anything is written. */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeNpy } from '../../runtime/format/npy.ts';
import { readZip, writeZip } from '../../runtime/format/zip.ts';
import { compileSmallModel, runCli, sampleFile, type SmallModel, temporaryFolder } from '../support/cli.ts';

let files: SmallModel;
beforeAll(async () => {
  files = await compileSmallModel(1);
});
afterAll(() => {
  rmSync(files.folder, { recursive: true });
});

/** Runs a command that has to fail with diagnostics, and gives them. */
async function refused(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(...args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: '' });
  expect(stderr).toMatch(/^error\[H\d{3}\]/);
  expect(stderr).not.toMatch(/\n {4}at |node_modules/);
  return stderr;
}

function place(name: string, content: Uint8Array | string): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

describe('models', () => {
  const compile = async (model: string): Promise<string> => {
    const plan = join(temporaryFolder(), 'p.hep');
    const error = await refused('compile', model, '-o', plan, '--calibrate', files.samples, '-q');
    expect(existsSync(plan)).toBe(false);
    return error;
  };

  test('that are cut short', async () => {
    const whole = readFileSync(files.model);
    const path = place('m.onnx', whole.subarray(0, whole.length - 20));
    expect(await compile(path)).toContain(path);
  });

  test('that are no ONNX', async () => {
    for (const content of ['', 'a text', sampleFile(1)]) {
      const path = place('m.onnx', content);
      expect(await compile(path)).toContain(path);
    }
  });

  test('that do not exist, or are a folder', async () => {
    const folder = temporaryFolder();
    expect(await compile(join(folder, 'm.onnx'))).toContain('it does not exist');
    expect(await compile(folder)).toContain('it is a folder');
  });
});

describe('samples', () => {
  const encode = (shape: number[], data: Float64Array) => writeNpy({ dtype: 'f8', shape, data });

  test.each([
    ['wrong shape', encode([2, 15], new Float64Array(30)), 'H407'],
    ['not finite', encode([1, 16], new Float64Array(16).fill(NaN)), 'H410'],
    ['none', encode([0, 16], new Float64Array(0)), 'H412'],
    ['cut short', sampleFile(2).subarray(0, 200), 'H405'],
    ['no samples at all', new TextEncoder().encode('a letter'), 'H401'],
    ['a table of others', new TextEncoder().encode('x,y\n1,2\n'), 'H415'],
    ['beyond the range of the plan', sampleFile(1, { scale: 1000 }), 'H510'],
  ])('%s', async (_, content, code) => {
    const path = place('x.npy', content);
    const error = await refused('run', files.plan, '--input', path, '--engine', 'clear', '-q');
    expect(error).toContain(`error[${code}]`);
    if (code !== 'H510') {
      expect(error).toContain(path);
      expect(
        await refused('compile', files.model, '-o', join(temporaryFolder(), 'p'), '--calibrate', path, '-q'),
      ).toContain(code);
    }
  });
});

describe('plans', () => {
  const edited = (edit: (entries: Map<string, Uint8Array>) => void): Uint8Array => {
    const limits = { maxEntries: 1000, maxTotalBytes: 2 ** 30, allowDeflate: false };
    const entries = new Map(readZip(readFileSync(files.plan), limits));
    edit(entries);
    return writeZip(Array.from(entries, ([name, bytes]) => ({ name, bytes })));
  };
  const editManifest = (edit: (text: string) => string) =>
    edited((entries) => {
      const text = new TextDecoder().decode(entries.get('manifest.json'));
      expect(edit(text)).not.toBe(text);
      entries.set('manifest.json', new TextEncoder().encode(edit(text)));
    });

  test.each([
    ['cut short', () => readFileSync(files.plan).subarray(0, 2000), 'H501'],
    ['of another kind', () => readFileSync(files.model), 'H509'],
    ['of a newer version', () => editManifest((text) => text.replace(/"version": \d+/, '"version": 1000000')), 'H502'],
    ['with an edited manifest', () => editManifest((text) => text.replace('"batch": 1', '"batch": 0')), 'H503'],
    [
      'with an altered weight',
      () =>
        edited((entries) => {
          const weights = Uint8Array.from(entries.get('weights/0.npy') ?? []);
          weights[weights.length - 1] = (weights.at(-1) ?? 0) ^ 1;
          entries.set('weights/0.npy', weights);
        }),
      'H504',
    ],
    [
      'with a digest that is wrong',
      () =>
        editManifest((text) =>
          text.replace(/"sha256": "./, (start) =>
            start.endsWith('0') ? `${start.slice(0, -1)}1` : `${start.slice(0, -1)}0`,
          ),
        ),
      'H504',
    ],
    ['without a part', () => edited((entries) => entries.delete('program/op.npy')), 'H504'],
  ])('%s', async (_, content, code) => {
    const path = place('p.hep', content());
    for (const args of [
      ['inspect', path],
      ['run', path, '--input', files.samples, '-q'],
    ]) {
      const error = await refused(...args);
      expect(error).toContain(`error[${code}] ${path}`);
    }
  });
});

describe('outputs that cannot be written are found before the work', () => {
  test.each([
    ['a missing folder', 'missing/p.hep', 'does not exist'],
    ['a folder', 'folder', 'it is a folder'],
    ['below a file', 'file/p.hep', 'is a file, not a folder'],
  ])('%s', async (_, name, reason) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'folder'));
    writeFileSync(join(folder, 'file'), '');
    const output = join(folder, name);
    // The inputs do not exist either, so whatever is complained about came first.
    const nowhere = join(folder, 'nowhere');
    for (const args of [
      ['compile', nowhere, '-o', output],
      ['run', nowhere, '--input', nowhere, '--output', output],
      ['client-part', nowhere, '-o', output],
      ['encrypt', nowhere, '--keys', nowhere, '--input', nowhere, '-o', output],
      ['eval', nowhere, '--keys', nowhere, '--input', nowhere, '-o', output],
      ['decrypt', nowhere, '--keys', nowhere, '--input', nowhere, '-o', output],
      ['bind', nowhere, '--public-key', nowhere, '-o', output],
      ['opt', '--pass', 'dead-nodes', nowhere, '-o', output],
    ]) {
      const error = await refused(...args);
      expect(error).toContain(`error[H720] ${output}`);
      expect(error).toContain(reason);
    }
  });

  test('keys below a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    for (const output of ['file', 'file/keys'])
      expect(await refused('keygen', files.plan, '-o', join(folder, output))).toContain('error[H720]');
  });

  test('dumps below a file', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const dumps = join(folder, 'file', 'dumps');
    const error = await refused('compile', files.model, '-o', join(folder, 'p.hep'), '--dump-ir', dumps, '-q');
    expect(error).toContain(`error[H720] ${dumps}`);
    expect(existsSync(join(folder, 'p.hep'))).toBe(false);
  });
});

describe('outputs', () => {
  test('over an input', async () => {
    const plan = place('same.hep', readFileSync(files.plan));
    expect(await refused('client-part', plan, '-o', plan)).toContain('it is an input of this command');
    expect(readFileSync(plan)).toEqual(readFileSync(files.plan));
  });
});
