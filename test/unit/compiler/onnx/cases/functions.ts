/** Functions of encrypted values: a layer reads what comes of each, so that the client cannot compute it. */
import { int64s, node, type NodeSpec, type TensorSpec } from '../../../../support/onnx-builder.ts';
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

const attention: Case[] = [
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

export const functionCases: readonly Case[] = [...elementwise, ...reductions, ...norms, ...attention];
