/** Functions of encrypted values: a layer reads what comes of each, so that the client cannot compute it. */
import {
  bools,
  encodeGraph,
  floats,
  int64s,
  node,
  type NodeSpec,
  type TensorSpec,
} from '../../../../support/onnx-builder.ts';
import { type Case, given, positives, scalar, weights } from './case.ts';

/** The nodes from `m`, an affine map of the input, to `f`; then another affine map. */
function inside(
  name: string,
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
  opset = 17,
): Case {
  return given(name, {
    opset,
    inputs: { x: ['batch', 3, 4] },
    nodes: [node('MatMul', 'x w', 'm'), ...nodes, node('MatMul', 'f v', 'y')],
    initializers: { w: weights(4, 4), v: weights(4, 2), ...initializers },
  });
}

/** m² + 1, which is above one, and m / 9, which is within one. */
const positive = [node('Mul', 'm m', 's'), node('Add', 's one', 'p')];
const small = [node('Mul', 'm ninth', 'p')];
const numbers = { one: scalar(1), ninth: scalar(1 / 9), two: scalar(2) };

const elementwise: Case[] = [
  ...['Abs', 'Sign', 'Exp', 'Erf', 'Sin', 'Cos', 'Atan', 'Sinh', 'Cosh', 'Asinh', 'Softsign'].map((opType) =>
    inside(opType, [node(opType, 'm', 'f')]),
  ),
  ...['Reciprocal', 'Sqrt', 'Log'].map((opType) => inside(opType, [...positive, node(opType, 'p', 'f')], numbers)),
  ...['Tan', 'Asin', 'Acos', 'Atanh'].map((opType) => inside(opType, [...small, node(opType, 'p', 'f')], numbers)),
  inside('Acosh', [...positive, node('Add', 'p one', 'q'), node('Acosh', 'q', 'f')], numbers),
  inside('Div by encrypted values', [...positive, node('Div', 'm p', 'f')], numbers),
  inside('Div of a number', [...positive, node('Div', 'two p', 'f')], numbers),
  ...[1.7, 0.5, -0.5, -1, -2].map((exponent) =>
    inside(`Pow by ${exponent}`, [...positive, node('Pow', 'p e', 'f')], { ...numbers, e: scalar(exponent) }),
  ),
  inside(
    'an even negative power of values of any sign',
    [node('Pow', 'q e', 'f')].toSpliced(0, 0, node('Neg', 'p', 'q')).toSpliced(0, 0, ...positive),
    {
      ...numbers,
      e: scalar(-4),
    },
  ),
  inside('powers that differ between elements', [...positive, node('Pow', 'p e', 'f')], {
    ...numbers,
    e: floats([4], [0.5, -1, 1.5, 2]),
  }),
  inside('an encrypted number to an encrypted power', [...positive, node('Pow', 'p m', 'f')], numbers),
  inside('numbers to encrypted powers', [node('Pow', 'e m', 'f')], { e: floats([4], [0.5, 2, 1.5, 3]) }),
  inside('a number to an encrypted power', [node('Pow', 'two m', 'f')], numbers),
];

