/** Quantised weights and values. */
import { seededRandom } from '../../../../../ir/random.ts';
import { elementType, floats, node, raw, type TensorSpec } from '../../../../support/onnx-builder.ts';
import { type Case, given, weights } from './case.ts';

const batch = 'batch';

/** Seeded bytes. */
function bytes(count: number): Uint8Array {
  const random = seededRandom(count);
  return Uint8Array.from({ length: count }, () => Math.floor(256 * random.uniform()));
}

function int8s(...dims: number[]): TensorSpec {
  return raw(dims, elementType.int8, bytes(dims.reduce((product, extent) => product * extent, 1)));
}

function uint8s(...dims: number[]): TensorSpec {
  return { ...int8s(...dims), proto: { ...int8s(...dims).proto, dataType: elementType.uint8 } };
}

/** Two to a byte; `type` is int4 or uint4. */
function nibbles(type: number, ...dims: number[]): TensorSpec {
  return raw(dims, type, bytes(Math.ceil(dims.reduce((product, extent) => product * extent, 1) / 2)));
}

const zeroPoint = (type: number, ...values: number[]) =>
  raw(values.length === 1 ? [] : [values.length], type, Uint8Array.from(values));

const weightOnly = (
  name: string,
  opset: number,
  attributes: Record<string, number>,
  parts: Record<string, TensorSpec>,
) =>
  given(name, {
    opset,
    inputs: { x: [batch, 6] },
    nodes: [node('DequantizeLinear', `q s${'z' in parts ? ' z' : ''}`, 'w', attributes), node('MatMul', 'x w', 'y')],
    initializers: parts,
  });

const constants: Case[] = [
  weightOnly(
    'DequantizeLinear of int8 weights, opset 10',
    10,
    {},
    {
      q: int8s(6, 4),
      s: floats([], [0.02]),
      z: zeroPoint(elementType.int8, 3),
    },
  ),
  weightOnly('DequantizeLinear without a zero point', 13, {}, { q: int8s(6, 4), s: floats([], [0.02]) }),
  weightOnly(
    'DequantizeLinear of uint8 weights by column',
    13,
    { axis: -1 },
    {
      q: uint8s(6, 4),
      s: floats([4], [0.02, 0.03, 0.01, 0.5]),
      z: zeroPoint(elementType.uint8, 128, 0, 255, 7),
    },
  ),
  weightOnly(
    'DequantizeLinear of int8 weights by row',
    19,
    { axis: 0 },
    {
      q: int8s(6, 4),
      s: floats([6], [0.02, 0.03, 0.01, 0.5, 0.25, 0.1]),
    },
  ),
  weightOnly(
    'DequantizeLinear of int4 weights by column',
    21,
    { axis: 1 },
    {
      q: nibbles(elementType.int4, 6, 4),
      s: floats([4], [0.2, 0.3, 0.1, 0.5]),
    },
  ),
  weightOnly(
    'DequantizeLinear of uint4 weights in blocks',
    21,
    { axis: 0, block_size: 4 },
    {
      q: nibbles(elementType.uint4, 6, 3),
      s: weights(2, 3),
      z: nibbles(elementType.uint4, 2, 3),
    },
  ),
  given('DequantizeLinear of an int32 bias', {
    inputs: { x: [batch, 3] },
    nodes: [node('DequantizeLinear', 'q s', 'b'), node('Add', 'x b', 'y')],
    initializers: { q: raw([3], elementType.int32, Int32Array.of(-70000, 5, 123456)), s: floats([], [1e-4]) },
  }),
];

export const quantizationCases: readonly Case[] = [...constants];
