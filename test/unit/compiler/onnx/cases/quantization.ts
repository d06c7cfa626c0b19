/** Quantised weights and values. */
import { seededRandom } from '../../../../../ir/random.ts';
import {
  elementType,
  floats,
  type ModelSpec,
  node,
  type NodeSpec,
  raw,
  type TensorSpec,
} from '../../../../support/onnx-builder.ts';
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

const uint8Zero = (value: number) => zeroPoint(elementType.uint8, value);
const int8Zero = (value: number) => zeroPoint(elementType.int8, value);
const scale = (value: number) => floats([], [value]);

const values: Case[] = [
  given('QuantizeLinear and DequantizeLinear of a value that exceeds their bounds', {
    inputs: { x: [batch, 6] },
    nodes: [node('QuantizeLinear', 'x s z', 'q'), node('DequantizeLinear', 'q s z', 'y')],
    initializers: { s: scale(0.01), z: uint8Zero(100) },
  }),
  given('QuantizeLinear as a ReLU, without a zero point', {
    inputs: { x: [batch, 6] },
    nodes: [node('QuantizeLinear', 'x s', 'q'), node('DequantizeLinear', 'q s', 'y')],
    initializers: { s: scale(0.02) },
  }),
  given('QuantizeLinear by channel, with a Reshape between', {
    inputs: { x: [batch, 3, 2] },
    nodes: [
      node('QuantizeLinear', 'x s z', 'q'),
      node('Transpose', 'q', 't', { perm: [0, 2, 1] }),
      node('DequantizeLinear', 't s z', 'y', { axis: 2 }),
    ],
    initializers: { s: floats([3], [0.01, 0.02, 0.005]), z: zeroPoint(elementType.int8, 1, 2, 255) },
  }),
  given('QuantizeLinear to int16 by output_dtype', {
    opset: 21,
    inputs: { x: [batch, 6] },
    nodes: [
      node('QuantizeLinear', 'x s', 'q', { output_dtype: elementType.int16 }),
      node('DequantizeLinear', 'q s', 'y'),
    ],
    initializers: { s: scale(0.0001) },
  }),
  given('QuantizeLinear of constant weights', {
    inputs: { x: [batch, 6] },
    nodes: [
      node('QuantizeLinear', 'w s z', 'q', { axis: 0 }),
      node('DequantizeLinear', 'q s z', 'd', { axis: 0 }),
      node('MatMul', 'x d', 'y'),
    ],
    initializers: {
      w: weights(6, 2),
      s: floats([6], [0.01, 0.02, 0.005, 0.01, 0.25, 0.03]),
      z: zeroPoint(elementType.int8, 0, 0, 3, 0, 0, 0),
    },
  }),
];

/** A QLinear operator between a QuantizeLinear of its operands and a DequantizeLinear of its result. */
function between(
  name: string,
  inputs: ModelSpec['inputs'],
  qlinear: NodeSpec,
  constants: Record<string, TensorSpec>,
): Case {
  return given(name, {
    domains: { 'com.microsoft': 1 },
    inputs,
    nodes: [
      ...Object.keys(inputs).map((x) => node('QuantizeLinear', `${x} s z`, `q${x}`)),
      qlinear,
      node('DequantizeLinear', 'q t u', 'y'),
    ],
    initializers: { s: scale(0.02), z: uint8Zero(120), t: scale(0.05), u: uint8Zero(110), ...constants },
  });
}

const microsoft = (...parts: Parameters<typeof node>): NodeSpec => ({ ...node(...parts), domain: 'com.microsoft' });

const image = { x: [batch, 2, 4, 4] };

