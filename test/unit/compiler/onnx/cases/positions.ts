/** Operators that write, drop or repeat elements at positions that constants give, and those that compute such positions. */
import { bools, elementType, floats, int64s, node, raw } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const batch = 'batch';

const scatters: Case[] = [
  ...['none', 'add'].flatMap((reduction) => [
    given(`ScatterND, reduction ${reduction}`, {
      opset: 18,
      inputs: { x: [3, 4], u: [2, 4] },
      nodes: [node('ScatterND', 'x i u', 'y', { reduction })],
      initializers: { i: int64s([2, 1], [2, 0]) },
    }),
    given(`ScatterElements, reduction ${reduction}`, {
      opset: 18,
      inputs: { x: [3, 4], u: [2, 2] },
      nodes: [node('ScatterElements', 'x i u', 'y', { axis: 1, reduction })],
      initializers: { i: int64s([2, 2], [3, 0, -1, 1]) },
    }),
  ]),
  given('ScatterND that adds several to one element', {
    opset: 18,
    inputs: { x: [4], u: [3] },
    nodes: [node('ScatterND', 'x i u', 'y', { reduction: 'add' })],
    initializers: { i: int64s([3, 1], [1, 1, 3]) },
  }),
  given('ScatterElements of encrypted updates to zeros', {
    opset: 18,
    inputs: { u: [3, 2] },
    nodes: [node('ScatterElements', 'zeros i u', 'y', { reduction: 'add' })],
    initializers: { zeros: floats([2, 2], [0, 0, 0, 0]), i: int64s([3, 2], [0, 1, 0, 0, 1, 1]) },
  }),
  given('ScatterElements that multiplies by constants', {
    opset: 18,
    inputs: { x: [3, 2] },
    nodes: [node('ScatterElements', 'x i u', 'y', { reduction: 'mul' })],
    initializers: { i: int64s([2, 2], [0, 1, 0, 2]), u: weights(2, 2) },
  }),
  given('ScatterND that multiplies encrypted values', {
    opset: 18,
    inputs: { x: [3, 2], u: [2, 2] },
    nodes: [node('ScatterND', 'x i u', 'y', { reduction: 'mul' })],
    initializers: { i: int64s([2, 1], [2, 0]) },
  }),
  given('ScatterND that multiplies one element several times', {
    opset: 18,
    inputs: { x: [3], u: [5] },
    nodes: [node('ScatterND', 'x i u', 'y', { reduction: 'mul' })],
    initializers: { i: int64s([5, 1], [2, 0, 2, 2, 0]) },
  }),
  given('GatherND with batch_dims', {
    inputs: { x: [2, 3, 4] },
    nodes: [node('GatherND', 'x i', 'y', { batch_dims: 1 })],
    initializers: { i: int64s([2, 2, 1], [0, 2, 1, 1]) },
  }),
  given('Dropout that drops nothing, in training', {
    inputs: { x: [batch, 4] },
    nodes: [node('Dropout', 'x zero yes', 'y')],
    initializers: { zero: scalar(0), yes: bools([], [true]) },
  }),
  given('ScatterElements of constants, the largest', {
    opset: 18,
    inputs: { x: [2] },
    nodes: [node('ScatterElements', 'c i u', 's', { reduction: 'max' }), node('Mul', 'x s', 'y')],
    initializers: { c: weights(2), i: int64s([3], [0, 1, 0]), u: weights(3) },
  }),
  given('Scatter, opset 10', {
    opset: 10,
    inputs: { x: [2, 3] },
    nodes: [node('Scatter', 'x i u', 'y', { axis: 1 })],
    initializers: { i: int64s([2, 1], [2, 0]), u: weights(2, 1) },
  }),
];

