/** Comparisons of encrypted values: pools, thresholds, and what layers read of conditions and extremes. */
import { elementType, int64s, node, type NodeSpec, type TensorSpec } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const image = { x: ['batch', 2, 5, 6] };

const pools: Case[] = [
  given('MaxPool', { inputs: image, nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 3], strides: [2, 3] })] }),
  given('MaxPool of windows that overlap, dilated', {
    ...{ opset: 12, inputs: image },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2], dilations: [2, 1] })],
  }),
  given('MaxPool with pads', {
    inputs: image,
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })],
  }),
  given('MaxPool with ceil_mode', {
    ...{ opset: 12, inputs: image },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  }),
  given('MaxPool with auto_pad', {
    ...{ inputs: { x: ['batch', 3, 7] } },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [4], strides: [2], auto_pad: 'SAME_LOWER' })],
  }),
  given('MaxPool of several images of one sample', {
    inputs: { x: [2, 2, 4, 4] },
    nodes: [node('MaxPool', 'x', 'y', { kernel_shape: [2, 2], strides: [2, 2] })],
  }),
  given('GlobalMaxPool', { inputs: image, nodes: [node('GlobalMaxPool', 'x', 'y')] }),
];

function of(name: string, nodes: readonly NodeSpec[]): Case {
  return given(name, { opset: 22, inputs: { x: ['batch', 3, 4] }, nodes });
}

const thresholds: Case[] = [
  of('ThresholdedRelu', [node('ThresholdedRelu', 'x', 'y')]),
  of('ThresholdedRelu at 0', [node('ThresholdedRelu', 'x', 'y', { alpha: { float: 0 } })]),
  of('Shrink', [node('Shrink', 'x', 'y', { lambd: { float: 0.75 }, bias: { float: 0.25 } })]),
  of('Shrink to 0', [node('Shrink', 'x', 'y')]),
  of('Shrink without a jump', [node('Shrink', 'x', 'y', { lambd: { float: 0.75 }, bias: { float: 0.75 } })]),
];

/** Behind a layer and before another one, which reads `r`. */
function inside(
  name: string,
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
): Case {
  return given(name, {
    ...{ opset: 18, inputs: { x: ['batch', 4] } },
    nodes: [node('MatMul', 'x w', 'h'), node('MatMul', 'x u', 'g'), ...nodes, node('MatMul', 'r v', 'y')],
    initializers: { w: weights(4, 6), u: weights(4, 6), v: weights(6, 3), zero: scalar(0.25), ...initializers },
  });
}

const asReals = node('Cast', 'c', 'r', { to: elementType.float });

const decisions: Case[] = [
  ...['Greater', 'GreaterOrEqual', 'Less', 'LessOrEqual'].flatMap((opType) => [
    inside(`${opType} of encrypted values`, [node(opType, 'h g', 'c'), asReals]),
    inside(`${opType} of a constant`, [node(opType, 'h zero', 'c'), asReals]),
  ]),
  inside('conditions that are joined', [
    ...[node('Greater', 'h zero', 'a'), node('Less', 'g zero', 'b')],
    ...[node('And', 'a b', 'd'), node('Not', 'd', 'e'), node('Xor', 'e a', 'c'), asReals],
  ]),
  inside('Equal of conditions', [
    ...[node('Greater', 'h zero', 'a'), node('Less', 'g zero', 'b'), node('Equal', 'a b', 'c'), asReals],
  ]),
  inside('Where', [node('Greater', 'h g', 'c'), node('Where', 'c h zero', 'r')]),
  inside('Where of constants', [node('Greater', 'h g', 'c'), node('Where', 'c one zero', 'r')], { one: scalar(1) }),
  given('Equal of integers', {
    ...{
      opset: 18,
      inputs: { x: ['batch', 4], k: ['batch', 4] },
      types: { x: elementType.int64, k: elementType.int64 },
    },
    nodes: [
      ...[node('Add', 'x x', 'a'), node('Mul', 'a k', 'd'), node('Equal', 'd four', 'c'), node('Greater', 'd a', 'e')],
      ...[node('Xor', 'c e', 'f'), node('Cast', 'f', 'r', { to: elementType.float }), node('MatMul', 'r v', 'y')],
    ],
    initializers: { four: int64s([], [4]), v: weights(4, 3) },
  }),
];

const extremes: Case[] = [
  ...['Max', 'Min'].flatMap((opType) => [
    inside(`${opType} of encrypted values`, [node(opType, 'h g', 'r')]),
    inside(`${opType} of three, and a constant`, [node('Add', 'h g', 's'), node(opType, 'h zero g s', 'r')]),
  ]),
  inside('ReduceMax', [node('ReduceMax', 'h axes', 'm'), node('Sub', 'h m', 'r')], { axes: int64s([1], [1]) }),
  inside('ReduceMin', [node('ReduceMin', 'h axes', 'm'), node('Sub', 'h m', 'r')], { axes: int64s([1], [1]) }),
];

/** Bounds of Clip are single numbers, which batches of samples do not share. */
const bounds: Case[] = ['low', '_ high', 'low high'].map((operands) =>
  given(`Clip with encrypted bounds: ${operands}`, {
    inputs: {
      x: [6],
      ...Object.fromEntries(operands.split(' ').flatMap((name) => (name === '_' ? [] : [[name, []]]))),
    },
    nodes: [node('Add', 'x x', 'h'), node('Clip', `h ${operands}`, 'r'), node('MatMul', 'r v', 'y')],
    initializers: { v: weights(6, 3) },
  }),
);

export const comparisonCases: readonly Case[] = [...pools, ...thresholds, ...decisions, ...extremes, ...bounds];