const reductions: Case[] = [
  inside('Softmax', [node('Softmax', 'm', 'f', { axis: -1 })]),
  inside('Softmax along another axis', [node('Softmax', 'm', 'f', { axis: 1 })]),
  inside('Softmax of all axes from one on', [node('Softmax', 'm', 'f', { axis: 1 })], {}, 11),
  inside('LogSoftmax', [node('LogSoftmax', 'm', 'f', { axis: -1 })]),
  ...['ReduceL1', 'ReduceL2', 'ReduceLogSumExp'].map((opType) =>
    inside(opType, [node(opType, 'm', 'n', { axes: [2] }), node('Mul', 'm n', 'f')]),
  ),
  inside(
    'ReduceLogSum',
    [...positive, node('ReduceLogSum', 'p', 'n', { axes: [2] }), node('Mul', 'm n', 'f')],
    numbers,
  ),
  inside(
    'ReduceL2 of no axes kept',
    [node('ReduceL2', 'm', 'n', { axes: [1], keepdims: 0 }), node('Unsqueeze', 'n axis', 'u'), node('Mul', 'm u', 'f')],
    { axis: int64s([1], [1]) },
  ),
  inside(
    'Softmax of what a constant hides a part of',
    [node('Add', 'm h', 'a'), node('Softmax', 'a', 'f', { axis: -1 })],
    {
      h: floats([3, 4], [0, -1e9, 0.5, 0, -1e9, 0, 0, 0, 0, 0, -1e9, -1e9]),
    },
  ),
  inside(
    'Softmax of what masks of minus infinity hide a part of, one after another',
    [
      node('Add', 'm h', 'a'),
      node('Mul', 'a two', 'd'),
      node('Add', 'd g', 'e'),
      node('Softmax', 'e', 'f', { axis: -1 }),
    ],
    {
      h: floats([3, 4], [0, -Infinity, 0.5, 0, 0, 0, 0, 0, 0, 0.25, 0, -Infinity]),
      g: floats([4], [0, 0.5, -Infinity, 0]),
      two: scalar(2),
    },
  ),
  inside(
    'Softmax where minus infinity stands in the place of scores, and zero in that of what is no number',
    [
      node('Where', 'keep m never', 'a'),
      node('Softmax', 'a', 's', { axis: -1 }),
      node('IsNaN', 's', 'n'),
      node('Where', 'n zero s', 'f'),
    ],
    {
      keep: bools([3, 4], [1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1].map(Boolean)),
      never: scalar(-Infinity),
      zero: scalar(0),
    },
  ),
  inside('LpNormalization', [node('LpNormalization', 'm', 'f', { axis: -1 })]),
  inside('LpNormalization of p = 1', [node('LpNormalization', 'm', 'f', { axis: 1, p: 1 })]),
];

const image = { x: ['batch', 4, 3, 2] };

function ofImage(
  name: string,
  opset: number,
  nodes: readonly NodeSpec[],
  initializers: Record<string, TensorSpec>,
): Case {
  return given(name, { opset, inputs: image, nodes, initializers });
}

const norms: Case[] = [
  inside('LayerNormalization', [node('LayerNormalization', 'm s b', 'f')], { s: positives(4), b: weights(4) }),
  inside(
    'LayerNormalization without bias, over two axes',
    [node('LayerNormalization', 'm s', 'f', { axis: 1, epsilon: { float: 0.01 } })],
    { s: weights(3, 4) },
  ),
  inside(
    'LayerNormalization with its mean and the inverse of its deviation',
    [
      node('LayerNormalization', 'm s b', 'n mean inverse', { axis: -1 }),
      node('Mul', 'n inverse', 'p'),
      node('Add', 'p mean', 'f'),
    ],
    { s: positives(4), b: weights(4) },
  ),
  inside('RMSNormalization', [node('RMSNormalization', 'm s', 'f', { axis: -1 })], { s: positives(4) }, 23),
  ofImage('InstanceNormalization', 13, [node('InstanceNormalization', 'x s b', 'y', { epsilon: { float: 0.1 } })], {
    s: positives(4),
    b: weights(4),
  }),
  ofImage('GroupNormalization', 21, [node('GroupNormalization', 'x s b', 'y', { num_groups: 2 })], {
    s: positives(4),
    b: weights(4),
  }),
  ofImage('MeanVarianceNormalization', 13, [node('MeanVarianceNormalization', 'x', 'y', { axes: [2, 3] })], {}),
  ofImage(
    'LRN',
    13,
    [node('LRN', 'x', 'y', { size: 3, alpha: { float: 0.5 }, beta: { float: 0.75 }, bias: { float: 1.5 } })],
    {},
  ),
];

const pools: Case[] = [
  ofImage('LpPool', 18, [node('LpPool', 'x', 'y', { kernel_shape: [2, 2], pads: [1, 0, 0, 1], strides: [2, 1] })], {}),
  ofImage('LpPool of absolute values', 18, [node('LpPool', 'x', 'y', { kernel_shape: [2, 1], p: 1 })], {}),
  ofImage('GlobalLpPool', 13, [node('GlobalLpPool', 'x', 'y')], {}),
  ofImage('GlobalLpPool of absolute values', 13, [node('GlobalLpPool', 'x', 'y', { p: 1 })], {}),
];

