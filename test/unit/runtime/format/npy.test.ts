import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { type Dtype, readNpy, writeNpy } from '../../../../runtime/format/npy.ts';
import { codesOf, messageOf } from './errors.ts';
import { damaged } from './mutations.ts';
import { ndArrays } from './nd-arrays.ts';
import { type NumpyFile, numpyFile } from './numpy-fixtures.ts';

/** A `.npy` file of version 1.0 with any header text. */
function npyWithHeader(header: string, dataBytes: number): Uint8Array {
  const length = header.length;
  const prefix = [0x93, ...Buffer.from('NUMPY'), 1, 0, length & 0xff, length >> 8];
  return Uint8Array.from([...prefix, ...Buffer.from(header, 'latin1'), ...Buffer.alloc(dataBytes)]);
}

describe('readNpy', () => {
  it.each(['f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8'] satisfies Dtype[])('reads %s', (dtype) => {
    const array = readNpy(numpyFile(dtype));
    expect(array.dtype).toBe(dtype);
    expect(array.shape).toEqual([2, 3]);
    expect(Array.from(array.data, Number)).toEqual([0, 1, 2, 100, 50, 7]);
  });

  it('widens half floats to 32 bits', () => {
    const { dtype, data } = readNpy(numpyFile('f2'));
    expect(dtype).toBe('f4');
    expect(Array.from(data, Number)).toEqual([
      0,
      -0,
      1,
      -2.5,
      65504,
      2 ** -24,
      0.333251953125,
      Infinity,
      -Infinity,
      NaN,
    ]);
  });

  it('reads booleans as 0 and 1, whatever their bytes', () => {
    expect(readNpy(numpyFile('b1'))).toEqual({ dtype: 'b1', shape: [3], data: Uint8Array.of(1, 0, 1) });
    const twos = numpyFile('b1').map((byte, i, all) => (i === all.length - 1 ? 2 : byte));
    expect(readNpy(twos).data).toEqual(Uint8Array.of(1, 0, 1));
  });

  it.each<[NumpyFile, number[]]>([
    ['bigEndianF4', [0, 1, 2, 100, 50, 7]],
    ['bigEndianI8', [-50, -49, -48, 50, 0, -43]],
    ['version2', [0, 1, 2, 100, 50, 7]],
    ['version3', [0, 1, 2, 100, 50, 7]],
  ])('reads %s', (name, values) => {
    const array = readNpy(numpyFile(name));
    expect(array.shape).toEqual([2, 3]);
    expect(Array.from(array.data, Number)).toEqual(values);
  });

  it('turns Fortran order into C order', () => {
    expect(readNpy(numpyFile('fortran'))).toEqual({
      dtype: 'i4',
      shape: [2, 3, 4],
      data: Int32Array.from({ length: 24 }, (_, i) => i),
    });
  });

  it('reads scalars and empty arrays', () => {
    expect(readNpy(numpyFile('scalar'))).toEqual({ dtype: 'f4', shape: [], data: Float32Array.of(2.5) });
    expect(readNpy(numpyFile('empty'))).toEqual({ dtype: 'f8', shape: [0, 3], data: new Float64Array(0) });
  });

  it('reads data at odd offsets, and shares no memory with a Buffer that holds the file', () => {
    const file = Buffer.concat([Buffer.from('x'), numpyFile('f8')]).subarray(1);
    const { data } = readNpy(file);
    file.fill(0);
    expect(Array.from(data, Number)).toEqual([0, 1, 2, 100, 50, 7]);
  });

  it.each<NumpyFile>(['complex', 'complex128', 'text', 'objects', 'records', 'dates'])('refuses %s (H404)', (name) => {
    expect(codesOf(() => readNpy(numpyFile(name)))).toEqual(['H404']);
  });

  it.each([
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (2)}", 8],
    [`{"shape":(2L,),"fortran_order":False,"descr":"<f4"}`, 8],
    ["{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3, ), }   \n", 6],
  ])('accepts %s', (header, dataBytes) => {
    expect(codesOf(() => readNpy(npyWithHeader(header, dataBytes)))).toEqual([]);
  });

  it.each([
    ['', 'not a dict'],
    ["{'descr': '<f4', 'fortran_order': False}", 'lacks one of'],
    ["{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", 'twice'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", 'shape is not what numpy writes'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (1,,2)}", 'tuple of integers'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", 'beyond 2^53'],
    ["{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", 'fortran_order is not what numpy writes'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", 'something else'],
    ["{'descr': '<f4', 'fortran_order': False, 'shape': ()} or exit()", 'follows the dict'],
    [`{'descr': '<f4', 'fortran_order': False, 'shape': (${'1,'.repeat(65)})}`, '65 axes'],
  ])('refuses the header %j (H403)', (header, reason) => {
    const message = messageOf(() => readNpy(npyWithHeader(header, 4), { file: 'a.npy' }));
    expect(message).toContain('error[H403] a.npy: ');
    expect(message).toContain(reason);
  });

  it('refuses a header longer than numpy does (H403)', () => {
    expect(messageOf(() => readNpy(npyWithHeader(' '.repeat(10_001), 4)))).toContain('more than the limit of 10000');
  });

  it.each([0, 7, 9, 10, 11, 50])('refuses a header cut after %i bytes (H403)', (length) => {
    expect(codesOf(() => readNpy(numpyFile('f4').subarray(0, length)))).toEqual(['H403']);
  });

  it('refuses more or fewer data than the shape takes (H405), without allocating by it', () => {
    const file = numpyFile('f4');
    expect(codesOf(() => readNpy(file.subarray(0, -1)))).toEqual(['H405']);
    expect(codesOf(() => readNpy(Buffer.concat([file, file])))).toEqual(['H405']);
    const huge = "{'descr': '<f8', 'fortran_order': True, 'shape': (4294967296, 4294967296)}";
    expect(codesOf(() => readNpy(npyWithHeader(huge, 0)))).toEqual(['H405']);
  });

  it('meets damaged files with diagnostics only', () => {
    const names: NumpyFile[] = [
      'f2',
      'f8',
      'b1',
      'bigEndianI8',
      'scalar',
      'empty',
      'fortran',
      'version2',
      'text',
      'records',
    ];
    fc.assert(
      fc.property(damaged(names.map(numpyFile)), (file) => {
        expect(['', 'H403', 'H404', 'H405']).toContain(codesOf(() => readNpy(file)).join());
      }),
      { numRuns: 3000 },
    );
  });
});

describe('writeNpy', () => {
  it('writes what readNpy reads, for all data types and shapes', () => {
    fc.assert(
      fc.property(ndArrays, (array) => {
        expect(readNpy(writeNpy(array))).toEqual(array);
      }),
      { numRuns: 500 },
    );
  });

  it('is deterministic, writes only the elements of a view, and aligns them', () => {
    const data = new Float64Array(10).fill(3).subarray(4, 6);
    const file = writeNpy({ dtype: 'f8', shape: [2], data });
    expect(file).toEqual(writeNpy({ dtype: 'f8', shape: [2], data: Float64Array.of(3, 3) }));
    expect(Buffer.from(file.subarray(10, -16)).toString('latin1')).toMatch(
      /^\{'descr':'<f8','fortran_order':False,'shape':\(2,\)\} *\n$/,
    );
    expect((file.length - 16) % 8).toBe(0);
  });

  it('does not write an array whose data do not fill its shape', () => {
    expect(() => writeNpy({ dtype: 'f8', shape: [2, 2], data: new Float64Array(3) })).toThrow(InternalError);
  });
});
