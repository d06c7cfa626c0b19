/** Operators that move elements. */
import { bools, floats, int64s, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const batch = 'batch';

const shapes: Case[] = [
  given('Reshape with 0 and -1', {
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node('Reshape', 'x s', 'y')],
    initializers: { s: int64s([3], [0, -1, 4]) },
  }),
  given('Reshape with -1 for the batch', {
    inputs: { x: [batch, 2, 6] },
    nodes: [node('Reshape', 'x s', 'y')],
    initializers: { s: int64s([3], [-1, 3, 4]) },
  }),
  given('Reshape of static samples across the first axis', {
    inputs: { x: [2, 6] },
    nodes: [node('Reshape', 'x s', 'r'), node('Mul', 'r c', 'y')],
    initializers: { s: int64s([2], [4, -1]), c: weights(4, 1) },
  }),
  given('Reshape with allowzero', {
    inputs: { x: [2, 6] },
    nodes: [node('Reshape', 'x s', 'y', { allowzero: 1 })],
    initializers: { s: int64s([2], [3, 4]) },
  }),
  given('Flatten', { inputs: { x: [batch, 2, 3] }, nodes: [node('Flatten', 'x', 'y')] }),
  given('Flatten at 2 across an axis of one', {
    inputs: { x: [batch, 1, 2, 3] },
    nodes: [node('Flatten', 'x', 'y', { axis: 2 })],
  }),
  given('Flatten of static samples', {
    inputs: { x: [2, 3, 4] },
    nodes: [
      node('Flatten', 'x', 'a', { axis: -1 }),
      node('Flatten', 'x', 'b', { axis: 0 }),
      node('Flatten', 'x', 'c', { axis: 3 }),
    ],
    outputs: ['a', 'b', 'c'],
  }),
  given('Transpose', { inputs: { x: [batch, 2, 3, 4] }, nodes: [node('Transpose', 'x', 'y', { perm: [0, 3, 1, 2] })] }),
  given('Transpose, reversing', { inputs: { x: [2, 3, 4] }, nodes: [node('Transpose', 'x', 'y')] }),
  given('Squeeze and Unsqueeze by attributes, opset 11', {
    opset: 11,
    inputs: { x: [batch, 1, 3, 1] },
    nodes: [node('Squeeze', 'x', 's', { axes: [1, -1] }), node('Unsqueeze', 's', 'y', { axes: [1, 3] })],
  }),
  given('Squeeze and Unsqueeze by operands', {
    inputs: { x: [batch, 1, 3, 1] },
    nodes: [node('Squeeze', 'x a', 's'), node('Unsqueeze', 's b', 'y')],
    initializers: { a: int64s([1], [1]), b: int64s([2], [-1, 1]) },
  }),
  given('Squeeze of all axes of one', { inputs: { x: [2, 1, 3, 1] }, nodes: [node('Squeeze', 'x', 'y')] }),
  given('Expand', {
    inputs: { x: [batch, 2, 1] },
    nodes: [node('Expand', 'x s', 'y')],
    initializers: { s: int64s([2], [1, 3]) },
  }),
  given('Expand to more axes', {
    inputs: { x: [2, 1] },
    nodes: [node('Expand', 'x s', 'y')],
    initializers: { s: int64s([3], [3, 1, 4]) },
  }),
  ...(['DCR', 'CRD'] as const).map((mode) =>
    given(`DepthToSpace ${mode}`, {
      inputs: { x: [batch, 8, 2, 3] },
      nodes: [node('DepthToSpace', 'x', 'y', { blocksize: 2, mode })],
    }),
  ),
  given('SpaceToDepth of static samples', {
    inputs: { x: [2, 2, 4, 6] },
    nodes: [node('SpaceToDepth', 'x', 'y', { blocksize: 2 })],
  }),
  given('Identity, Dropout and Cast', {
    inputs: { x: [batch, 3] },
    nodes: [
      node('Identity', 'x', 'a'),
      node('Dropout', 'a', 'b'),
      node('Cast', 'b', 'c', { to: 1 }),
      node('Add', 'c w', 'y'),
    ],
    initializers: { w: weights(3) },
  }),
  given('Dropout with a ratio attribute, opset 7', {
    opset: 7,
    inputs: { x: [batch, 3] },
    nodes: [node('Dropout', 'x', 'y', { ratio: { float: 0.3 } })],
  }),
  given('CastLike', {
    opset: 15,
    inputs: { x: [batch, 3] },
    nodes: [node('CastLike', 'x w', 'y')],
    initializers: { w: weights(1) },
  }),
];

