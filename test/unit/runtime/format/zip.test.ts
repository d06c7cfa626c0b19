import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { readZip, writeZip } from '../../../../runtime/format/zip.ts';
import { ZipError, type ZipLimits, type ZipProblem } from '../../../../runtime/format/zip-format.ts';
import { damaged } from './mutations.ts';

const limits: ZipLimits = { maxEntries: 4, maxTotalBytes: 10_000, allowDeflate: false };
const deflateLimits: ZipLimits = { ...limits, allowDeflate: true };

const twoEntries = [
  { name: 'manifest.json', bytes: Buffer.from('{}') },
  { name: 'weights/a.npy', bytes: Buffer.from('some bytes') },
];

/** Offsets of fields in local (30 bytes) and central (46 bytes) headers and in the end record. */
const local = { flags: 6, crc: 14, size: 18, name: 30 } as const;
const central = { flags: 8, method: 10, crc: 16, storedSize: 20, size: 24, header: 42, name: 46 } as const;
const endRecord = { disk: 4, entries: 10, directory: 16 } as const;

/** `archive` after `edit`, which gets a view of it and the offsets of its directory and end record. */
function edited(archive: Uint8Array, edit: (view: DataView, directory: number, end: number) => void): Uint8Array {
  const copy = Uint8Array.from(archive);
  const view = new DataView(copy.buffer);
  const end = copy.length - 22;
  edit(view, view.getUint32(end + endRecord.directory, true), end);
  return copy;
}

/** `archive` with `from` replaced by the equally long `to` in all headers. */
function renamed(archive: Uint8Array, from: string, to: string): Uint8Array {
  const text = Buffer.from(archive).toString('latin1').replaceAll(from, to);
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** An archive of one deflated entry `a`, which claims to have `size` bytes. */
function deflatedArchive(content: Uint8Array, size: number): Uint8Array {
  const stream = deflateRawSync(content);
  const stored = writeZip([{ name: 'a', bytes: stream }]);
  const crc = new DataView(writeZip([{ name: 'a', bytes: content }]).buffer).getUint32(local.crc, true);
  return edited(stored, (view, directory) => {
    view.setUint16(8, 8, true);
    view.setUint16(directory + central.method, 8, true);
    view.setUint32(directory + central.crc, crc, true);
    view.setUint32(directory + central.size, size, true);
  });
}

function problemOf(run: () => unknown): ZipProblem | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    if (error instanceof ZipError) return error.problem;
    throw error;
  }
}

describe('writeZip', () => {
  it('writes what readZip reads, in order', () => {
    const names = fc
      .array(fc.stringMatching(/^[^/\\\0:.]{1,8}$/), { minLength: 1, maxLength: 3 })
      .map((parts) => parts.join('/'))
      .filter((name) => !/^\d+$/.test(name) && name.isWellFormed());
    const entries = fc.uniqueArray(fc.record({ name: names, bytes: fc.uint8Array() }), {
      selector: ({ name }) => name,
      maxLength: 4,
    });
    fc.assert(
      fc.property(entries, (list) => {
        const read = readZip(writeZip(list), limits);
        expect(Array.from(read, ([name, bytes]) => ({ name, bytes }))).toEqual(list);
      }),
    );
  });

  it.each(['UTC', 'Pacific/Kiritimati', 'America/Los_Angeles'])('dates entries 1980-01-01 in %s', (zone) => {
    vi.stubEnv('TZ', zone);
    onTestFinished(() => void vi.unstubAllEnvs());
    const view = new DataView(writeZip(twoEntries).buffer);
    expect(view.getUint32(10, true)).toBe((1 << 21) | (1 << 16));
  });

  it.each(['', '/a', '../a', 'a/../b', 'a\\b', 'C:a', 'a\0', '\ud800', '7', '__proto__'])(
    'does not write the name %j',
    (name) => {
      expect(() => writeZip([{ name, bytes: new Uint8Array(0) }])).toThrow(InternalError);
    },
  );

  it('does not write a name twice', () => {
    expect(() => writeZip([...twoEntries, ...twoEntries])).toThrow(InternalError);
  });
});

