/** How initializers are stored: element types, typed fields, external files, and what is wrong with them. */
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../../compiler/onnx/import.ts';
import { type Diagnostic, HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import {
  doubles,
  elementType,
  externalFloats,
  floats,
  model,
  node,
  raw,
  type TensorSpec,
  typed,
} from '../../../support/onnx-builder.ts';

/** A model that computes x + w for three elements. */
function addition(w: TensorSpec, readExternal: (path: string) => Uint8Array | undefined = () => undefined) {
  const bytes = model({
    inputs: { x: [3] },
    nodes: [node('Cast', 'w', 'c', { to: 1 }), node('Add', 'x c', 'y')],
    initializers: { w },
    outputs: ['y'],
  });
  return importOnnx({ bytes, fileName: 'm.onnx', readExternal });
}

function offsets(w: TensorSpec, readExternal?: (path: string) => Uint8Array | undefined): number[] {
  const { module } = addition(w, readExternal);
  return Array.from(evaluateTensor(module, new Map([['x', new Float64Array(3)]])).get('y') ?? []);
}

function faults(w: TensorSpec, readExternal?: (path: string) => Uint8Array | undefined): readonly Diagnostic[] {
  try {
    addition(w, readExternal);
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics;
    throw error;
  }
  return [];
}

describe('element types', () => {
  const dims = [3];
  // 1.5, -0.25 and the smallest subnormal of float16; the same upper halves of floats for bfloat16.
  const float16Bits = Uint16Array.of(0x3e00, 0xb400, 0x0001);
  const bfloat16Bits = Uint16Array.of(0x3fc0, 0xbe80, 0x4049);

  test.each<[string, TensorSpec, number[]]>([
    ['float', floats(dims, [1.5, -0.25, 3]), [1.5, -0.25, 3]],
    ['float in its field', typed(dims, elementType.float, { floatData: [1.5, 2, 3] }), [1.5, 2, 3]],
    ['double', doubles(dims, [0.1, 0.2, 1e-300]), [0.1, 0.2, 1e-300]],
    ['double in its field', typed(dims, elementType.double, { doubleData: [0.1, 2, 3] }), [0.1, 2, 3]],
    ['float16', raw(dims, elementType.float16, float16Bits), [1.5, -0.25, 2 ** -24]],
    ['float16 in its field', typed(dims, elementType.float16, { int32Data: [...float16Bits] }), [1.5, -0.25, 2 ** -24]],
    ['bfloat16', raw(dims, elementType.bfloat16, bfloat16Bits), [1.5, -0.25, 3.140625]],
    ['int64', raw(dims, elementType.int64, BigInt64Array.of(1n, -2n, 2n ** 40n)), [1, -2, 2 ** 40]],
    ['int64 in its field', typed(dims, elementType.int64, { int64Data: [1, -2, 2 ** 40] }), [1, -2, 2 ** 40]],
    ['int32', raw(dims, elementType.int32, Int32Array.of(1, -2, 3)), [1, -2, 3]],
    ['int8', raw(dims, elementType.int8, Int8Array.of(1, -2, 3)), [1, -2, 3]],
    ['int8 in its field', typed(dims, elementType.int8, { int32Data: [1, -2, 3] }), [1, -2, 3]],
    ['uint8', raw(dims, elementType.uint8, Uint8Array.of(1, 254, 3)), [1, 254, 3]],
    ['uint64 in its field', typed(dims, elementType.uint64, { uint64Data: [1, 2, 3] }), [1, 2, 3]],
    ['bool', raw(dims, elementType.bool, Uint8Array.of(0, 1, 7)), [0, 1, 1]],
    ['int4', raw(dims, elementType.int4, Uint8Array.of(0x87, 0x0f)), [7, -8, -1]],
    ['uint4', raw(dims, elementType.uint4, Uint8Array.of(0x87, 0x0f)), [7, 8, 15]],
    ['int4 in its field', typed(dims, elementType.int4, { int32Data: [0x87, 0x0f] }), [7, -8, -1]],
    ['int2', raw(dims, elementType.int2, Uint8Array.of(0b111001)), [1, -2, -1]],
    ['uint2', raw(dims, elementType.uint2, Uint8Array.of(0b111001)), [1, 2, 3]],
    // 1.5, the largest number and the smallest negative subnormal of each format.
    ['float8e4m3fn', raw(dims, elementType.float8e4m3fn, Uint8Array.of(0x3c, 0x7e, 0x81)), [1.5, 448, -(2 ** -9)]],
    ['float8e4m3fnuz', raw(dims, elementType.float8e4m3fnuz, Uint8Array.of(0x44, 0x7f, 0x81)), [1.5, 240, -(2 ** -10)]],
    ['float8e5m2', raw(dims, elementType.float8e5m2, Uint8Array.of(0x3e, 0x7b, 0x81)), [1.5, 57344, -(2 ** -16)]],
    [
      'float8e5m2fnuz',
      raw(dims, elementType.float8e5m2fnuz, Uint8Array.of(0x42, 0x7f, 0x81)),
      [1.5, 57344, -(2 ** -17)],
    ],
    ['float8 in its field', typed(dims, elementType.float8e5m2, { int32Data: [0x3e, 0, 0xbe] }), [1.5, 0, -1.5]],
    ['float4e2m1', raw(dims, elementType.float4e2m1, Uint8Array.of(0x73, 0x09)), [1.5, 6, -0.5]],
  ])('%s', (_, tensor, expected) => {
    expect(offsets(tensor)).toEqual(expected);
  });
});

describe('faults', () => {
  test('bytes that do not fit the shape', () => {
    expect(faults(raw([3], elementType.float, new Float32Array(2)))[0]).toMatchObject({
      code: 'H107',
      message: 'initializer "w": shape [3] of float: needs 12 bytes, got 8',
    });
    expect(faults(typed([3], elementType.float, { floatData: [1] })).map(({ code }) => code)).toEqual(['H107']);
    expect(faults(typed([3], elementType.float, {})).map(({ code }) => code)).toEqual(['H107']);
    expect(faults(typed([-3], elementType.float, {})).map(({ code }) => code)).toEqual(['H107']);
  });

  test('shapes that are far too large', () => {
    expect(faults(typed([2 ** 20, 2 ** 20], elementType.float, {})).map(({ code }) => code)).toEqual(['H112']);
    expect(faults(typed(new Array<number>(99).fill(1), elementType.float, {})).map(({ code }) => code)).toEqual([
      'H112',
    ]);
  });

  test('packed elements that do not fill their bytes', () => {
    expect(faults(raw([3], elementType.int4, Uint8Array.of(0x21)))[0]).toMatchObject({
      code: 'H107',
      message: 'initializer "w": shape [3] of int4: needs 2 bytes, got 1',
    });
    expect(faults(typed([3], elementType.int4, { int32Data: [1, 2, 3] })).map(({ code }) => code)).toEqual(['H107']);
  });

  test('a float8 that is not a number', () => {
    expect(faults(raw([3], elementType.float8e4m3fn, Uint8Array.of(0, 0x7f, 0))).map(({ code }) => code)).toEqual([
      'H108',
    ]);
  });

  test('types that are not read', () => {
    expect(faults(typed([3], elementType.string, {})).map(({ code }) => code)).toEqual(['H107']);
  });

  test.each([NaN, Infinity])('%s among the weights', (bad) => {
    expect(faults(floats([3], [0, bad, 0]))[0]).toMatchObject({
      code: 'H108',
      message: `initializer "w" holds ${bad} at element 1`,
    });
  });

  test('minus infinity where it is no mask', () => {
    expect(faults(floats([3], [0, -Infinity, 0]))[0]?.code).toBe('H108');
  });

  test('an infinite factor', () => {
    expect(faults(floats([], [Infinity])).map(({ code }) => code)).toEqual(['H108']);
  });
});

describe('external data', () => {
  const file = new Uint8Array(Float32Array.of(9, 1, 2, 3).buffer);
  const folder = (path: string) => (path === 'data/weights.bin' ? file : undefined);

  test('a part of a file', () => {
    const entries = { location: 'data/weights.bin', offset: '4', length: '12' };
    expect(offsets(externalFloats([3], entries), folder)).toEqual([1, 2, 3]);
  });

  test('without a length', () => {
    expect(offsets(externalFloats([3], { location: 'data/weights.bin' }), folder)).toEqual([9, 1, 2]);
  });

  test.each<[string, Record<string, string>]>([
    ['a missing file', { location: 'other.bin' }],
    ['no location', {}],
    ['a part past the end', { location: 'data/weights.bin', offset: '8' }],
    ['another length', { location: 'data/weights.bin', length: '8' }],
    ['a negative offset', { location: 'data/weights.bin', offset: '-4' }],
    ['an offset that is no number', { location: 'data/weights.bin', offset: '4e0' }],
  ])('%s', (_, entries) => {
    expect(faults(externalFloats([3], entries), folder).map(({ code }) => code)).toEqual(['H109']);
  });

  test.each(['/etc/passwd', '../w.bin', 'a/../../w.bin', 'C:/w.bin', 'a\\..\\w.bin', 'w\0.bin'])(
    'the caller is never asked for %j',
    (location) => {
      const asked: string[] = [];
      const found = faults(externalFloats([3], { location }), (path) => {
        asked.push(path);
        return file;
      });
      expect(found.map(({ code }) => code)).toEqual(['H109']);
      expect(asked).toEqual([]);
    },
  );
});