const operators: Case[] = [
  between(
    'QLinearConv by channel with a bias and padding',
    image,
    node('QLinearConv', 'qx s z w ws wz t u b', 'q', { pads: [1, 1, 1, 1] }),
    {
      w: int8s(3, 2, 3, 3),
      ws: floats([3], [0.002, 0.004, 0.001]),
      wz: zeroPoint(elementType.int8, 0, 0, 0),
      b: raw([3], elementType.int32, Int32Array.of(3000, -2000, 17)),
    },
  ),
  between('QLinearMatMul', { x: [batch, 6] }, node('QLinearMatMul', 'qx s z w ws wz t u', 'q'), {
    w: uint8s(6, 3),
    ws: scale(0.004),
    wz: uint8Zero(128),
  }),
  between(
    'QLinearAdd of two values',
    { x: [batch, 6], v: [batch, 6] },
    microsoft('QLinearAdd', 'qx s z qv s z t u', 'q'),
    {},
  ),
  between('QLinearMul by a constant', { x: [batch, 6] }, microsoft('QLinearMul', 'qx s z w ws wz t u', 'q'), {
    w: uint8s(6),
    ws: scale(0.01),
    wz: uint8Zero(3),
  }),
  between('QLinearAveragePool', image, microsoft('QLinearAveragePool', 'qx s z t u', 'q', { kernel_shape: [2, 2] }), {
    t: scale(0.0437),
  }),
  between('QLinearGlobalAveragePool', image, microsoft('QLinearGlobalAveragePool', 'qx s z t u', 'q'), {}),
  between(
    'QLinearLeakyRelu',
    { x: [batch, 6] },
    microsoft('QLinearLeakyRelu', 'qx s z t u', 'q', { alpha: { float: 0.3 } }),
    {},
  ),
  between('QLinearSigmoid', { x: [batch, 6] }, microsoft('QLinearSigmoid', 'qx s z t u', 'q'), {}),
  between(
    'QLinearConcat',
    { x: [batch, 3], v: [batch, 4] },
    microsoft('QLinearConcat', 't u qx s z qv s z', 'q', { axis: 1 }),
    {},
  ),
  between('QGemm with a bias', { x: [batch, 6] }, microsoft('QGemm', 'qx s z w ws wz b t u', 'q', { transB: 1 }), {
    w: int8s(3, 6),
    ws: floats([3], [0.002, 0.004, 0.001]),
    wz: zeroPoint(elementType.int8, 0, 0, 0),
    b: raw([3], elementType.int32, Int32Array.of(3000, -2000, 17)),
  }),
  given('QGemm with a float result', {
    domains: { 'com.microsoft': 1 },
    inputs: { x: [batch, 6] },
    nodes: [node('QuantizeLinear', 'x s z', 'q'), microsoft('QGemm', 'q s z w ws wz', 'y', { alpha: { float: 0.5 } })],
    initializers: { s: scale(0.02), z: uint8Zero(120), w: int8s(6, 3), ws: scale(0.01), wz: int8Zero(0) },
  }),
  given('QuantizeLinear and DequantizeLinear of com.microsoft, to int16', {
    domains: { 'com.microsoft': 1 },
    inputs: { x: [batch, 6] },
    nodes: [microsoft('QuantizeLinear', 'x s z', 'q'), microsoft('DequantizeLinear', 'q s z', 'y')],
    initializers: { s: scale(0.0001), z: raw([], elementType.int16, Int16Array.of(5)) },
  }),
];

/** Rounded dynamically: the scale is that of a batch in onnxruntime, and so there is one sample. */
const dynamic: Case[] = [
  given('DynamicQuantizeLinear, MatMulInteger, Cast and Mul, as quantize_dynamic writes them', {
    inputs: { x: [3, 6] },
    nodes: [
      node('DynamicQuantizeLinear', 'x', 'q s z'),
      node('MatMulInteger', 'q w z wz', 'i'),
      node('Cast', 'i', 'c', { to: elementType.float }),
      node('Mul', 's ws', 'sws'),
      node('Mul', 'c sws', 'm'),
      node('Add', 'm b', 'y'),
    ],
    initializers: { w: int8s(6, 4), wz: int8Zero(0), ws: scale(0.01), b: weights(4) },
  }),
  given('DynamicQuantizeLinear and ConvInteger with padding', {
    inputs: { x: [1, 2, 4, 4] },
    nodes: [
      node('DynamicQuantizeLinear', 'x', 'q s z'),
      node('ConvInteger', 'q w z wz', 'i', { pads: [1, 1, 1, 1] }),
      node('Cast', 'i', 'c', { to: elementType.float }),
      node('Mul', 'ws s', 'sws'),
      node('Mul', 'sws c', 'y'),
    ],
    initializers: { w: uint8s(3, 2, 3, 3), wz: uint8Zero(120), ws: scale(0.01) },
  }),
  given('DynamicQuantizeLinear of two operands of one MatMulInteger', {
    inputs: { x: [3, 6], v: [6, 2] },
    nodes: [
      node('DynamicQuantizeLinear', 'x', 'qx sx zx'),
      node('DynamicQuantizeLinear', 'v', 'qv sv zv'),
      node('MatMulInteger', 'qx qv zx zv', 'i'),
      node('Cast', 'i', 'c', { to: elementType.float }),
      node('Mul', 'sx sv', 's'),
      node('Mul', 'c s', 'y'),
    ],
  }),
  given('DynamicQuantizeLinear and DequantizeLinear', {
    inputs: { x: [6] },
    nodes: [node('DynamicQuantizeLinear', 'x', 'q s z'), node('DequantizeLinear', 'q s z', 'y')],
  }),
  given('DynamicQuantizeMatMul with a bias', {
    domains: { 'com.microsoft': 1 },
    inputs: { x: [3, 6] },
    nodes: [microsoft('DynamicQuantizeMatMul', 'x w ws wz b', 'y')],
    initializers: {
      w: int8s(6, 4),
      ws: floats([4], [0.01, 0.02, 0.03, 0.04]),
      wz: zeroPoint(elementType.int8, 0, 0, 0, 0),
      b: weights(4),
    },
  }),
  given('MatMulIntegerToFloat', {
    domains: { 'com.microsoft': 1 },
    inputs: { x: [3, 6] },
    nodes: [node('DynamicQuantizeLinear', 'x', 'q s z'), microsoft('MatMulIntegerToFloat', 'q w s ws z wz b', 'y')],
    initializers: { w: uint8s(6, 4), ws: scale(0.01), wz: uint8Zero(100), b: weights(4) },
  }),
];