describe('readZip', () => {
  const archive = writeZip(twoEntries);
  const content = Buffer.alloc(5000, 'abc');

  it('reads deflated entries where they are allowed', () => {
    const deflated = deflatedArchive(content, content.length);
    expect(Buffer.compare(readZip(deflated, deflateLimits).get('a') ?? new Uint8Array(0), content)).toBe(0);
    expect(problemOf(() => readZip(deflated, limits))).toBe('compressed');
  });

  it('reads an archive with a comment, in the middle of a larger buffer', () => {
    const commented = edited(Buffer.concat([archive, Buffer.from('PK\x05\x06 hi')]), () => undefined);
    new DataView(commented.buffer).setUint16(archive.length - 2, 7, true);
    const padded = Buffer.concat([Buffer.from('123'), commented, Buffer.from('456')]);
    expect([...readZip(padded.subarray(3, -3), limits).keys()]).toEqual(['manifest.json', 'weights/a.npy']);
  });

  it('gives entries whose slices are copies, even of a Buffer', () => {
    const entry = readZip(Buffer.from(archive), limits).get('manifest.json');
    expect(entry?.constructor).toBe(Uint8Array);
  });

  it.each<[ZipProblem, string, () => Uint8Array]>([
    ['not-zip', 'no bytes', () => new Uint8Array(0)],
    ['not-zip', 'other bytes', () => Buffer.from('hello, this is not a zip archive')],
    ['damaged', 'only the magic', () => archive.subarray(0, 4)],
    ['damaged', 'a cut end', () => archive.subarray(0, -1)],
    [
      'damaged',
      'a directory elsewhere',
      () => edited(archive, (v, _, end) => v.setUint32(end + endRecord.directory, 5, true)),
    ],
    ['damaged', 'fewer entries than said', () => edited(archive, (v, _, end) => setEntries(v, end, 3))],
    ['damaged', 'more entries than said', () => edited(archive, (v, _, end) => setEntries(v, end, 1))],
    ['damaged', 'a wrong checksum', () => renamed(archive, 'some bytes', 'SOME BYTES')],
    ['damaged', 'headers that disagree', () => edited(archive, (v) => v.setUint8(local.name, 0x4d))],
    ['damaged', 'two sizes of a stored entry', () => edited(archive, (v, d) => v.setUint32(d + central.size, 9, true))],
    ['damaged', 'data beyond the directory', () => edited(archive, (v, d) => setSizes(v, d, 9000))],
    ['damaged', 'entries that overlap', () => edited(archive, (v, d) => setSizes(v, d, 30))],
    ['damaged', 'an offset outside', () => edited(archive, (v, d) => v.setUint32(d + central.header, 1 << 30, true))],
    ['damaged', 'a deflated entry larger than it says', () => deflatedArchive(content, 4999)],
    ['damaged', 'a deflated entry smaller than it says', () => deflatedArchive(content, 5001)],
    ['damaged', 'a deflated entry too short for what it says', () => deflatedArchive(new Uint8Array(1), 9999)],
    ['unsupported', 'encryption', () => edited(archive, (v, d) => v.setUint16(d + central.flags, 1, true))],
    ['unsupported', 'an unknown method', () => edited(archive, (v, d) => v.setUint16(d + central.method, 12, true))],
    ['unsupported', 'several disks', () => edited(archive, (v, _, end) => v.setUint16(end + endRecord.disk, 1, true))],
    ['unsupported', 'a zip64 directory', () => edited(archive, (v, _, end) => setEntries(v, end, 0xffff))],
    ['unsupported', 'a zip64 entry', () => edited(archive, (v, d) => setSizes(v, d, 0xffffffff))],
    ['bad-name', 'an absolute path', () => renamed(archive, 'weights/a.npy', '/eights/a.npy')],
    ['bad-name', 'a path out of the archive', () => renamed(archive, 'weights/a.npy', '../ghts/a.npy')],
    ['bad-name', 'a backslash', () => renamed(archive, 'weights/a.npy', 'weights\\a.npy')],
    ['bad-name', 'a drive', () => renamed(archive, 'weights/a.npy', 'C:ights/a.npy')],
    ['bad-name', 'a NUL character', () => renamed(archive, 'weights/a.npy', 'weights/a\0npy')],
    ['bad-name', 'a name that is not UTF-8', () => renamed(archive, 'weights/a.npy', 'weights/\xff.npy')],
    ['duplicate-name', 'a name twice', () => renamed(archive, 'weights/a.npy', 'manifest.json')],
    ['too-large', 'a declared size over the limit', () => deflatedArchive(content, 10_001)],
    ['too-many', 'more entries than allowed', () => writeZip(manyEntries(5))],
  ])('refuses, as %s, %s', (problem, _, make) => {
    expect(problemOf(() => readZip(make(), deflateLimits))).toBe(problem);
  });

  it('takes any name for a key where asked', () => {
    const absolute = renamed(archive, 'weights/a.npy', '/../..\\/a.npy');
    expect([...readZip(absolute, { ...limits, allowAnyName: true }).keys()]).toEqual([
      'manifest.json',
      '/../..\\/a.npy',
    ]);
  });

  it('meets damaged archives with ZipError only', () => {
    const files = [archive, deflatedArchive(content, content.length), writeZip(manyEntries(4)), writeZip([])];
    fc.assert(
      fc.property(damaged(files), (file) => {
        problemOf(() => readZip(file, deflateLimits));
      }),
      { numRuns: 3000 },
    );
  });
});

function setEntries(view: DataView, end: number, entries: number): void {
  view.setUint16(end + endRecord.entries - 2, entries, true);
  view.setUint16(end + endRecord.entries, entries, true);
}

function setSizes(view: DataView, directory: number, size: number): void {
  view.setUint32(directory + central.storedSize, size, true);
  view.setUint32(directory + central.size, size, true);
}

function manyEntries(count: number): { name: string; bytes: Uint8Array }[] {
  return Array.from({ length: count }, (_, i) => ({ name: `entry${i}`, bytes: Uint8Array.of(i) }));
}
