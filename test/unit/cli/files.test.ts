import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readInputFile } from '../../../cli/files/input-file.ts';
import { openModel } from '../../../cli/files/model-file.ts';
import { OutputFile } from '../../../cli/files/output-file.ts';
import { forgetPlaces } from '../../../cli/files/places.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { temporaryFolder } from '../../support/cli.ts';

const isRoot = process.getuid?.() === 0;

// Files of other tests are gone, and their numbers are given out again.
beforeEach(forgetPlaces);

describe('outputs', () => {
  test('replace what was there in one step and leave nothing else', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out');
    writeFileSync(path, 'before');
    const output = new OutputFile(path);
    expect(readFileSync(path, 'utf8')).toBe('before');
    output.write(Uint8Array.of(97, 98));
    expect(readFileSync(path, 'utf8')).toBe('ab');
    expect(readdirSync(folder)).toEqual(['out']);
  });

  test('written in parts take their place once all parts are there', async () => {
    const folder = temporaryFolder();
    const path = join(folder, 'out');
    writeFileSync(path, 'before');
    const output = new OutputFile(path);
    const parts = await output.writeInParts(async (append) => {
      await append(Uint8Array.of(97));
      expect(readFileSync(path, 'utf8')).toBe('before');
      await append(Uint8Array.of(98, 99));
      return 2;
    });
    expect(parts).toBe(2);
    expect(readFileSync(path, 'utf8')).toBe('abc');
    const failing = output.writeInParts(async (append) => {
      await append(Uint8Array.of(100));
      throw new Error('enough');
    });
    await expect(failing).rejects.toThrow('enough');
    expect(readFileSync(path, 'utf8')).toBe('abc');
    expect(readdirSync(folder)).toEqual(['out']);
    await new OutputFile('/dev/null').writeInParts((append) => append(Uint8Array.of(1)));
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.skipIf(!existsSync('/dev/full'))('written in parts to a full disk are refused', async () => {
    const output = new OutputFile('/dev/full');
    await expect(output.writeInParts((append) => append(new Uint8Array(10)))).rejects.toThrow(/H720.*no space/);
  });

  test('have the mode that they are given from the start', () => {
    const path = join(temporaryFolder(), 'secret');
    new OutputFile(path).write('s', 0o600);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test('go through symbolic links', () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'real'));
    writeFileSync(join(folder, 'real', 'file'), '');
    symlinkSync('real/file', join(folder, 'link'));
    new OutputFile(join(folder, 'link')).write('text');
    expect(readFileSync(join(folder, 'real', 'file'), 'utf8')).toBe('text');
    expect(readdirSync(join(folder, 'real'))).toEqual(['file']);
  });

  test('do not replace devices', () => {
    new OutputFile('/dev/null').write('text');
    expect(statSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test.each([
    ['missing/out', 'does not exist'],
    ['file/out', 'a part of its path is a file'],
    ['folder', 'it is a folder'],
    ['new/', 'it names a folder'],
    ['circle', 'lead in a circle'],
    ['n'.repeat(300), 'its name is too long'],
  ])('to %s are refused before anything is written', (name, reason) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'folder'));
    symlinkSync('circle', join(folder, 'circle'));
    expect(() => new OutputFile(`${folder}/${name}`)).toThrow(reason);
    expect(readdirSync(folder).sort()).toEqual(['circle', 'file', 'folder']);
  });

  test.skipIf(isRoot)('to folders without permission are refused', () => {
    const folder = temporaryFolder();
    chmodSync(folder, 0o500);
    expect(() => new OutputFile(join(folder, 'out'))).toThrow('permission denied');
    chmodSync(folder, 0o700);
  });

  test('that fail in the end leave nothing behind', () => {
    const folder = temporaryFolder();
    const output = new OutputFile(join(folder, 'out'));
    mkdirSync(join(folder, 'out'));
    expect(() => {
      output.write('text');
    }).toThrow(HepcError);
    expect(readdirSync(folder)).toEqual(['out']);
  });
});

describe('inputs', () => {
  const kind = { what: 'a test', maxBytes: 10 };

  test('are read up to their bound', async () => {
    const path = join(temporaryFolder(), 'in');
    writeFileSync(path, '0123456789');
    expect(Buffer.from(await readInputFile(path, kind)).toString()).toBe('0123456789');
    writeFileSync(path, '0123456789+');
    await expect(readInputFile(path, kind)).rejects.toThrow('the file is larger than 10 bytes, the most that a test');
  });

  test('without an end are not read to it', async () => {
    await expect(readInputFile('/dev/zero', { what: 'a test', maxBytes: 2 ** 23 })).rejects.toThrow('larger than');
  });

  test.each([
    ['missing', 'it does not exist'],
    ['.', 'it is a folder'],
    ['file/x', 'a part of its path is a file'],
  ])('%s is refused', async (name, reason) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'file'), '');
    const path = join(folder, name);
    await expect(readInputFile(path, kind)).rejects.toThrow(`error[H710] ${path}: cannot read the file: ${reason}`);
  });
});

describe('external data', () => {
  test('are read from the folder of the model, and remembered', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.onnx'), '');
    mkdirSync(join(folder, 'weights'));
    writeFileSync(join(folder, 'weights', 'w.bin'), 'data');
    const model = await openModel(join(folder, 'm.onnx'));
    expect(model.readExternal('weights/w.bin')).toEqual(Buffer.from('data'));
    expect(model.readExternal('missing.bin')).toBeUndefined();
    expect([...model.externalData.keys()]).toEqual(['weights/w.bin']);
  });

  test('do not come from elsewhere through symbolic links', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'model'));
    writeFileSync(join(folder, 'model', 'm.onnx'), '');
    writeFileSync(join(folder, 'private'), 'data');
    symlinkSync('../private', join(folder, 'model', 'w.bin'));
    const model = await openModel(join(folder, 'model', 'm.onnx'));
    expect(() => model.readExternal('w.bin')).toThrow('links to a place outside');
  });

  test('may be links beside what the model links to, as in download caches', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'blobs'));
    mkdirSync(join(folder, 'snapshot'));
    writeFileSync(join(folder, 'blobs', '1'), '');
    writeFileSync(join(folder, 'blobs', '2'), 'data');
    symlinkSync('../blobs/1', join(folder, 'snapshot', 'm.onnx'));
    symlinkSync('../blobs/2', join(folder, 'snapshot', 'w.bin'));
    const model = await openModel(join(folder, 'snapshot', 'm.onnx'));
    expect(model.readExternal('w.bin')).toEqual(Buffer.from('data'));
  });

  test('are no folders', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'm.onnx'), '');
    mkdirSync(join(folder, 'w.bin'));
    const model = await openModel(join(folder, 'm.onnx'));
    expect(() => model.readExternal('w.bin')).toThrow('it is no file');
  });
});