const nBits = (name: string, bits: number, parts: Record<string, TensorSpec>, inputs: string): Case =>
  given(name, {
    domains: { 'com.microsoft': 1 },
    inputs: { x: [batch, 40] },
    nodes: [microsoft('MatMulNBits', `x w s${inputs}`, 'y', { K: 40, N: 3, bits, block_size: 16 })],
    initializers: parts,
  });

const fewBits: Case[] = [
  nBits('MatMulNBits of 4 bits', 4, { w: uint8s(3, 3, 8), s: weights(9) }, ''),
  nBits('MatMulNBits of 4 bits with zero points', 4, { w: uint8s(3, 3, 8), s: weights(9), z: uint8s(6) }, ' z'),
  nBits('MatMulNBits of 8 bits with a bias', 8, { w: uint8s(3, 3, 16), s: weights(9), b: weights(3) }, ' _ _ b'),
];

const { uint8, int32, int64, bool } = elementType;

/** Inputs and outputs that are no floats. */
const interfaces: Case[] = [
  given('pixels of uint8, cast and scaled', {
    inputs: { x: [batch, 6] },
    types: { x: uint8 },
    nodes: [node('Cast', 'x', 'f', { to: elementType.float }), node('Div', 'f d', 's'), node('MatMul', 's w', 'y')],
    initializers: { d: scale(255), w: weights(6, 3) },
  }),
  given('pixels of uint8 as quantised values', {
    inputs: { x: [batch, 6] },
    types: { x: uint8 },
    nodes: [node('DequantizeLinear', 'x s z', 'f'), node('MatMul', 'f w', 'y')],
    initializers: { s: scale(0.02), z: uint8Zero(3), w: weights(6, 3) },
  }),
  given('integers in and out', {
    inputs: { x: [batch, 4], v: [batch, 4] },
    types: { x: int64, v: int64, y: int64 },
    nodes: [node('Mul', 'x v', 'p'), node('Sub', 'p x', 'd'), node('ReduceSum', 'd a', 'y')],
    initializers: { a: raw([1], int64, BigInt64Array.of(1n)) },
  }),
  given('MatMulInteger of inputs, with zero points', {
    inputs: { x: [3, 6], v: [6, 2] },
    types: { x: uint8, v: uint8, y: int32 },
    nodes: [node('MatMulInteger', 'x v xz vz', 'y')],
    initializers: { xz: uint8Zero(3), vz: uint8Zero(100) },
  }),
  given('a mask of booleans', {
    inputs: { x: [batch, 4], m: [batch, 4] },
    types: { m: bool },
    nodes: [node('Not', 'm', 'n'), node('Cast', 'n', 'f', { to: elementType.float }), node('Mul', 'x f', 'y')],
  }),
  given('logic of booleans', {
    inputs: { p: [batch, 4], q: [batch, 4] },
    types: { p: bool, q: bool, y: bool },
    nodes: [node('And', 'p q', 'a'), node('Or', 'p c', 'o'), node('Xor', 'a o', 'e'), node('Xor', 'e q', 'y')],
    initializers: { c: raw([4], bool, Uint8Array.of(1, 0, 0, 1)) },
  }),
];

export const quantizationCases: readonly Case[] = [
  ...constants,
  ...values,
  ...operators,
  ...dynamic,
  ...fewBits,
  ...interfaces,
];