const choices: Case[] = [
  given('Compress along an axis', {
    inputs: { x: [batch, 4, 2] },
    nodes: [node('Compress', 'x c', 'y', { axis: 1 })],
    initializers: { c: bools([3], [true, false, true]) },
  }),
  given('Compress of all elements', {
    inputs: { x: [2, 3] },
    nodes: [node('Compress', 'x c', 'y')],
    initializers: { c: bools([5], [false, true, false, true, true]) },
  }),
  given('CenterCropPad', {
    opset: 18,
    inputs: { x: [batch, 5, 4] },
    nodes: [node('CenterCropPad', 'x s', 'y', { axes: [1, 2] })],
    initializers: { s: int64s([2], [2, 7]) },
  }),
  given('ReverseSequence', {
    inputs: { x: [4, 3, 2] },
    nodes: [node('ReverseSequence', 'x n', 'y')],
    initializers: { n: int64s([3], [4, 1, 3]) },
  }),
  given('ReverseSequence with the axes the other way round', {
    inputs: { x: [2, 5, 2] },
    nodes: [node('ReverseSequence', 'x n', 'y', { batch_axis: 0, time_axis: 1 })],
    initializers: { n: int64s([2], [3, 5]) },
  }),
  given('Col2Im with padding, strides and dilations', {
    opset: 18,
    inputs: { x: [batch, 8, 9] },
    nodes: [node('Col2Im', 'x image block', 'y', { pads: [1, 0, 0, 1], strides: [2, 1], dilations: [1, 2] })],
    initializers: { image: int64s([2], [6, 4]), block: int64s([2], [2, 2]) },
  }),
  given('MaxUnpool', {
    inputs: { x: [1, 1, 2, 2] },
    nodes: [node('MaxUnpool', 'x i', 'y', { kernel_shape: [2, 2], strides: [2, 2] })],
    initializers: { i: int64s([1, 1, 2, 2], [5, 7, 8, 11]) },
  }),
];

const computed: Case[] = [
  given('OneHot along an inner axis', {
    inputs: { x: [2, 4, 3] },
    nodes: [node('OneHot', 'i depth values', 'h', { axis: 1 }), node('Mul', 'x h', 'y')],
    initializers: { i: int64s([2, 3], [0, 3, -1, 2, 9, 1]), depth: int64s([], [4]), values: floats([2], [0.5, 2]) },
  }),
  given('NonZero', {
    inputs: { x: [3, 4] },
    nodes: [node('NonZero', 'mask', 'z'), node('Transpose', 'z', 't'), node('GatherND', 'x t', 'y')],
    initializers: { mask: floats([3, 4], [0, 1, 0, 0, 2, 0, 0, 3, 0, 0, 0, 1]) },
  }),
  given('EyeLike of an encrypted matrix', {
    inputs: { x: [3, 4] },
    nodes: [node('EyeLike', 'x', 'e', { k: 1 }), node('Mul', 'x e', 'y')],
  }),
  given('Unique elements', {
    inputs: { x: [4] },
    nodes: [
      node('Unique', 'c', 'v i inverse counts'),
      node('Gather', 'x i', 'a'),
      node('Gather', 'a inverse', 'b'),
      node('Cast', 'counts', 'n', { to: 1 }),
      node('Mul', 'a n', 'd'),
      node('Add', 'd v', 'e'),
    ],
    outputs: ['b', 'e'],
    initializers: { c: floats([4], [3, 1, 3, 2]) },
  }),
  given('Unique rows, not sorted', {
    inputs: { x: [2, 2] },
    nodes: [node('Unique', 'c', 'v', { axis: 0, sorted: 0 }), node('Mul', 'x v', 'y')],
    initializers: { c: floats([3, 2], [3, 1, 2, 0, 3, 1]) },
  }),
  given('reductions of constants', {
    inputs: { x: [batch, 2] },
    nodes: [
      ...['ReduceL1', 'ReduceL2', 'ReduceLogSumExp'].map((opType) =>
        node(opType, 'c', opType, { axes: [1], keepdims: 0 }),
      ),
      node('ReduceLogSum', 'p', 'ReduceLogSum', { axes: [1], keepdims: 0 }),
      node('Sum', 'ReduceL1 ReduceL2 ReduceLogSumExp ReduceLogSum', 'r'),
      node('Mul', 'x r', 'y'),
    ],
    initializers: { c: weights(2, 3), p: floats([2, 2], [1, 2, 3, 4]) },
  }),
  given('angles of constants', {
    inputs: { x: [batch, 2] },
    nodes: [
      ...['Acos', 'Asin', 'Atan', 'Atanh', 'Asinh', 'Cosh', 'Sinh', 'Tan'].map((opType) => node(opType, 'c', opType)),
      node('Acosh', 'big', 'Acosh'),
      node('Sum', 'Acos Asin Atan Atanh Asinh Cosh Sinh Tan Acosh', 'r'),
      node('Mul', 'x r', 'y'),
    ],
    initializers: { c: floats([2], [0.25, -0.5]), big: floats([2], [1.5, 3]) },
  }),
  given('tests of constants', {
    inputs: { x: [batch, 3] },
    nodes: [
      node('Div', 'x3 zero', 'q'),
      node('IsNaN', 'q', 'nan'),
      node('IsInf', 'q', 'inf', { detect_negative: 0 }),
      node('Where', 'nan x zero', 'a'),
      node('Where', 'inf x a', 'y'),
    ],
    initializers: { x3: floats([3], [1, -1, 0]), zero: scalar(0) },
  }),
  given('bits of constants', {
    opset: 18,
    inputs: { x: [8, 2] },
    nodes: [
      node('BitwiseAnd', 'a b', 'c'),
      node('BitwiseOr', 'c one', 'd'),
      node('BitwiseXor', 'd one', 'e'),
      node('Gather', 'x e', 'y'),
    ],
    initializers: { a: int64s([3], [7, 5, 6]), b: int64s([3], [3, 6, 4]), one: int64s([1], [1]) },
  }),
];

