/** Resize of random modes, against onnxruntime. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { elementCount } from '../../../../ir/constant.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { floats, int64s, model, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { expectSameAsOnnxruntime, importModel } from './differential.ts';

const transformations = ['half_pixel', 'half_pixel_symmetric', 'pytorch_half_pixel', 'align_corners', 'asymmetric'];
const extent = fc.integer({ min: 1, max: 7 });
const pair = <T>(own: fc.Arbitrary<T>) => fc.tuple(own, own);

/** onnxruntime copies what does not change its extent, refuses what has none, and aligns corners of whole results. */
function scaleOf(scale: number, own: number, isAligned: boolean): number {
  const result = Math.max(1, Math.floor(scale * own));
  if (result === own) return 1;
  return isAligned ? result : Math.max(scale, 1 / own);
}

const spec = fc
  .record({
    batch: fc.constantFrom<number | string>('batch', 1),
    extents: pair(extent),
    sizes: pair(extent),
    /** Eighths, so that onnxruntime's floats are exact. */
    scales: fc.option(pair(fc.integer({ min: 4, max: 20 }))),
    mode: fc.constantFrom('linear', 'cubic', 'nearest'),
    transformation: fc.constantFrom(...transformations),
    antialias: fc.integer({ min: 0, max: 1 }),
    exclude: fc.integer({ min: 0, max: 1 }),
    slope: fc.constantFrom(-0.75, -0.5),
    policy: fc.constantFrom('stretch', 'not_larger', 'not_smaller'),
  })
  // One ratio for both axes may leave nothing of the shorter one.
  .filter(
    ({ extents: [h, w], sizes: [a, b], policy }) =>
      policy !== 'not_larger' || Math.min(a / h, b / w) * Math.min(h, w) >= 0.5,
  )
  // onnxruntime aligns corners at whole lengths only, so that scales are left out there.
  .map((drawn) => (drawn.transformation === 'align_corners' ? { ...drawn, scales: null } : drawn))
  .map(({ batch, extents, sizes, scales, mode, transformation, antialias, exclude, slope, policy }): ModelSpec => {
    const attributes = {
      mode,
      coordinate_transformation_mode: transformation,
      ...(mode !== 'nearest' && { antialias }),
      ...(mode === 'cubic' && { exclude_outside: exclude, cubic_coeff_a: { float: slope } }),
      ...(scales === null && { keep_aspect_ratio_policy: policy }),
      axes: [2, 3],
    };
    return {
      opset: 18,
      inputs: { x: [batch, 2, ...extents] },
      nodes: [node('Resize', scales === null ? 'x _ _ sizes' : 'x _ scales', 'y', attributes)],
      initializers:
        scales === null
          ? { sizes: int64s([2], sizes) }
          : {
              scales: floats(
                [2],
                scales.map((eighths, d) => scaleOf(eighths / 8, extents[d] ?? 1, transformation === 'align_corners')),
              ),
            },
      outputs: ['y'],
    };
  });

test('scales, sizes, filters and coordinates', async () => {
  await fc.assert(
    fc.asyncProperty(spec, async (own) => {
      await expectSameAsOnnxruntime(own);
    }),
    { numRuns: 80 },
  );
});

test('corners are aligned by the scale, as in the tests of ONNX', () => {
  const { module } = importModel(
    model({
      opset: 13,
      inputs: { x: [1, 4] },
      nodes: [node('Resize', 'x _ scales', 'y', { mode: 'linear', coordinate_transformation_mode: 'align_corners' })],
      initializers: { scales: floats([2], [1, 0.6]) },
      outputs: ['y'],
    }),
  );
  const { y = new Float64Array() } = Object.fromEntries(
    evaluateTensor(module, new Map([['x', Float64Array.of(1, 2, 3, 4)]])),
  );
  expect(y[1]).toBeCloseTo(1 + 3 / 1.4, 6);
});

test.each(['nearest', 'linear', 'cubic'])('a region of interest, %s', async (mode) => {
  await expectSameAsOnnxruntime({
    opset: 13,
    inputs: { x: [1, 1, 5, 6] },
    nodes: [
      node('Resize', 'x roi _ sizes', 'y', {
        mode,
        coordinate_transformation_mode: 'tf_crop_and_resize',
        extrapolation_value: { float: 2.5 },
      }),
    ],
    initializers: {
      roi: floats([8], [0, 0, 0.3, -0.2, 1, 1, 1.4, 0.9]),
      sizes: int64s([4], [1, 1, 4, 5]),
    },
    outputs: ['y'],
  });
});

test('a region whose roi is only for some axes', () => {
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', axes: [1] };
  const { module } = importModel(
    model({
      opset: 18,
      inputs: { x: [2, 4] },
      nodes: [node('Resize', 'x roi _ sizes', 'y', attributes)],
      initializers: { roi: floats([2], [0, 0.5]), sizes: int64s([1], [2]) },
      outputs: ['y'],
    }),
  );
  const x = Float64Array.of(0, 1, 2, 3, 4, 5, 6, 7);
  expect(evaluateTensor(module, new Map([['x', x]])).get('y')).toEqual(Float64Array.of(0, 1.5, 4, 5.5));
});

/** The expectations are those of ONNX's own tests, resize_downsample_scales_{linear,cubic}_align_corners. */
test.each([
  ['linear', [1, 1, 2, 4], 0.6, [1, 3.142857]],
  [
    'cubic',
    [1, 1, 4, 4],
    0.8,
    [1, 2.39519159, 3.79038317, 6.58076634, 7.97595793, 9.37114951, 12.16153268, 13.55672427, 14.95191585],
  ],
])(
  'corners are aligned at the lengths that scales say, %s, where onnxruntime deviates',
  (mode, shape, scale, expected) => {
    const { module, deviations } = importModel(
      model({
        opset: 13,
        inputs: { x: shape },
        nodes: [node('Resize', 'x _ scales', 'y', { mode, coordinate_transformation_mode: 'align_corners' })],
        initializers: { scales: floats([4], [1, 1, scale, scale]) },
        outputs: ['y'],
      }),
    );
    const x = Float64Array.from({ length: elementCount(shape) }, (_, i) => i + 1);
    const y = evaluateTensor(module, new Map([['x', x]])).get('y');
    expected.forEach((value, i) => {
      expect(y?.[i]).toBeCloseTo(value, 5);
    });
    expect(deviations.map(({ code, at }) => [code, at.nodes?.[0]?.opType])).toEqual([['H125', 'Resize']]);
  },
);
