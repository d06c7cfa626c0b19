/** Arithmetic on shapes, as exporters write it, some of it with the size of the batch. */
import { floats, int64s, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, weights } from './case.ts';

const batch = 'batch';
const one = { tensor: int64s([1], [1]) };

/** `x.view(x.size(0), -1)` */
const viewOfBatch = [
  node('Shape', 'x', 'shape'),
  node('Constant', '', 'zero', { value: { tensor: int64s([], [0]) } }),
  node('Gather', 'shape zero', 'size', { axis: 0 }),
];

export const symbolicCases: readonly Case[] = [
  given('view(x.size(0), -1), opset 11', {
    opset: 11,
    inputs: { x: [batch, 2, 3] },
    nodes: [
      ...viewOfBatch,
      node('Unsqueeze', 'size', 'size1', { axes: [0] }),
      node('Constant', '', 'rest', { value: { tensor: int64s([1], [-1]) } }),
      node('Concat', 'size1 rest', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'flat'),
      node('Gemm', 'flat w', 'y'),
    ],
    initializers: { w: weights(6, 2) },
  }),
  given('view(x.size(0), x.size(1) * x.size(2)) by Slice, Squeeze, Mul and Cast', {
    inputs: { x: [batch, 2, 3] },
    nodes: [
      ...viewOfBatch,
      node('Unsqueeze', 'size zeros', 'size1'),
      node('Slice', 'shape one three', 'inner'),
      node('ReduceProd', 'inner', 'product', { axes: [0] }),
      node('Cast', 'product', 'asFloat', { to: 1 }),
      node('Floor', 'asFloat', 'floor'),
      node('Cast', 'floor', 'back', { to: 7 }),
      node('Concat', 'size1 back', 'target', { axis: 0 }),
      node('Reshape', 'x target', 'y'),
    ],
    initializers: { zeros: int64s([1], [0]), one: int64s([1], [1]), three: int64s([1], [3]) },
  }),
  given('Shape with start and end, Size, Range and ConstantOfShape', {
    opset: 15,
    inputs: { x: [batch, 4], z: [3] },
    nodes: [
      node('Shape', 'x', 'columns', { start: 1, end: 2 }),
      node('ConstantOfShape', 'columns', 'ones', { value: { tensor: floats([1], [1]) } }),
      node('Size', 'z', 'three'),
      node('Constant', '', 'zero', { value_int: 0 }),
      node('Constant', '', 'step', { value_int: 1 }),
      node('Range', 'zero three step', 'indices'),
      node('Gather', 'x indices', 'picked', { axis: 1 }),
      node('Add', 'x ones', 'a'),
      node('Concat', 'a picked', 'y', { axis: 1 }),
    ],
    outputs: ['y'],
  }),
  given('expand_as: Equal and Where on a shape with the batch', {
    inputs: { x: [batch, 1, 3] },
    nodes: [
      ...viewOfBatch,
      node('Unsqueeze', 'size zeros', 'size1'),
      node('Concat', 'size1 others', 'target', { axis: 0 }),
      node('Shape', 'target', 'rank'),
      node('ConstantOfShape', 'rank', 'ones', { value: one }),
      node('Constant', '', 'minus', { value_ints: [-1] }),
      node('Mul', 'ones minus', 'markers'),
      node('Equal', 'target markers', 'isMarker'),
      node('Where', 'isMarker ones target', 'final'),
      node('Expand', 'x final', 'y'),
    ],
    initializers: { zeros: int64s([1], [0]), others: int64s([2], [4, -1]) },
  }),
  given('a mask from a Range, comparisons and logic', {
    inputs: { x: [batch, 6] },
    nodes: [
      node('Range', 'zero six one', 'r'),
      node('Mod', 'r three', 'm'),
      node('Less', 'm one', 'first'),
      node('Greater', 'r four', 'last'),
      node('GreaterOrEqual', 'r four', 'end'),
      node('LessOrEqual', 'r zero', 'begin'),
      node('Or', 'first last', 'or'),
      node('Xor', 'or begin', 'xor'),
      node('Not', 'xor', 'not'),
      node('And', 'not end', 'and'),
      node('Or', 'and first', 'mask'),
      node('Where', 'mask x zeroFloat', 'y'),
    ],
    initializers: {
      zero: int64s([], [0]),
      six: int64s([], [6]),
      one: int64s([], [1]),
      three: int64s([], [3]),
      four: int64s([], [4]),
      zeroFloat: floats([], [0]),
    },
  }),
  given('scale by the root of a size: Sqrt, Div and Pow on constants', {
    inputs: { x: [batch, 4] },
    nodes: [
      node('Shape', 'x', 'shape'),
      node('Slice', 'shape one two', 'd'),
      node('Cast', 'd', 'dFloat', { to: 1 }),
      node('Pow', 'dFloat half', 'root'),
      node('Constant', '', 'c', { value_float: { float: 3 } }),
      node('Constant', '', 'cs', { value_floats: { floats: [1, 2, 3, 4] } }),
      node('Div', 'c root', 'scale'),
      node('Mul', 'x scale', 'scaled'),
      node('Div', 'scaled cs', 'y'),
    ],
    initializers: { one: int64s([1], [1]), two: int64s([1], [2]), half: floats([], [0.5]) },
  }),
  given('sizes halved: Div, ReduceMax, ReduceMin, Neg and Sub on integers', {
    inputs: { x: [batch, 7] },
    nodes: [
      node('Shape', 'x', 'shape', {}),
      node('Slice', 'shape one two', 'n'),
      node('Div', 'n two', 'half'),
      node('Neg', 'half', 'minus'),
      node('Concat', 'n half', 'both', { axis: 0 }),
      node('ReduceMin', 'both', 'least', { keepdims: 1 }),
      node('ReduceMax', 'both', 'most', { keepdims: 1 }),
      node('Slice', 'x minus most axis', 'tail'),
      node('Slice', 'x zero least axis', 'head'),
      node('Add', 'head tail', 'y'),
    ],
    initializers: { one: int64s([1], [1]), two: int64s([1], [2]), zero: int64s([1], [0]), axis: int64s([1], [1]) },
  }),
];