const cached: Case[] = [
  ...[0, 1].map((interleaved) =>
    given(`RotaryEmbedding, interleaved ${interleaved}`, {
      opset: 23,
      inputs: { x: [2, 3, 4, 6] },
      nodes: [node('RotaryEmbedding', 'x cosines sines positions', 'y', { interleaved, rotary_embedding_dim: 4 })],
      initializers: {
        cosines: weights(8, 2),
        sines: weights(8, 2),
        positions: int64s([2, 4], [0, 1, 2, 3, 4, 7, 6, 5]),
      },
    }),
  ),
  given('RotaryEmbedding of heads side by side', {
    opset: 23,
    inputs: { x: [2, 3, 8] },
    nodes: [node('RotaryEmbedding', 'x cosines sines', 'y', { num_heads: 2 })],
    initializers: { cosines: weights(2, 3, 2), sines: weights(2, 3, 2) },
  }),
  ...['linear', 'circular'].map((mode) =>
    given(`TensorScatter, ${mode}`, {
      opset: 24,
      inputs: { x: [2, 1, 4, 3], u: [2, 1, 2, 3] },
      nodes: [node('TensorScatter', 'x u at', 'y', { mode })],
      initializers: { at: int64s([2], [1, mode === 'linear' ? 2 : 3]) },
    }),
  ),
  ...['LEFT', 'RIGHT'].map((direction) =>
    given(`BitShift to the ${direction}`, {
      inputs: { x: [9, 2] },
      nodes: [
        node('BitShift', 'a b', 'c', { direction }),
        node('Cast', 'c', 'i', { to: 7 }),
        node('Gather', 'x i', 'y'),
      ],
      initializers: {
        a: raw([2], elementType.uint8, Uint8Array.of(2, 4)),
        b: raw([1], elementType.uint8, Uint8Array.of(1)),
      },
    }),
  ),
];

const products: Case[] = [1, 2, 5].map((extent) =>
  given(`ReduceProd of ${extent} encrypted values`, {
    inputs: { x: [batch, 2, extent] },
    nodes: [node('ReduceProd', 'x', 'y', { axes: [2] })],
  }),
);

export const positionCases: readonly Case[] = [...scatters, ...choices, ...computed, ...cached, ...products];
