import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { NdArray } from '../../../../runtime/format/npy.ts';
import { openNpz, readNpz, writeNpz } from '../../../../runtime/format/npz.ts';
import { writeZip } from '../../../../runtime/format/zip.ts';
import type { ZipLimits } from '../../../../runtime/format/zip-format.ts';
import { codesOf, messageOf } from './errors.ts';
import { damaged } from './mutations.ts';
import { ndArrays } from './nd-arrays.ts';
import { type NumpyFile, numpyFile } from './numpy-fixtures.ts';

const limits: ZipLimits = { maxEntries: 10, maxTotalBytes: 100_000, allowDeflate: true };

const numpyArrays = new Map<string, NdArray>([
  ['x', { dtype: 'f4', shape: [3, 2, 2], data: Float32Array.from({ length: 12 }, (_, i) => i / 4) }],
  ['y', { dtype: 'i8', shape: [3], data: BigInt64Array.of(7n, 0n, 3n) }],
]);

describe('readNpz', () => {
  it.each<NumpyFile>(['savez', 'savezCompressed'])('reads what numpy wrote with %s', (name) => {
    expect(readNpz(numpyFile(name), limits)).toEqual(numpyArrays);
  });

  it('reads arrays whose names look like paths', () => {
    expect([...readNpz(numpyFile('savezSlash'), limits).keys()]).toEqual(['/fc/Gemm_output_0']);
  });

  it('leaves out what is no array', () => {
    const zip = writeZip([
      { name: 'README', bytes: Buffer.from('hello') },
      { name: 'a.npy', bytes: numpyFile('f4') },
    ]);
    expect([...openNpz(zip, limits).keys()]).toEqual(['a']);
  });

  it('reports all unreadable arrays, each by name', () => {
    const zip = writeZip([
      { name: 'a.npy', bytes: Buffer.from('hello') },
      { name: 'b.npy', bytes: numpyFile('text') },
      { name: 'c.npy', bytes: numpyFile('f4') },
    ]);
    const message = messageOf(() => readNpz(zip, limits, { file: 'data.npz' }));
    expect(message).toMatch(/^error\[H403\] data.npz, a: [^]*^error\[H404\] data.npz, b: /m);
    expect(message).not.toContain('data.npz, c');
  });

  it('reports an unsound archive (H402) with the entry concerned', () => {
    const tight = { ...limits, maxTotalBytes: 200 };
    expect(messageOf(() => readNpz(numpyFile('savez'), tight, { file: 'data.npz' }))).toMatch(
      /^error\[H402\] data.npz, y.npy: .*limit of 200 bytes/,
    );
  });

  it('meets damaged archives with diagnostics only', () => {
    const files = [numpyFile('savez'), numpyFile('savezCompressed'), numpyFile('savezSlash')];
    fc.assert(
      fc.property(damaged(files), (file) => {
        for (const code of codesOf(() => readNpz(file, limits)))
          expect(['H402', 'H403', 'H404', 'H405']).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('writeNpz', () => {
  it('writes what readNpz reads, whatever the names', () => {
    const names = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((name) => !name.includes('\0'));
    const byName = fc.uniqueArray(fc.tuple(names, ndArrays), { selector: ([name]) => name, maxLength: 5 });
    fc.assert(
      fc.property(byName, (entries) => {
        const arrays = new Map(entries);
        const read = readNpz(writeNpz(arrays), limits);
        expect([...read]).toEqual(entries);
      }),
      { numRuns: 200 },
    );
  });

  it('is deterministic', () => {
    expect(writeNpz(numpyArrays)).toEqual(writeNpz(new Map(numpyArrays)));
  });
});
