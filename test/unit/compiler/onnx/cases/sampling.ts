/** Images read between their elements, at places that constants give. */
import { floats, int64s, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, weights } from './case.ts';

const grids: Case[] = ['linear', 'nearest', 'cubic'].flatMap((mode) =>
  ['zeros', 'border', 'reflection'].flatMap((padding) =>
    [0, 1].map((align_corners) =>
      given(`GridSample, ${mode}, ${padding}, align_corners ${align_corners}`, {
        opset: 20,
        inputs: { x: [2, 2, 4, 5] },
        nodes: [
          node('Mul', 'w twice', 'grid'),
          node('GridSample', 'x grid', 'y', { mode, padding_mode: padding, align_corners }),
        ],
        initializers: { w: weights(2, 3, 2, 2), twice: floats([], [1.7]) },
      }),
    ),
  ),
);

const others: Case[] = [
  given('GridSample with one grid for each sample, opset 16', {
    opset: 16,
    inputs: { x: [1, 2, 4, 5] },
    nodes: [node('GridSample', 'x grid', 'y')],
    initializers: { grid: weights(1, 3, 2, 2) },
  }),
  given('GridSample of volumes', {
    opset: 20,
    inputs: { x: [1, 1, 3, 4, 2] },
    nodes: [node('GridSample', 'x grid', 'y')],
    initializers: { grid: weights(1, 2, 2, 2, 3) },
  }),
  ...[0, 1].map((align_corners) =>
    given(`AffineGrid of constants, align_corners ${align_corners}`, {
      opset: 20,
      inputs: { x: [1, 1, 4, 4] },
      nodes: [
        node('AffineGrid', 'theta size', 'grid', { align_corners }),
        node('GridSample', 'x grid', 'y', { align_corners }),
      ],
      initializers: { theta: floats([1, 2, 3], [0.8, -0.3, 0.1, 0.2, 0.9, -0.2]), size: int64s([4], [1, 1, 3, 5]) },
    }),
  ),
  given('AffineGrid of an encrypted map', {
    opset: 20,
    inputs: { theta: [2, 3, 4] },
    nodes: [node('AffineGrid', 'theta size', 'y')],
    initializers: { size: int64s([5], [2, 1, 2, 3, 2]) },
  }),
  ...(['half_pixel', 'output_half_pixel'] as const).flatMap((mode) =>
    [0, 2].map((sampling_ratio) =>
      given(`RoiAlign, ${mode}, sampling_ratio ${sampling_ratio}`, {
        opset: 16,
        inputs: { x: [2, 2, 6, 7] },
        nodes: [
          node('RoiAlign', 'x rois images', 'y', {
            coordinate_transformation_mode: mode,
            sampling_ratio,
            output_height: 2,
            output_width: 3,
            spatial_scale: { float: 0.5 },
          }),
        ],
        initializers: {
          rois: floats([3, 4], [0, 0, 9, 9, 2, 3, 12, 7, 5, 5, 20, 20]),
          images: int64s([3], [0, 1, 1]),
        },
      }),
    ),
  ),
];

export const samplingCases: readonly Case[] = [...grids, ...others];
