/** GridSample and AffineGrid: an image read at positions that are known, and such positions from an affine map. */
import { elementCount } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { range, stridesOf } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid } from '../../proto/failure.ts';
import { checkedExtents, checkWeights } from '../../proto/limits.ts';
import { isBatched, knownIntegers, withoutBatchOfOne } from '../../proto/term.ts';
import { cubic, type Tap, tapsAround, triangle } from './interpolation.ts';

type Padding = 'zeros' | 'border' | 'reflection';

/** x [N, C, …spatial] at grid [N, …positions, rank], whose coordinates go from −1 to 1 and begin with the last axis. */
export const gridSample: Rule = (op) => {
  const x = op.input(0);
  const grid = op.constant(1, 'the grid');
  const leading = isBatched(x) ? 0 : 1;
  const [samples = 1, channels = 1, ...spatial] = isBatched(x) ? [1, ...x.shape] : x.shape;
  const [gridSamples = 0, ...rest] = isBatched(x) ? [1, ...withoutBatchOfOne(grid.shape)] : grid.shape;
  const positions = rest.slice(0, -1);
  if (gridSamples !== samples || rest.at(-1) !== spatial.length || positions.length !== spatial.length)
    throw invalid(`a grid [${grid.shape.join(', ')}] for [${x.shape.join(', ')}]`);
  const mode = op.string('mode', ['linear', 'bilinear', 'nearest', 'cubic', 'bicubic'], 'linear');
  const padding = op.string('padding_mode', ['zeros', 'border', 'reflection'], 'zeros');
  const corners = op.flag('align_corners', false);
  const shape = [...x.shape.slice(0, leading), channels, ...positions];
  checkedExtents(shape);
  const count = elementCount(positions);
  checkWeights(samples * channels * count * 4 ** spatial.length);
  const strides = stridesOf(spatial);
  const perChannel = elementCount(spatial);
  const along = (extent: number, at: number): readonly Tap[] => {
    const position = corners ? ((at + 1) / 2) * (extent - 1) : ((at + 1) * extent - 1) / 2;
    return tapsAt(position, extent, mode, padding, corners);
  };
  const writer = new RowWriter(samples * channels * count, elementCount(x.shape));
  for (let sample = 0; sample < samples; sample++) {
    const rows = range(count).map((p) => {
      const at = range(spatial.length).map((d) => grid.data[(sample * count + p + 1) * spatial.length - 1 - d] ?? 0);
      return spatial.reduce<readonly Tap[]>(
        (row, extent, d) =>
          row.flatMap(({ coordinate, weight }) =>
            along(extent, at[d] ?? 0).map((tap) => ({
              coordinate: coordinate + tap.coordinate * (strides[d] ?? 1),
              weight: weight * tap.weight,
            })),
          ),
        [{ coordinate: 0, weight: 1 }],
      );
    });
    for (let channel = 0; channel < channels; channel++) {
      for (const row of rows) {
        for (const { coordinate, weight } of row)
          writer.push((sample * channels + channel) * perChannel + coordinate, weight);
        writer.endRow();
      }
    }
  }
  return [op.emit.linear(x, writer.finish(new Float64Array(samples * channels * count)), shape)];
};

/** What a position along an axis reads; nothing beyond the edges of zeros. */
function tapsAt(position: number, extent: number, mode: string, padding: Padding, corners: boolean): readonly Tap[] {
  if (!Number.isFinite(position)) throw invalid('a position of the grid is not finite');
  const isCubic = mode.endsWith('cubic');
  // Linear and nearest interpolation move the position into the image, cubic interpolation what it reads.
  const at = isCubic ? position : inside(position, extent, padding, corners);
  const taps =
    mode === 'nearest'
      ? [{ coordinate: roundHalfToEven(at), weight: 1 }]
      : tapsAround(at, isCubic ? cubic(-0.75) : triangle);
  return taps.flatMap(({ coordinate, weight }) => {
    const own = isCubic ? inside(coordinate, extent, padding, corners) : coordinate;
    return own >= 0 && own < extent ? [{ coordinate: own, weight }] : [];
  });
}

function inside(position: number, extent: number, padding: Padding, corners: boolean): number {
  if (padding === 'zeros') return position;
  const clamp = (own: number) => Math.min(Math.max(own, 0), extent - 1);
  if (padding === 'border') return clamp(position);
  const [low, high] = corners ? [0, extent - 1] : [-0.5, extent - 0.5];
  const width = high - low;
  if (width === 0) return 0;
  const beyond = Math.abs(position - low) % (2 * width);
  return clamp(low + (beyond > width ? 2 * width - beyond : beyond));
}

function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}

/** theta [N, rank, rank + 1] applied to the positions of an image of a given size [N, C, …spatial]. */
export const affineGrid: Rule = (op) => {
  const theta = op.input(0);
  const [samples = 0, , ...spatial] = knownIntegers(op.input(1), 'the size of the grid');
  const corners = op.flag('align_corners', false);
  const rank = spatial.length;
  const expected = isBatched(theta) ? [rank, rank + 1] : [samples, rank, rank + 1];
  if (theta.shape.join() !== expected.join() || rank < 1)
    throw invalid(`theta [${theta.shape.join(', ')}] for a grid of rank ${rank}`);
  const lead = isBatched(theta) ? [] : [samples];
  const shape = [...lead, ...spatial, rank];
  const rows = checkedExtents(shape);
  checkWeights(rows * (rank + 1));
  const strides = stridesOf(spatial);
  const count = elementCount(spatial);
  const along = (extent: number, i: number) =>
    corners ? (extent === 1 ? 0 : -1 + (2 * i) / (extent - 1)) : (2 * i + 1) / extent - 1;
  const writer = new RowWriter(rows, elementCount(theta.shape));
  for (let r = 0; r < rows; r++) {
    const position = Math.floor(r / rank) % count;
    const row = (Math.floor(r / (rank * count)) * rank + (r % rank)) * (rank + 1);
    // Coordinates of the grid begin with the last axis.
    for (let d = 0; d < rank; d++) {
      const axis = rank - 1 - d;
      const extent = spatial[axis] ?? 1;
      writer.push(row + d, along(extent, Math.floor(position / (strides[axis] ?? 1)) % extent));
    }
    writer.push(row + rank, 1);
    writer.endRow();
  }
  return [op.emit.linear(theta, writer.finish(new Float64Array(rows)), shape)];
};
