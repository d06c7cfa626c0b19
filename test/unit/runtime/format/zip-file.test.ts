import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { bytesAccess, type RandomAccess } from '../../../../runtime/format/random-access.ts';
import { readZip, writeZip } from '../../../../runtime/format/zip.ts';
import { ZipFile } from '../../../../runtime/format/zip-file.ts';
import { type ZipEntry, ZipError, type ZipProblem } from '../../../../runtime/format/zip-format.ts';
import { ZipWriter } from '../../../../runtime/format/zip-writer.ts';
import { damaged } from './mutations.ts';

const limits = { maxEntries: 1000, maxTotalBytes: 1e6, allowZip64: true };

async function written(entries: readonly ZipEntry[], zip64From?: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  const writer = new ZipWriter((bytes) => {
    parts.push(bytes.slice());
    return Promise.resolve();
  }, zip64From);
  for (const { name, bytes } of entries) await writer.add(name, bytes);
  const whole = await writer.finish().then((size) => ({ size, bytes: new Uint8Array(Buffer.concat(parts)) }));
  expect(whole.bytes.length).toBe(whole.size);
  return whole.bytes;
}

async function contents(archive: RandomAccess): Promise<ZipEntry[]> {
  const zip = await ZipFile.open(archive, limits);
  const entries: ZipEntry[] = [];
  for (const name of zip.entries.keys()) entries.push({ name, bytes: await zip.read(name) });
  return entries;
}

async function problemOf(run: () => Promise<unknown>): Promise<ZipProblem | undefined> {
  try {
    await run();
    return undefined;
  } catch (error) {
    if (error instanceof ZipError) return error.problem;
    throw error;
  }
}

const entriesArbitrary = fc
  .uniqueArray(fc.stringMatching(/^[a-zä]{1,4}(\/[a-z]{1,3})?$/), { minLength: 1, maxLength: 8 })
  .chain((names) =>
    fc.tuple(...names.map((name) => fc.record({ name: fc.constant(name), bytes: fc.uint8Array({ maxLength: 200 }) }))),
  );

test('what is written entry by entry is read, with and without zip64 records', async () => {
  await fc.assert(
    fc.asyncProperty(entriesArbitrary, fc.constantFrom(undefined, 0, 1, 100, 300), async (entries, zip64From) => {
      const archive = await written(entries, zip64From);
      expect(await contents(bytesAccess(archive))).toEqual(entries);
      const all = { ...limits, allowDeflate: false };
      expect([...readZip(archive, all)].map(([name, bytes]) => ({ name, bytes }))).toEqual(entries);
    }),
  );
});

test('without zip64 records the bytes differ from those of writeZip in nothing that a reader sees', async () => {
  const entries = [
    { name: 'manifest.json', bytes: Buffer.from('{}') },
    { name: 'weights/a.npy', bytes: Buffer.from('some bytes') },
  ];
  const [ours, theirs] = [await written(entries), writeZip(entries)];
  expect(ours.length).toBe(theirs.length);
  expect(await written(entries)).toEqual(ours);
});

