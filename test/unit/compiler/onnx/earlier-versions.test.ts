/** Operators of opset 1 to 6, which onnxruntime does not run, compute what their later versions do. */
import { expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { floats, int64s, model, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { positives, scalar, weights } from './cases/case.ts';
import { expectSameAsOnnxruntime, importModel } from './differential.ts';

const image = { x: ['batch', 3, 4, 2] };

/** A model of opset 1 or 6 and its equal of a later one, which shares what it does not say. */
function pair(opset: number, earlier: Partial<ModelSpec>, later: Partial<ModelSpec> & Pick<ModelSpec, 'nodes'>) {
  const now: ModelSpec = { inputs: image, outputs: ['y'], opset: 13, ...later };
  return { then: { ...now, ...earlier, opset }, now };
}

test.each([
  ...['Add', 'Sub', 'Mul', 'Div'].map(
    (opType) =>
      [
        `${opType} with a broadcast from an axis on`,
        pair(
          6,
          { nodes: [node(opType, 'x c', 'y', { broadcast: 1, axis: 1 })], initializers: { c: positives(3) } },
          { nodes: [node(opType, 'x c', 'y')], initializers: { c: { ...positives(3), dims: [3, 1, 1] } } },
        ),
      ] as const,
  ),
  [
    'Mul with a broadcast along the last axes',
    pair(
      1,
      { nodes: [node('Mul', 'x c', 'y', { broadcast: 1, consumed_inputs: [0, 0] })] },
      { nodes: [node('Mul', 'x c', 'y')], initializers: { c: weights(4, 2) } },
    ),
  ],
  [
    'Pow by a scalar',
    pair(
      1,
      { nodes: [node('Pow', 'x two', 'y', { broadcast: 1 })] },
      { nodes: [node('Pow', 'x two', 'y')], initializers: { two: scalar(2) } },
    ),
  ],
  [
    'Gemm with a broadcast',
    pair(
      6,
      { nodes: [node('Gemm', 'x w b', 'y', { broadcast: 1, transB: 1 })] },
      {
        inputs: { x: ['batch', 4] },
        nodes: [node('Gemm', 'x w b', 'y', { transB: 1 })],
        initializers: { w: weights(3, 4), b: weights(3) },
      },
    ),
  ],
  [
    'BatchNormalization and Dropout in test mode',
    pair(
      6,
      {
        nodes: [
          node('BatchNormalization', 'x s b m v', 'n', { is_test: 1, spatial: 1 }),
          node('Dropout', 'n', 'y', { is_test: 1 }),
        ],
      },
      {
        nodes: [node('BatchNormalization', 'x s b m v', 'y')],
        initializers: { s: weights(3), b: weights(3), m: weights(3), v: positives(3) },
      },
    ),
  ],
  [
    'Reshape by an attribute',
    pair(
      4,
      { nodes: [node('Reshape', 'x', 'y', { shape: [0, -1] })] },
      { nodes: [node('Reshape', 'x s', 'y')], initializers: { s: int64s([2], [0, -1]) } },
    ),
  ],
  [
    'Pad by paddings',
    pair(
      1,
      { nodes: [node('Pad', 'x', 'y', { paddings: [0, 0, 1, 0, 0, 0, 0, 2], value: { float: 0.5 } })] },
      {
        nodes: [node('Pad', 'x p c', 'y')],
        initializers: { p: int64s([8], [0, 0, 1, 0, 0, 0, 0, 2]), c: scalar(0.5) },
      },
    ),
  ],
  [
    'Tile along one axis',
    pair(
      1,
      { nodes: [node('Tile', 'x three two', 'y')], initializers: { three: floats([1], [3]), two: floats([1], [2]) } },
      { nodes: [node('Tile', 'x r', 'y')], initializers: { r: int64s([4], [1, 1, 3, 1]) } },
    ),
  ],
  [
    'Upsample by height and width',
    pair(
      1,
      {
        nodes: [
          node('Upsample', 'x', 'y', { height_scale: { float: 2 }, width_scale: { float: 3 }, mode: 'bilinear' }),
        ],
      },
      {
        nodes: [node('Resize', 'x _ s', 'y', { mode: 'linear', coordinate_transformation_mode: 'asymmetric' })],
        initializers: { s: floats([4], [1, 1, 2, 3]) },
      },
    ),
  ],
  [
    'PRelu by channel',
    pair(
      6,
      { initializers: { a: weights(3) } },
      { nodes: [node('PRelu', 'x a', 'y')], initializers: { a: { ...weights(3), dims: [3, 1, 1] } } },
    ),
  ],
  [
    'Cast by the name of a type',
    pair(1, { nodes: [node('Cast', 'x', 'y', { to: 'FLOAT' })] }, { nodes: [node('Cast', 'x', 'y', { to: 1 })] }),
  ],
  [
    'Selu with its first constants',
    pair(
      1,
      { nodes: [node('Selu', 'x', 'y')] },
      { nodes: [node('Selu', 'x', 'y', { alpha: { float: 1.6732 }, gamma: { float: 1.0507 } })] },
    ),
  ],
  [
    'Concat along axis 1 by default',
    pair(1, { nodes: [node('Concat', 'x x', 'y')] }, { nodes: [node('Concat', 'x x', 'y', { axis: 1 })] }),
  ],
  [
    'Slice, Split and Clip by attributes',
    pair(
      2,
      {
        nodes: [
          node('Slice', 'x', 'a', { axes: [2], starts: [1], ends: [4] }),
          node('Split', 'a', 'b c', { axis: 1, split: [1, 2] }),
          node('Clip', 'c', 'y', { min: { float: -0.5 } }),
        ],
      },
      {
        opset: 7,
        nodes: [
          node('Slice', 'x', 'a', { axes: [2], starts: [1], ends: [4] }),
          node('Split', 'a', 'b c', { axis: 1, split: [1, 2] }),
          node('Clip', 'c', 'y', { min: { float: -0.5 } }),
        ],
      },
    ),
  ],
] as const)('%s', async (_, { then, now }) => {
  await expectSameAsOnnxruntime(then, undefined, now);
});

test.each([
  ['Dropout in training', [node('Dropout', 'x', 'y')], 'H105'],
  ['BatchNormalization in training', [node('BatchNormalization', 'x c c c c', 'y')], 'H105'],
  ['a second operand that would widen the first', [node('Add', 'c x', 'y', { broadcast: 1 })], 'H106'],
  ['an axis that leaves too little', [node('Add', 'x c', 'y', { broadcast: 1, axis: 4 })], 'H106'],
  ['a type without a name', [node('Cast', 'x', 'y', { to: 1 })], 'H106'],
  ['Reshape without a shape', [node('Reshape', 'x', 'y')], 'H106'],
])('%s is refused', (_, nodes, code) => {
  let codes: string[] = [];
  try {
    importModel(model({ opset: 1, inputs: image, nodes, initializers: { c: weights(3) }, outputs: ['y'] }));
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    codes = error.diagnostics.map((own) => own.code);
  }
  expect(codes).toEqual([code]);
});