const joins: Case[] = [
  given('Concat with constants between', {
    inputs: { x: [batch, 2, 3], z: [batch, 1, 3] },
    nodes: [node('Shape', 'x', 's'), node('Expand', 'c s', 'e'), node('Concat', 'x e z x', 'y', { axis: 1 })],
    initializers: { c: weights(1, 2, 3) },
  }),
  given('Concat along the last axis of static values', {
    inputs: { x: [2, 3], z: [2, 1] },
    nodes: [node('Concat', 'z x', 'y', { axis: -1 })],
  }),
  given('Concat of static samples', {
    inputs: { x: [2, 3], z: [1, 3] },
    nodes: [node('Concat', 'x z', 'y', { axis: 0 })],
  }),
  given('Split in equal parts, opset 11', {
    opset: 11,
    inputs: { x: [batch, 6] },
    nodes: [node('Split', 'x', 'a b c', { axis: 1 }), node('Mul', 'a c', 'm'), node('Sub', 'm b', 'y')],
  }),
  given('Split by sizes as an attribute', {
    opset: 9,
    inputs: { x: [batch, 5] },
    nodes: [node('Split', 'x', 'a b', { axis: -1, split: [2, 3] })],
    outputs: ['a', 'b'],
  }),
  given('Split by sizes as an operand', {
    inputs: { x: [batch, 5, 2] },
    nodes: [node('Split', 'x s', 'a b', { axis: 1 })],
    initializers: { s: int64s([2], [4, 1]) },
    outputs: ['a', 'b'],
  }),
  given('Split with num_outputs, the last one smaller', {
    opset: 18,
    inputs: { x: [batch, 7] },
    nodes: [node('Split', 'x', 'a b c', { axis: 1, num_outputs: 3 })],
    outputs: ['a', 'b', 'c'],
  }),
  given('Where with a constant condition', {
    inputs: { x: [batch, 2, 3], z: [batch, 1, 3] },
    nodes: [node('Where', 'm x z', 'a'), node('Where', 'm c a', 'y')],
    initializers: { m: bools([3], [true, false, true]), c: scalar(0.5) },
  }),
];

const picks: Case[] = [
  given('Slice by attributes, opset 9', {
    opset: 9,
    inputs: { x: [batch, 5, 6] },
    nodes: [node('Slice', 'x', 'y', { starts: [1, -4], ends: [4, 100], axes: [1, 2] })],
  }),
  given('Slice by operands with negative steps', {
    inputs: { x: [batch, 5, 6] },
    nodes: [node('Slice', 'x a b d s', 'y')],
    initializers: {
      a: int64s([2], [-1, 5]),
      b: int64s([2], [-100, 0]),
      d: int64s([2], [1, -1]),
      s: int64s([2], [-2, -1]),
    },
  }),
  given('Slice of all samples and some columns', {
    inputs: { x: [batch, 5] },
    nodes: [node('Slice', 'x a b', 'y')],
    initializers: { a: int64s([2], [0, 1]), b: int64s([2], [2 ** 40, -1]) },
  }),
  given('Gather of several indices', {
    inputs: { x: [batch, 4, 3] },
    nodes: [node('Gather', 'x i', 'y', { axis: 1 })],
    initializers: { i: int64s([2, 2], [3, 0, -2, 3]) },
  }),
  given('Gather of one index', {
    inputs: { x: [batch, 4, 3] },
    nodes: [node('Gather', 'x i', 'y', { axis: -1 })],
    initializers: { i: int64s([], [1]) },
  }),
  given('GatherElements', {
    inputs: { x: [3, 4] },
    nodes: [node('GatherElements', 'x i', 'y', { axis: 1 })],
    initializers: { i: int64s([2, 3], [0, 3, -1, 1, 1, 2]) },
  }),
  given('GatherND', {
    inputs: { x: [2, 3, 4] },
    nodes: [node('GatherND', 'x i', 'y')],
    initializers: { i: int64s([2, 1, 2], [0, 2, 1, -3]) },
  }),
  given('ScatterND of constants and encrypted values', {
    inputs: { x: [3, 4], z: [1, 4] },
    nodes: [node('ScatterND', 'x i c', 'a'), node('ScatterND', 'a j z', 'y')],
    initializers: { i: int64s([2, 2], [0, 1, 2, 3]), c: weights(2), j: int64s([1, 1], [1]) },
  }),
  given('Tile', {
    inputs: { x: [batch, 2, 3] },
    nodes: [node('Tile', 'x r', 'y')],
    initializers: { r: int64s([3], [1, 2, 3]) },
  }),
  ...[0, 1].map((upper) =>
    given(`Trilu, upper ${upper}`, {
      inputs: { x: [batch, 3, 4] },
      nodes: [node('Trilu', 'x k', 'y', { upper })],
      initializers: { k: int64s([], [1 - 2 * upper]) },
    }),
  ),
];