test("Python's zipfile and unzip read it", async (context) => {
  const folder = mkdtempSync(join(tmpdir(), 'zip-'));
  try {
    if (spawnSync('python3', ['--version']).status !== 0) context.skip('no python here');
    const path = join(folder, 'a.zip');
    for (const zip64From of [undefined, 0]) {
      writeFileSync(
        path,
        await written(
          [
            { name: 'a/0.ct', bytes: Buffer.from('hello') },
            { name: 'b', bytes: Buffer.from('world') },
          ],
          zip64From,
        ),
      );
      const script = `import zipfile, sys
z = zipfile.ZipFile(sys.argv[1])
assert z.testzip() is None
print(z.namelist(), z.read('b'), z.infolist()[1].header_offset)`;
      const { stdout, stderr } = spawnSync('python3', ['-c', script, path], { encoding: 'utf8' });
      expect(stderr).toBe('');
      expect(stdout).toBe("['a/0.ct', 'b'] b'world' 41\n");
      const unzip = spawnSync('unzip', ['-t', path], { encoding: 'utf8' });
      if (unzip.error === undefined) expect(unzip.stdout).toContain('No errors detected');
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

/** `end` after `gap` bytes of nothing: an archive whose first bytes are `start`. */
function sparse(start: Uint8Array, end: Uint8Array, size: number): RandomAccess {
  return {
    size,
    read: (offset, length) => {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, size - offset)));
      bytes.set(start.subarray(offset, offset + length));
      const from = size - end.length;
      if (offset + bytes.length > from)
        bytes.set(end.subarray(Math.max(0, offset - from), offset + bytes.length - from), Math.max(0, from - offset));
      return Promise.resolve(bytes);
    },
  };
}

test('entries beyond 4 GiB are found', async () => {
  // What lies between two entries is never looked at, so it need not be there: only the offsets behind it move.
  const gap = 5 * 2 ** 30;
  const archive = await written(
    [
      { name: 'first', bytes: Buffer.from('the first') },
      { name: 'last', bytes: Buffer.from('the last') },
    ],
    0,
  );
  const view = new DataView(archive.buffer);
  const end = archive.length - 22;
  const [locator, zip64End] = [end - 20, end - 76];
  const lastHeader = 30 + 5 + 9;
  for (const at of [zip64End - 8, zip64End + 48, locator + 8])
    view.setBigUint64(at, view.getBigUint64(at, true) + BigInt(gap), true);
  const source = sparse(archive.subarray(0, lastHeader), archive.subarray(lastHeader), archive.length + gap);
  const zip = await ZipFile.open(source, limits);
  expect(zip.entries.get('last')?.headerStart).toBe(gap + lastHeader);
  for (const name of ['first', 'last']) expect(Buffer.from(await zip.read(name)).toString()).toBe(`the ${name}`);
});

describe('a damaged archive', () => {
  const entries = [
    { name: 'a', bytes: Buffer.from('some bytes') },
    { name: 'b', bytes: Buffer.from('others') },
  ];

  test('that was cut short, or is none', async () => {
    const archive = await written(entries);
    expect(await problemOf(() => contents(bytesAccess(archive.subarray(0, -1))))).toBe('damaged');
    expect(await problemOf(() => contents(bytesAccess(Buffer.from('hello'))))).toBe('not-zip');
    expect(await problemOf(() => contents({ ...bytesAccess(archive), size: archive.length + 10 }))).toBe('damaged');
  });

  test('whose zip64 records are wrong', async () => {
    const archive = await written(entries, 0);
    const end = archive.length - 22;
    for (const at of [end - 20, end - 12, end - 76, end - 72, end - 44, end - 36, end - 28]) {
      const changed = archive.slice();
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(await problemOf(() => contents(bytesAccess(changed))), `byte ${at - end}`).toMatch(/damaged|unsupported/);
    }
    expect(await problemOf(() => ZipFile.open(bytesAccess(archive), { ...limits, allowZip64: false }))).toBe(
      'unsupported',
    );
  });

  test('whose zip64 field is missing or short', async () => {
    const archive = await written(entries, 0);
    const field = archive.length - 22 - 20 - 56 - 12;
    for (const [at, value] of [
      [field, 2],
      [field + 2, 4],
    ] as const) {
      const changed = archive.slice();
      changed[at] = value;
      expect(await problemOf(() => contents(bytesAccess(changed)))).toBe('damaged');
    }
  });

  test('with too many entries', async () => {
    const archive = await written(entries, 0);
    expect(await problemOf(() => ZipFile.open(bytesAccess(archive), { ...limits, maxEntries: 1 }))).toBe('too-many');
  });

  test('is met with ZipError only', async () => {
    const files = [await written(entries), await written(entries, 0), await written([], 0)];
    await fc.assert(
      fc.asyncProperty(damaged(files), async (file) => {
        await problemOf(() => contents(bytesAccess(file)));
      }),
      { numRuns: 2000 },
    );
  });
});

test('names that could not be read back are not written', async () => {
  for (const name of ['', '/a', '../a', 'a\\b']) {
    await expect(written([{ name, bytes: new Uint8Array() }])).rejects.toThrow(InternalError);
  }
  const twice = { name: 'a', bytes: new Uint8Array() };
  await expect(written([twice, twice])).rejects.toThrow(InternalError);
});