/** Distances of rows of x to those of c, by a Scan over c as scikit-learn's exporter writes it. */
function scannedDistances(name: string, difference: string, perm: readonly number[]): Case {
  const body = encodeGraph({
    name: 'distances',
    inputs: { state: ['batch', 3], row: [3] },
    outputs: ['next', 'distances'],
    nodes: [
      node('Identity', 'state', 'next'),
      node('Sub', difference, 'd'),
      node('ReduceSumSquare', 'd', 's', { axes: [1], keepdims: 0 }),
      node('Identity', 's', 'distances'),
    ],
  });
  return given(name, {
    opset: 11,
    inputs: { x: ['batch', 3] },
    nodes: [
      node('Scan', 'x c', 'same stacked', { body: { graph: body }, num_scan_inputs: 1 }),
      node('Transpose', 'stacked', 'y', { perm }),
    ],
    initializers: { c: weights(5, 3) },
  });
}

const distances: Case[] = [
  scannedDistances('distances by a Scan', 'state row', [1, 0]),
  scannedDistances('distances by a Scan, the other way round', 'row state', [1, 0]),
];

const heads = { q: ['batch', 4, 3, 2], k: ['batch', 2, 5, 2], v: ['batch', 2, 5, 4] };

const attention: Case[] = [
  given('Attention with heads of its own, shared among queries', {
    opset: 23,
    inputs: heads,
    nodes: [node('Attention', 'q k v', 'y')],
  }),
  given('Attention to what came before', {
    opset: 23,
    inputs: { x: ['batch', 4, 6] },
    nodes: [node('Attention', 'x x x', 'y', { q_num_heads: 3, kv_num_heads: 3, is_causal: 1, scale: { float: 0.3 } })],
  }),
  given('Attention with a mask of booleans', {
    opset: 23,
    inputs: heads,
    nodes: [node('Attention', 'q k v m', 'y')],
    initializers: { m: bools([3, 5], [1, 1, 1, 0, 1, 0, 1, 0, 1, 1, 1, 1, 1, 1, 1].map(Boolean)) },
  }),
  given('Attention with a mask that is added', {
    opset: 23,
    inputs: heads,
    nodes: [node('Attention', 'q k v m', 'y')],
    initializers: { m: floats([3, 5], [0, 0.5, -1e9, 0, -1, 1, 0, 0, -1e9, -1e9, 0, 0, 0, 0.25, 0]) },
  }),
  given('Attention with a mask of minus infinity', {
    opset: 23,
    inputs: heads,
    nodes: [node('Attention', 'q k v m', 'y')],
    initializers: {
      m: floats([3, 5], [0, 0.5, -Infinity, 0, -1, 1, 0, 0, -Infinity, -Infinity, 0, 0, 0, 0.25, 0]),
    },
  }),
  given('attention of a short sequence', {
    opset: 17,
    inputs: { x: ['batch', 3, 4] },
    nodes: [
      node('MatMul', 'x wq', 'q'),
      node('MatMul', 'x wk', 'k'),
      node('MatMul', 'x wv', 'v'),
      node('Transpose', 'k', 't', { perm: [0, 2, 1] }),
      node('MatMul', 'q t', 'a'),
      node('Mul', 'a half', 'h'),
      node('Softmax', 'h', 's', { axis: -1 }),
      node('MatMul', 's v', 'o'),
      node('MatMul', 'o wo', 'y'),
    ],
    initializers: { wq: weights(4, 4), wk: weights(4, 4), wv: weights(4, 4), wo: weights(4, 4), half: scalar(0.5) },
  }),
];

export const functionCases: readonly Case[] = [
  ...elementwise,
  ...reductions,
  ...norms,
  ...pools,
  ...distances,
  ...attention,
];
