/** RoiAlign by averages: parts of images, at known places, brought to one size (Mask R-CNN, He et al. 2017). */
import { elementCount } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { range } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { checkedCount, checkedExtents, checkWeights } from '../../proto/limits.ts';
import { isBatched, knownIntegers } from '../../proto/term.ts';
import type { Tap } from './interpolation.ts';

/** Points along one axis of a region, of all bins. */
const maxPoints = 2 ** 18;

export const roiAlign: Rule = (op) => {
  const x = op.input(0);
  if (isBatched(x)) throw mixesSamples('RoiAlign picks among samples');
  const rois = op.constant(1, 'the regions');
  const samples = knownIntegers(op.input(2), 'the samples of the regions');
  const [images = 0, channels = 0, height = 0, width = 0] = x.shape;
  if (x.shape.length !== 4 || rois.shape[1] !== 4 || samples.length !== rois.shape[0])
    throw invalid(`regions [${rois.shape.join(', ')}] of [${x.shape.join(', ')}]`);
  op.string('mode', ['avg'], 'avg');
  const halfPixel =
    op.opset >= 16 &&
    op.string('coordinate_transformation_mode', ['half_pixel', 'output_half_pixel'], 'half_pixel') === 'half_pixel';
  const scale = op.float('spatial_scale', 1);
  const ratio = op.int('sampling_ratio', 0);
  const sizes = [op.int('output_height', 1), op.int('output_width', 1)] as const;
  const shape = [samples.length, channels, ...sizes];
  const rows = checkedExtents(shape);
  const writer = new RowWriter(rows, elementCount(x.shape));
  let weights = 0;
  for (const [r, image] of samples.entries()) {
    if (image < 0 || image >= images) throw invalid(`region ${r} is of sample ${image}`);
    const edge = (i: number) => (rois.data[r * 4 + i] ?? 0) * scale - (halfPixel ? 0.5 : 0);
    const vertical = binsOf(edge(1), edge(3), sizes[0], height, ratio, halfPixel);
    const horizontal = binsOf(edge(0), edge(2), sizes[1], width, ratio, halfPixel);
    const pairs = vertical.flatMap((v) => horizontal.map((h) => [v, h] as const));
    weights += channels * pairs.reduce((sum, [v, h]) => sum + v.length * h.length, 0);
    checkWeights(weights);
    for (const channel of range(channels)) {
      const base = (image * channels + channel) * height * width;
      for (const [v, h] of pairs) {
        for (const y of v)
          for (const own of h) writer.push(base + y.coordinate * width + own.coordinate, y.weight * own.weight);
        writer.endRow();
      }
    }
  }
  return [op.emit.linear(x, writer.finish(new Float64Array(rows)), shape)];
};

/** What each of `count` bins between two edges averages along an axis of `extent`. */
function binsOf(
  start: number,
  end: number,
  count: number,
  extent: number,
  ratio: number,
  halfPixel: boolean,
): readonly (readonly Tap[])[] {
  // Without half pixels regions are at least one element wide.
  const size = (halfPixel ? end - start : Math.max(end - start, 1)) / count;
  const points = ratio > 0 ? ratio : Math.ceil(size);
  checkedCount([count, Math.max(1, points)], maxPoints);
  return range(count).map((bin) =>
    range(points)
      .flatMap((point) => pointTaps(start + (bin + (point + 0.5) / points) * size, extent))
      .map(({ coordinate, weight }) => ({ coordinate, weight: weight / points })),
  );
}

/** Linear interpolation; nothing further than one element outside. */
function pointTaps(position: number, extent: number): readonly Tap[] {
  if (position < -1 || position > extent) return [];
  const at = Math.max(position, 0);
  const low = Math.min(Math.floor(at), extent - 1);
  const share = low === extent - 1 ? 0 : at - low;
  return [{ coordinate: low, weight: 1 - share }, ...(share > 0 ? [{ coordinate: low + 1, weight: share }] : [])];
}
