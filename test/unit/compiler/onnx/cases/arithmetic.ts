/** Sums, products, powers and reductions, with broadcasting in both directions. */
import { floats, int64s, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, positives, scalar, weights } from './case.ts';

const batch = 'batch';

/** x with a constant on either side, of several shapes. */
const withConstants: Case[] = ['Add', 'Sub', 'Mul'].flatMap((opType) => [
  given(`${opType} of a batch and a scalar`, {
    inputs: { x: [batch, 2, 3] },
    nodes: [node(opType, 'x c', 'y')],
    initializers: { c: scalar(1.5) },
  }),
  given(`${opType} of a row and a batch`, {
    inputs: { x: [batch, 2, 3] },
    nodes: [node(opType, 'c x', 'y')],
    initializers: { c: weights(3) },
  }),
  given(`${opType} of a batch and one sample`, {
    inputs: { x: [batch, 2, 3] },
    nodes: [node(opType, 'x c', 'y')],
    initializers: { c: weights(1, 2, 1) },
  }),
  given(`${opType} with a constant that expands the operand`, {
    opset: 7,
    inputs: { x: [3, 1] },
    nodes: [node(opType, 'c x', 'y')],
    initializers: { c: weights(2, 1, 4) },
  }),
  given(`${opType} of two encrypted values that broadcast`, {
    inputs: { x: [batch, 2, 1, 3], z: [batch, 1, 4, 3] },
    nodes: [node(opType, 'x z', 'y')],
  }),
  given(`${opType} of a batch and a value without one`, {
    inputs: { x: [batch, 2, 3], z: [1, 2, 1] },
    nodes: [node(opType, 'z x', 'y')],
  }),
  given(`${opType} of a value and itself`, { inputs: { x: [2, 3] }, nodes: [node(opType, 'x x', 'y')] }),
]);

const powers: Case[] = [0, 1, 2, 3, 5].map((exponent) =>
  given(`Pow to ${exponent}`, {
    inputs: { x: [batch, 4] },
    nodes: [node('Pow', 'x e', 'y')],
    initializers: { e: scalar(exponent) },
  }),
);

const nary: Case[] = [
  given('Div by a row', {
    inputs: { x: [batch, 2, 3] },
    nodes: [node('Div', 'x c', 'y')],
    initializers: { c: positives(3) },
  }),
  given('Neg', { inputs: { x: [batch, 3] }, nodes: [node('Neg', 'x', 'y')] }),
  given('Pow with an exponent that expands', {
    inputs: { x: [1, 3] },
    nodes: [node('Pow', 'x e', 'y')],
    initializers: { e: floats([2, 1], [2, 2]) },
  }),
  given('Sum of encrypted and constant values', {
    inputs: { x: [batch, 2, 3], z: [batch, 1, 3] },
    nodes: [node('Sum', 'x c z d', 'y')],
    initializers: { c: weights(3), d: scalar(2) },
  }),
  given('Sum of one value', { inputs: { x: [batch, 2] }, nodes: [node('Sum', 'x', 'y')] }),
  given('Mean', {
    inputs: { x: [batch, 2, 3], z: [batch, 2, 3] },
    nodes: [node('Mean', 'x z c', 'y')],
    initializers: { c: weights(3) },
  }),
  given('Min and Max with a number', {
    inputs: { x: [batch, 6] },
    nodes: [
      node('Max', 'x zero', 'a'),
      node('Max', 'low x', 'b'),
      node('Min', 'x high', 'c'),
      node('Sum', 'a b c', 'y'),
    ],
    initializers: { zero: scalar(0), low: scalar(-0.5), high: scalar(0.7) },
  }),
];

const byElement: Case[] = [
  given('Pow with an exponent for each element', {
    inputs: { x: [batch, 2, 3] },
    nodes: [node('Pow', 'x e', 'y')],
    initializers: { e: floats([2, 3], [0, 1, 2, 3, 1, 5]) },
  }),
  given('Pow with exponents that expand the operand', {
    inputs: { x: [2, 1] },
    nodes: [node('Pow', 'x e', 'p'), node('Mul', 'p c', 'y')],
    initializers: { e: floats([3], [2, 0, 1]), c: weights(2, 3) },
  }),
  ...['Max', 'Min'].flatMap((opType) => [
    given(`${opType} with a bound for each element`, {
      inputs: { x: [batch, 2, 3] },
      nodes: [node(opType, 'c x', 'y')],
      initializers: { c: weights(2, 3) },
    }),
    given(`${opType} with bounds that expand the operand`, {
      inputs: { x: [2, 1] },
      nodes: [node(opType, 'x c zero', 'y')],
      initializers: { c: weights(3), zero: scalar(0) },
    }),
  ]),
];

const reductions: Case[] = ['ReduceSum', 'ReduceMean', 'ReduceSumSquare', 'ReduceProd'].flatMap((opType) => [
  given(`${opType} of one axis`, {
    opset: 18,
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node(opType, 'x axes', 'y', { keepdims: 0 })],
    initializers: { axes: int64s([1], [2]) },
  }),
  given(`${opType} of axes that are kept, counted from the end`, {
    opset: 18,
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node(opType, 'x axes', 'y')],
    initializers: { axes: int64s([2], [-1, 1]) },
  }),
  given(`${opType} with axes as an attribute`, {
    opset: 11,
    inputs: { x: [batch, 2, 3] },
    nodes: [node(opType, 'x', 'y', { axes: [-2], keepdims: 0 })],
  }),
  given(`${opType} of everything`, { inputs: { x: [2, 3] }, nodes: [node(opType, 'x', 'y', { keepdims: 0 })] }),
]);

const more: Case[] = [
  given('ReduceSum of nothing', {
    opset: 13,
    inputs: { x: [batch, 3] },
    nodes: [node('ReduceSum', 'x axes', 'y', { noop_with_empty_axes: 1 })],
    initializers: { axes: int64s([0], []) },
  }),
  given('ReduceSum with noop_with_empty_axes that is neither 0 nor 1', {
    opset: 13,
    inputs: { x: [2, 3] },
    nodes: [node('ReduceSum', 'x', 'y', { noop_with_empty_axes: 4 })],
  }),
  given('flags that are neither 0 nor 1', {
    opset: 14,
    inputs: { x: [2, 3] },
    nodes: [
      node('ReduceSum', 'x one', 'rows', { keepdims: 2 }),
      node('Gemm', 'x w', 'product', { transA: 5, transB: -1 }),
      node('Reshape', 'product shape', 'row', { allowzero: 2 }),
      node('Add', 'row rows', 'y'),
    ],
    initializers: { one: int64s([1], [1]), w: weights(2, 2), shape: int64s([2], [0, 2]) },
  }),
  given('ReduceProd of an empty constant', {
    inputs: { x: [batch, 3] },
    nodes: [node('ReduceProd', 'none', 'one', { axes: [0], keepdims: 0 }), node('Mul', 'x one', 'y')],
    initializers: { none: floats([0], []) },
  }),
  ...[0, 1].flatMap((exclusive) =>
    [0, 1].map((reverse) =>
      given(`CumSum, exclusive ${exclusive}, reverse ${reverse}`, {
        inputs: { x: [batch, 3, 4] },
        nodes: [node('CumSum', 'x axis', 'y', { exclusive, reverse })],
        initializers: { axis: int64s([], [reverse === 0 ? 1 : -1]) },
      }),
    ),
  ),
];

export const arithmeticCases: readonly Case[] = [
  ...withConstants,
  ...powers,
  ...nary,
  ...byElement,
  ...reductions,
  ...more,
];
