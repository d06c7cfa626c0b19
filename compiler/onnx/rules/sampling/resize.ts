/** Resize and Upsample: nearest, linear and cubic interpolation, with and without antialiasing (Resize, ONNX operators). */
import { range, selectIndex } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { checkedExtents } from '../../proto/limits.ts';
import { cubic, type Filter, normalized, separableMap, type Tap, tapsAround, triangle } from './interpolation.ts';
import { type Axis, isEarly, resizedAxes } from './resize-axes.ts';

const transformations = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
  'tf_half_pixel_for_nn',
  'tf_crop_and_resize',
] as const;
type Transformation = (typeof transformations)[number];

const roundings = {
  round_prefer_floor: (x: number) => Math.ceil(x - 0.5),
  round_prefer_ceil: (x: number) => Math.floor(x + 0.5),
  floor: Math.floor,
  ceil: Math.ceil,
} as const;
type Rounding = keyof typeof roundings;
const roundingNames = ['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'] as const;

interface Sampling {
  readonly transformation: Transformation;
  readonly filter: Filter;
  readonly antialias: boolean;
  /** Whether coordinates outside of the operand have no weight; they read its edge otherwise. */
  readonly excludeOutside: boolean;
}

export const resize: Rule = (op) => {
  const x = op.input(0);
  const axes = resizedAxes(op, x);
  const shape = axes.map(({ result }) => result);
  checkedExtents(shape);
  const early = isEarly(op);
  const mode = op.string('mode', early ? ['nearest', 'linear'] : ['nearest', 'linear', 'cubic'], 'nearest');
  const named = early ? 'asymmetric' : op.string('coordinate_transformation_mode', transformations, 'half_pixel');
  const transformation = named === 'tf_half_pixel_for_nn' ? 'half_pixel' : named;
  const rounding = early ? 'floor' : op.string('nearest_mode', roundingNames, 'round_prefer_floor');
  const crops = transformation === 'tf_crop_and_resize';
  if (mode === 'nearest' && !crops) {
    const coordinates = axes.map((axis) => range(axis.result).map((i) => nearest(axis, i, transformation, rounding)));
    return [op.emit.move(x, shape, selectIndex(x.shape, coordinates))];
  }
  if (transformation === 'align_corners' && axes.some(({ extent, scale }) => !isWhole(scale * extent)))
    op.emit.deviates('it aligns corners at whole lengths, where ONNX takes those that the scales say');
  const sampling = samplingOf(op, mode, transformation);
  const taps = axes.map((axis) =>
    range(axis.result).map((i) => {
      if (crops && isOutside(axis, original(axis, i, transformation))) return undefined;
      if (mode === 'nearest') return [{ coordinate: nearest(axis, i, transformation, rounding), weight: 1 }];
      return interpolated(axis, i, sampling);
    }),
  );
  return [op.emit.linear(x, separableMap(x.shape, shape, taps, op.float('extrapolation_value', 0)), shape)];
};

function samplingOf(op: Operation, mode: 'nearest' | 'linear' | 'cubic', transformation: Transformation): Sampling {
  const excludeOutside = op.flag('exclude_outside', false);
  if (excludeOutside && mode !== 'cubic') throw invalid('exclude_outside is for cubic interpolation only');
  const filter = mode === 'cubic' ? cubic(op.float('cubic_coeff_a', -0.75)) : triangle;
  return { transformation, filter, antialias: op.flag('antialias', false), excludeOutside };
}

/** The coordinate in the operand that position i of the result falls on. */
function original({ extent, result, scale, region }: Axis, i: number, transformation: Transformation): number {
  switch (transformation) {
    case 'half_pixel':
    case 'tf_half_pixel_for_nn':
      return (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = result / (scale * extent);
      return (extent / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return result > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return i === 0 ? 0 : (i * (extent - 1)) / (lengthOf(extent, scale) - 1);
    case 'asymmetric':
      return i / scale;
    case 'tf_crop_and_resize': {
      const [start, end] = region;
      const share = result > 1 ? start + (i * (end - start)) / (result - 1) : (start + end) / 2;
      return share * (extent - 1);
    }
  }
}

/**
 * The length that ends are aligned at: where scales say it, with its fraction, as ONNX's own tests have it; onnxruntime takes
 * the number of elements.
 */
function lengthOf(extent: number, scale: number): number {
  const length = scale * extent;
  return isWhole(length) ? Math.round(length) : length;
}

/** Up to the rounding of floats. */
function isWhole(length: number): boolean {
  return Math.abs(length - Math.round(length)) < 1e-6 * length;
}

function isOutside({ extent }: Axis, coordinate: number): boolean {
  return coordinate < 0 || coordinate > extent - 1;
}

function nearest(axis: Axis, i: number, transformation: Transformation, rounding: Rounding): number {
  if (axis.extent === axis.result && transformation !== 'tf_crop_and_resize') return i;
  return clamp(roundings[rounding](original(axis, i, transformation)), axis.extent);
}

function interpolated(axis: Axis, i: number, sampling: Sampling): readonly Tap[] {
  const { extent, result, scale } = axis;
  if (extent === result && scale === 1 && sampling.transformation !== 'tf_crop_and_resize')
    return [{ coordinate: i, weight: 1 }];
  const position = original(axis, i, sampling.transformation);
  const stretch = sampling.antialias ? Math.max(1, 1 / scale) : 1;
  // Linear interpolation stops at the edge; averages and cubics go on with the element there.
  const at = sampling.filter === triangle && stretch === 1 ? clamp(position, extent) : position;
  const taps = tapsAround(at, sampling.filter, stretch);
  if (!sampling.excludeOutside)
    return taps.map(({ coordinate, weight }) => ({ coordinate: clamp(coordinate, extent), weight }));
  return normalized(taps.filter(({ coordinate }) => coordinate >= 0 && coordinate < extent));
}

function clamp(coordinate: number, extent: number): number {
  return Math.min(Math.max(coordinate, 0), extent - 1);
}
