/**
 * Resize (opset 10 and later) and Upsample: nearest and linear interpolation. Each axis has its own weights; a
 * result is the sum over all combinations of them (Resize, ONNX operators).
 */
import { elementCount } from '../../../ir/constant.ts';
import { RowWriter } from '../../../ir/tensor/csr.ts';
import { invalid, mixesSamples, refused } from '../proto/failure.ts';
import { range, selectIndex, stridesOf } from '../emission/geometry.ts';
import { checkedExtents, checkWeights } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import { isBatched, isBatchSize, normalizeAxis, onnxRank, requireConstant, type Term } from '../proto/term.ts';

interface Tap {
  readonly coordinate: number;
  readonly weight: number;
}

/** How one axis is resized. */
interface Axis {
  readonly extent: number;
  readonly result: number;
  readonly scale: number;
}

const transformations = [
  'half_pixel',
  'half_pixel_symmetric',
  'pytorch_half_pixel',
  'align_corners',
  'asymmetric',
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

export const resize: Rule = (op) => {
  const x = op.input(0);
  const axes = axesOf(op, x);
  const shape = axes.map(({ result }) => result);
  checkedExtents(shape);
  const old = op.opType === 'Upsample' || op.opset < 11;
  const mode = op.string('mode', ['nearest', 'linear'], 'nearest');
  if (op.flag('antialias', false) || op.flag('exclude_outside', false)) {
    throw refused('Resize filters', 'Turn off antialias and exclude_outside.');
  }
  const transformation = old
    ? 'asymmetric'
    : op.string('coordinate_transformation_mode', transformations, 'half_pixel');
  const rounding = old ? 'floor' : op.string('nearest_mode', roundingNames, 'round_prefer_floor');
  if (mode === 'nearest') {
    const coordinates = axes.map((axis) => range(axis.result).map((i) => nearest(axis, i, transformation, rounding)));
    return [op.emit.move(x, shape, selectIndex(x.shape, coordinates))];
  }
  const taps = axes.map((axis) => range(axis.result).map((i) => linear(axis, i, transformation)));
  return [op.emit.linear(x, interpolation(x.shape, shape, taps), shape)];
};

/** The coordinate in the operand that position i of the result falls on. */
function original({ extent, result, scale }: Axis, i: number, transformation: Transformation): number {
  switch (transformation) {
    case 'half_pixel':
      return (i + 0.5) / scale - 0.5;
    case 'half_pixel_symmetric': {
      const adjustment = result / (scale * extent);
      return (extent / 2) * (1 - adjustment) + (i + 0.5) / scale - 0.5;
    }
    case 'pytorch_half_pixel':
      return result > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case 'align_corners':
      return result > 1 ? (i * (extent - 1)) / (result - 1) : 0;
    case 'asymmetric':
      return i / scale;
  }
}

function nearest(axis: Axis, i: number, transformation: Transformation, rounding: Rounding): number {
  if (axis.extent === axis.result) return i;
  return clamp(roundings[rounding](original(axis, i, transformation)), axis.extent);
}

function linear(axis: Axis, i: number, transformation: Transformation): readonly Tap[] {
  if (axis.extent === axis.result && axis.scale === 1) return [{ coordinate: i, weight: 1 }];
  const at = Math.min(Math.max(original(axis, i, transformation), 0), axis.extent - 1);
  const low = clamp(Math.floor(at), axis.extent);
  const share = at - low;
  if (share === 0) return [{ coordinate: low, weight: 1 }];
  return [
    { coordinate: low, weight: 1 - share },
    { coordinate: clamp(low + 1, axis.extent), weight: share },
  ];
}

function clamp(coordinate: number, extent: number): number {
  return Math.min(Math.max(coordinate, 0), extent - 1);
}

function interpolation(
  shape: readonly number[],
  result: readonly number[],
  taps: readonly (readonly (readonly Tap[])[])[],
) {
  const rows = elementCount(result);
  checkWeights(rows * elementCount(taps.map((axis) => Math.max(...axis.map(({ length }) => length)))));
  const strides = stridesOf(shape);
  const positions = stridesOf(result);
  const writer = new RowWriter(rows, elementCount(shape));
  for (let r = 0; r < rows; r++) {
    let row: Tap[] = [{ coordinate: 0, weight: 1 }];
    for (const [d, axis] of taps.entries()) {
      const along = axis[Math.floor(r / (positions[d] ?? 1)) % (result[d] ?? 1)] ?? [];
      row = row.flatMap(({ coordinate, weight }) =>
        along.map((tap) => ({
          coordinate: coordinate + tap.coordinate * (strides[d] ?? 1),
          weight: weight * tap.weight,
        })),
      );
    }
    for (const { coordinate, weight } of row) writer.push(coordinate, weight);
    writer.endRow();
  }
  return writer.finish(new Float64Array(rows));
}

/** The axes of one sample with their new extents. */
function axesOf(op: Operation, x: Term): readonly Axis[] {
  op.string('keep_aspect_ratio_policy', ['stretch'], 'stretch');
  const rank = onnxRank(x);
  const axes = (op.ints('axes') ?? range(rank)).map((axis) => normalizeAxis(axis, rank));
  const scales = listAt(op, op.opType === 'Upsample' || op.opset < 11 ? 1 : 2) ?? op.floats('scales');
  const sizes = scales === undefined ? listAt(op, 3) : undefined;
  const list = scales ?? sizes;
  if (list?.length !== axes.length) throw invalid(`${list?.length ?? 0} scales or sizes for ${axes.length} axes`);
  const skip = isBatched(x) ? 1 : 0;
  const batch = skip === 1 && axes.includes(0) ? (list[axes.indexOf(0)] ?? 1) : 1;
  if (skip === 1 && (sizes === undefined ? batch !== 1 : axes.includes(0) && !isBatchSize(batch))) {
    throw mixesSamples('Resize changes the number of samples');
  }
  return x.shape.map((extent, d) => {
    const entry = list[axes.indexOf(d + skip)];
    if (entry === undefined) return { extent, result: extent, scale: 1 };
    const result = sizes === undefined ? Math.floor(extent * entry) : entry;
    return { extent, result, scale: sizes === undefined ? entry : entry / extent };
  });
}

/** The elements of a constant operand; undefined where it is left out or empty. */
function listAt(op: Operation, i: number): readonly number[] | undefined {
  const term = op.optional(i);
  if (term === undefined) return undefined;
  const { data } = requireConstant(term, 'the scales and sizes');
  return data.length === 0 ? undefined : Array.from(data);
}
