/** Operators that the client computes, before encryption and after decryption; each in the middle of other steps once. */
import {
  type AttributeSpec,
  elementType,
  floats,
  int64s,
  node,
  type NodeSpec,
} from '../../../../support/onnx-builder.ts';
import { type Case, given, positives, scalar, weights } from './case.ts';

const inputs = { x: ['batch', 3, 4] };
const initializers = {
  w: weights(4, 4),
  p: positives(3, 4),
  c: scalar(0.25),
  two: int64s([1], [2]),
  last: int64s([1], [-1]),
  depth: int64s([1], [5]),
  values: floats([2], [-0.5, 2]),
};

/** `nodes` on h, which is encrypted; `whole` where they make y of integers. */
function after(name: string, nodes: readonly NodeSpec[], { opset = 18, outputs = ['y'], whole = false } = {}): Case {
  const types = whole ? { y: elementType.int64 } : {};
  return given(name, { opset, inputs, nodes: [node('MatMul', 'x w', 'h'), ...nodes], initializers, outputs, types });
}

/** One node, whose result is followed by a Cast to float. */
function booleans(opType: string, operands: string): Case {
  return after(opType, [node(opType, operands, 'b'), node('Cast', 'b', 'y', { to: elementType.float })]);
}

const unary = ['Abs', 'Exp', 'Floor', 'Ceil', 'Round', 'Sign', 'Sin', 'Cos', 'Tan', 'Atan', 'Sinh', 'Cosh', 'Asinh'];
const ofPositive = ['Sqrt', 'Log', 'Reciprocal'];
const ofShare = ['Asin', 'Acos', 'Atanh'];

const elementwise: Case[] = [
  ...unary.map((opType) => after(opType, [node(opType, 'h', 'y')])),
  ...ofPositive.map((opType) => after(opType, [node('Exp', 'h', 'e'), node(opType, 'e', 'y')])),
  ...ofShare.map((opType) => after(opType, [node('Sin', 'h', 's'), node('Mul', 's c', 't'), node(opType, 't', 'y')])),
  after('Acosh', [node('Exp', 'h', 'e'), node('Add', 'e two_', 'f'), node('Acosh', 'f', 'y')]),
  after('Erf', [node('Erf', 'h', 'y')]),
  after('Softsign', [node('Softsign', 'h', 'y')]),
  after('Div by an encrypted value', [node('Exp', 'h', 'e'), node('Div', 'x e', 'y')]),
  after('Pow by an encrypted value', [node('Exp', 'h', 'e'), node('Pow', 'e h', 'y')]),
  after('Mod', [node('Mod', 'h c', 'y', { fmod: 1 })]),
  after('Min and Max of encrypted values', [node('Min', 'h x', 'a'), node('Max', 'a c', 'y')]),
  booleans('Greater', 'h c'),
  booleans('GreaterOrEqual', 'h c'),
  booleans('Less', 'h x'),
  booleans('LessOrEqual', 'h c'),
  booleans('IsNaN', 'h'),
  booleans('IsInf', 'h'),
  after('logic of comparisons', [
    node('Greater', 'h c', 'a'),
    node('Less', 'x c', 'b'),
    node('And', 'a b', 'd'),
    node('Or', 'a b', 'e'),
    node('Xor', 'd e', 'f'),
    node('Not', 'f', 'g'),
    node('Equal', 'g a', 'i'),
    node('Where', 'i h x', 'y'),
  ]),
  after('Cast to bytes', [
    node('Mul', 'h hundred', 'm'),
    node('Cast', 'm', 'i', { to: 6 }),
    node('Cast', 'i', 'b', { to: elementType.int8 }),
    node('Cast', 'b', 'y', { to: 1 }),
  ]),
  after('CastLike', [node('Floor', 'h', 'f'), node('CastLike', 'f two', 'i'), node('Cast', 'i', 'y', { to: 1 })]),
].map(({ name, spec }) =>
  given(name, { ...spec, initializers: { ...initializers, two_: scalar(2), hundred: scalar(100) } }),
);

function reduction(opType: string, attributes: Readonly<Record<string, AttributeSpec>> = {}): Case {
  const name = `${opType} of what the client has`;
  return after(name, [node('Exp', 'h', 'e'), node(opType, 'e', 'y', { axes: [1], ...attributes })], { opset: 12 });
}

