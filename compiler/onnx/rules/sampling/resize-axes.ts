/** How long the axes of a Resize become: scales, sizes, which axes they are for, and the region of interest. */
import { range } from '../../emission/geometry.ts';
import type { Operation } from '../../emission/operation.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { isBatched, isBatchSize, normalizeAxis, onnxRank, requireConstant, type Term } from '../../proto/term.ts';

/** How one axis is resized. */
export interface Axis {
  readonly extent: number;
  readonly result: number;
  readonly scale: number;
  /** The part of the operand that tf_crop_and_resize takes, of 1. */
  readonly region: readonly [start: number, end: number];
}

/** The axes of one sample with their new extents. */
export function resizedAxes(op: Operation, x: Term): readonly Axis[] {
  const policy = op.string('keep_aspect_ratio_policy', ['stretch', 'not_larger', 'not_smaller'], 'stretch');
  const rank = onnxRank(x);
  const axes = (op.ints('axes') ?? range(rank)).map((axis) => normalizeAxis(axis, rank));
  const scales = listAt(op, isEarly(op) ? 1 : 2) ?? op.floats('scales');
  const sizes = isEarly(op) ? undefined : listAt(op, 3);
  const list = scales ?? sizes;
  if (scales !== undefined && sizes !== undefined) throw invalid('Resize has scales and sizes');
  if (list?.length !== axes.length) throw invalid(`${list?.length ?? 0} scales or sizes for ${axes.length} axes`);
  if (list.some((entry) => entry <= 0)) throw invalid(`scales or sizes of Resize are [${list.join(', ')}]`);
  const skip = isBatched(x) ? 1 : 0;
  const batch = skip === 1 && axes.includes(0) ? (list[axes.indexOf(0)] ?? 1) : 1;
  if (skip === 1 && (sizes === undefined ? batch !== 1 : axes.includes(0) && !isBatchSize(batch)))
    throw mixesSamples('Resize changes the number of samples');
  const region = regionOf(op, axes.length);
  const along = <T>(entries: readonly T[], d: number) => entries[axes.indexOf(d + skip)];
  const ratios = x.shape.flatMap((extent, d) => {
    const size = along(sizes ?? [], d);
    return size === undefined ? [] : [size / extent];
  });
  const common = policy === 'not_larger' ? Math.min(...ratios) : Math.max(...ratios);
  return x.shape.map((extent, d) => {
    const entry = along(list, d);
    const own = along(region, d) ?? ([0, 1] as const);
    if (entry === undefined) return { extent, result: extent, scale: 1, region: own };
    if (sizes === undefined) return { extent, result: Math.floor(extent * entry), scale: entry, region: own };
    if (policy === 'stretch') return { extent, result: entry, scale: entry / extent, region: own };
    return { extent, result: Math.floor(extent * common + 0.5), scale: common, region: own };
  });
}

/** Upsample, and Resize as it was before opset 11. */
export function isEarly(op: Operation): boolean {
  return op.opType === 'Upsample' || op.opset < 11;
}

function regionOf(op: Operation, count: number): readonly (readonly [number, number])[] {
  const list = isEarly(op) ? undefined : listAt(op, 1);
  if (list === undefined || op.text('coordinate_transformation_mode') !== 'tf_crop_and_resize') return [];
  if (list.length !== 2 * count) throw invalid(`roi has ${list.length} entries for ${count} axes`);
  return range(count).map((i) => [list[i] ?? 0, list[count + i] ?? 1] as const);
}

/** The elements of a constant operand; undefined where it is left out or empty. */
function listAt(op: Operation, i: number): readonly number[] | undefined {
  const term = op.optional(i);
  if (term === undefined) return undefined;
  const { data } = requireConstant(term, 'the scales and sizes');
  return data.length === 0 ? undefined : Array.from(data);
}