const pads: Case[] = [
  ...['constant', 'reflect', 'edge', 'wrap'].map((mode) =>
    given(`Pad in mode ${mode}`, {
      opset: 19,
      inputs: { x: [batch, 3, 4] },
      nodes: [node('Pad', 'x p', 'y', { mode })],
      initializers: { p: int64s([6], [0, 1, 2, 0, 2, 3]) },
    }),
  ),
  given('Pad with a number, and negative pads', {
    inputs: { x: [batch, 3, 4] },
    nodes: [node('Pad', 'x p v', 'y')],
    initializers: { p: int64s([6], [0, 1, -1, 0, 0, 2]), v: scalar(1.5) },
  }),
  given('Pad by attributes, opset 10', {
    opset: 10,
    inputs: { x: [batch, 2, 2] },
    nodes: [node('Pad', 'x', 'y', { pads: [0, 0, 1, 0, 1, 0], value: { float: -2 } })],
  }),
  given('Pad along given axes', {
    opset: 18,
    inputs: { x: [batch, 2, 3] },
    nodes: [node('Pad', 'x p _ a', 'y')],
    initializers: { p: int64s([2], [2, 1]), a: int64s([1], [-1]) },
  }),
];

const resizes: Case[] = [
  given('Resize to the nearest by scales', {
    inputs: { x: [batch, 1, 3, 4] },
    nodes: [
      node('Resize', 'x _ s', 'y', {
        mode: 'nearest',
        coordinate_transformation_mode: 'asymmetric',
        nearest_mode: 'floor',
      }),
    ],
    initializers: { s: floats([4], [1, 1, 2, 3]) },
  }),
  given('Resize, opset 10', {
    opset: 10,
    inputs: { x: [1, 1, 3, 4] },
    nodes: [node('Resize', 'x s', 'y', { mode: 'nearest' })],
    initializers: { s: floats([4], [1, 1, 2, 2]) },
  }),
  ...(['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const).flatMap((transformation) =>
    (['nearest', 'linear'] as const).map((mode) =>
      given(`Resize ${mode} to sizes, ${transformation}`, {
        inputs: { x: [2, 1, 4, 3] },
        nodes: [node('Resize', 'x _ _ s', 'y', { mode, coordinate_transformation_mode: transformation })],
        initializers: { s: int64s([4], [2, 1, 7, 6]) },
      }),
    ),
  ),
];

/** What has no elements is a constant, and joins anything. */
const empty: Case[] = [
  given('Concat of an empty Slice', {
    inputs: { x: [batch, 8] },
    nodes: [node('Slice', 'x zero zero one', 'e'), node('Relu', 'e', 'r'), node('Concat', 'x r x', 'y', { axis: 1 })],
    initializers: { zero: int64s([1], [0]), one: int64s([1], [1]) },
  }),
  given('Split with a part of nothing', {
    inputs: { x: [batch, 3, 4] },
    nodes: [node('Split', 'x sizes', 'a b c', { axis: 2 }), node('Concat', 'c b a', 'y', { axis: 2 })],
    initializers: { sizes: int64s([3], [1, 0, 3]) },
  }),
  given('Gather of nothing, transposed, reshaped and summed', {
    inputs: { x: [3, 4] },
    nodes: [
      node('Gather', 'x none', 'g'),
      node('Transpose', 'g', 't'),
      node('Reshape', 't shape', 'r'),
      node('ReduceSum', 'r axis', 's', { keepdims: 0 }),
      node('Add', 'x s', 'y'),
    ],
    initializers: { none: int64s([0], []), shape: int64s([3], [4, 0, 2]), axis: int64s([2], [1, 2]) },
  }),
];

export const movementCases: readonly Case[] = [...shapes, ...joins, ...picks, ...pads, ...resizes, ...empty];