const alongAxes: Case[] = [
  after('Softmax', [node('Softmax', 'h', 'y')]),
  after('Softmax along another axis', [node('Softmax', 'h', 'y', { axis: 1 })]),
  after('Softmax of opset 11, over all axes behind', [node('Softmax', 'h', 'y', { axis: 1 })], { opset: 11 }),
  after('LogSoftmax', [node('LogSoftmax', 'h', 'y')]),
  after('Hardmax', [node('Hardmax', 'h', 'y', { axis: 1 })]),
  after('ArgMax beside scores', [node('ArgMax', 'h', 'y', { axis: -1 })], {
    outputs: ['h', 'y'],
    whole: true,
  }),
  after('ArgMin without its axis', [node('ArgMin', 'h', 'y', { axis: 1, keepdims: 0, select_last_index: 1 })], {
    whole: true,
  }),
  after('TopK', [node('TopK', 'h two', 'v y')], { outputs: ['v', 'y'], whole: true }),
  after('TopK of the smallest along another axis', [node('TopK', 'h two', 'v y', { axis: 1, largest: 0 })], {
    outputs: ['v', 'y'],
    whole: true,
  }),
  ...['ReduceSum', 'ReduceMean', 'ReduceProd', 'ReduceMax', 'ReduceMin', 'ReduceSumSquare'].map((name) =>
    reduction(name),
  ),
  ...['ReduceL1', 'ReduceL2', 'ReduceLogSum', 'ReduceLogSumExp'].map((name) => reduction(name, { keepdims: 0 })),
  after('LpNormalization', [node('LpNormalization', 'h', 'y', { axis: 1 })]),
  after('LpNormalization by sums', [node('LpNormalization', 'h', 'y', { p: 1 })]),
  after('a softmax that is scaled, moved and joined afterwards', [
    node('Softmax', 'h', 's'),
    node('Mul', 's c', 't'),
    node('Transpose', 't', 'u', { perm: [0, 2, 1] }),
    node('Slice', 'u zero_ two last', 'v'),
    node('Relu', 'v', 'r'),
    node('Concat', 'r r', 'y', { axis: 2 }),
  ]),
].map(({ name, spec }) => given(name, { ...spec, initializers: { ...initializers, zero_: int64s([1], [0]) } }));

const ids = { ids: ['batch', 3] };
const selection: Case[] = [
  given('Gather of a table by an input', {
    inputs: ids,
    types: { ids: elementType.int64 },
    nodes: [node('Gather', 't ids', 'e'), node('ReduceSum', 'e one', 's', { keepdims: 0 }), node('Gemm', 's w', 'y')],
    initializers: { t: weights(6, 4), one: int64s([1], [1]), w: weights(4, 2) },
  }),
  given('OneHot of an input', {
    inputs: ids,
    types: { ids: elementType.int64 },
    nodes: [node('OneHot', 'ids depth values', 'o', { axis: 1 }), node('MatMul', 'o v', 'y')],
    initializers: { ...initializers, v: weights(3, 2) },
  }),
  given('OneHot along the last axis', {
    inputs: ids,
    types: { ids: elementType.int64 },
    nodes: [node('OneHot', 'ids depth values', 'y')],
    initializers,
  }),
  after('labels by ArgMax', [node('ArgMax', 'h', 'a', { axis: 2, keepdims: 0 }), node('Gather', 'labels a', 'y')], {
    whole: true,
  }),
  after('rows by ArgMax', [node('ArgMax', 'h', 'a', { axis: 2, keepdims: 0 }), node('Gather', 'w a', 'y')]),
  after('GatherElements by TopK', [node('TopK', 'h two', 'v i'), node('GatherElements', 'x i', 'y', { axis: 2 })]),
].map(({ name, spec }) =>
  given(name, { ...spec, initializers: { ...spec.initializers, labels: int64s([4], [7, 5, 3, 1]) } }),
);

const beforehand: Case[] = [
  given('two inputs joined', {
    inputs: { a: ['batch', 2], b: ['batch', 3] },
    nodes: [node('Concat', 'b a', 'j', { axis: 1 }), node('Gemm', 'j w', 'y')],
    initializers: { w: weights(5, 2) },
  }),
  given('an input that is normalised', {
    inputs: { x: ['batch', 4] },
    opset: 18,
    nodes: [node('ReduceL2', 'x one', 'n', { keepdims: 1 }), node('Div', 'x n', 'u'), node('Gemm', 'u w', 'y')],
    initializers: { w: weights(4, 2), one: int64s([1], [1]) },
  }),
  given('an input that is compared', {
    inputs: { x: ['batch', 4] },
    nodes: [node('Greater', 'x c', 'b'), node('Cast', 'b', 'f', { to: elementType.float }), node('Gemm', 'f w', 'y')],
    initializers: { w: weights(4, 2), c: scalar(0.5) },
  }),
  given('a constant beside an answer', {
    inputs: { x: ['batch', 4] },
    nodes: [node('Gemm', 'x w', 'y')],
    initializers: { w: weights(4, 2), k: floats([3], [1, 2, 3]) },
    outputs: ['y', 'k'],
  }),
];

export const clientCases: Case[] = [...elementwise, ...alongAxes, ...selection, ...beforehand];
