/** Col2Im and MaxUnpool: columns and maxima put back to the places in an image that they are from. */
import { elementCount } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { range, stridesOf, sumOfOffsets } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { checkedExtents, checkWeights } from '../../proto/limits.ts';
import { isBatched, knownIntegers, type Term } from '../../proto/term.ts';

interface Blocks {
  readonly image: readonly number[];
  readonly block: readonly number[];
  /** Positions of the block along each axis. */
  readonly positions: readonly number[];
  /** The coordinate along axis d of entry `tap` of the block at a position; outside of the image in the padding. */
  readonly coordinate: (d: number, position: number, tap: number) => number;
}

/** Sums of the columns that lie on each element of the image, [N, C · block, positions] to [N, C, …image]. */
export const col2im: Rule = (op) => {
  const x = op.input(0);
  const { image, block, positions, coordinate } = blocksOf(op);
  const [columns = 0, count = 0] = x.shape.slice(-2);
  const lead = x.shape.slice(0, -2);
  const channels = columns / elementCount(block);
  if (x.shape.length !== (isBatched(x) ? 2 : 3) || !Number.isInteger(channels) || count !== elementCount(positions))
    throw invalid(`[${x.shape.join(', ')}] for blocks of [${block.join(', ')}] in [${image.join(', ')}]`);
  const shape = [...lead, channels, ...image];
  checkedExtents(shape);
  checkWeights(elementCount(x.shape));
  const strides = stridesOf(image);
  // Where each entry of each column lies in the image: [tap, position].
  const target = sumOfOffsets([...block, ...positions].map((extent) => range(extent).map(() => 0)));
  const walk = [...block, ...positions];
  const steps = stridesOf(walk);
  for (let i = 0; i < target.length; i++) {
    const at = walk.map((extent, d) => Math.floor(i / (steps[d] ?? 1)) % extent);
    const c = image.map((_, d) => coordinate(d, at[block.length + d] ?? 0, at[d] ?? 0));
    const isInside = c.every((own, d) => own >= 0 && own < (image[d] ?? 1));
    target[i] = isInside ? c.reduce((offset, own, d) => offset + own * (strides[d] ?? 1), 0) : -1;
  }
  return [op.emit.linear(x, sumsAt(target, elementCount(lead) * channels, elementCount(image)), shape)];
};

function blocksOf(op: Operation): Blocks {
  const image = knownIntegers(op.input(1), 'the shape of the image');
  const block = knownIntegers(op.input(2), 'the shape of the blocks');
  const ones = image.map(() => 1);
  const [strides, dilations] = [op.ints('strides') ?? ones, op.ints('dilations') ?? ones];
  const pads = op.ints('pads') ?? [...ones, ...ones].map(() => 0);
  const rank = image.length;
  const lists = [block, strides, dilations, pads.slice(rank), pads.slice(0, rank)];
  if (lists.some(({ length }) => length !== rank) || [...block, ...strides, ...dilations].some((own) => own < 1))
    throw invalid(`blocks [${block.join(', ')}] for an image [${image.join(', ')}]`);
  const positions = image.map((extent, d) => {
    const reach = (dilations[d] ?? 1) * ((block[d] ?? 1) - 1) + 1;
    return Math.floor((extent + (pads[d] ?? 0) + (pads[rank + d] ?? 0) - reach) / (strides[d] ?? 1)) + 1;
  });
  checkedExtents(positions);
  const coordinate = (d: number, position: number, tap: number) =>
    position * (strides[d] ?? 1) + tap * (dilations[d] ?? 1) - (pads[d] ?? 0);
  return { image, block, positions, coordinate };
}

/** For each of `groups`: element t of the result is the sum of the entries i with `target[i]` = t. */
function sumsAt(target: Int32Array, groups: number, size: number) {
  const sources = Int32Array.from(range(target.length)).sort((i, j) => (target[i] ?? 0) - (target[j] ?? 0) || i - j);
  const inside = sources.filter((i) => (target[i] ?? -1) >= 0);
  const writer = new RowWriter(groups * size, groups * target.length, groups * inside.length);
  for (let group = 0; group < groups; group++) {
    let next = 0;
    for (let t = 0; t < size; t++) {
      for (; target[inside[next] ?? -1] === t; next++) writer.push(group * target.length + (inside[next] ?? 0), 1);
      writer.endRow();
    }
  }
  return writer.finish(new Float64Array(groups * size));
}

/**
 * Elements at their positions in the larger, flattened value; zeros elsewhere. Positions count in the shape that the
 * window gives, also where the result is given another (onnxruntime counts in that of the result).
 */
export const maxUnpool: Rule = (op) => {
  const x = op.input(0);
  const indices = knownIntegers(op.input(1), 'the positions of the maxima');
  if (isBatched(x)) throw mixesSamples('MaxUnpool has positions for each sample');
  if (indices.length !== elementCount(x.shape))
    throw invalid(`${indices.length} positions for [${x.shape.join(', ')}]`);
  const own = unpooledShape(op, x);
  const given = op.optional(2);
  const shape = given === undefined ? own : knownIntegers(given, 'the shape of the result');
  if (shape.length !== own.length) throw invalid(`a result [${shape.join(', ')}] for [${x.shape.join(', ')}]`);
  const index = new Int32Array(checkedExtents(shape)).fill(-1);
  const [strides, results] = [stridesOf(own), stridesOf(shape)];
  for (const [i, position] of indices.entries()) {
    const at = own.map((extent, d) => Math.floor(position / (strides[d] ?? 1)) % extent);
    if (position < 0 || position >= elementCount(own) || at.some((c, d) => c >= (shape[d] ?? 1)))
      throw invalid(`position ${position} is outside of [${shape.join(', ')}]`);
    index[at.reduce((offset, c, d) => offset + c * (results[d] ?? 1), 0)] = i;
  }
  return [op.emit.move(x, shape, index)];
};

function unpooledShape(op: Operation, x: Term): readonly number[] {
  const kernel = op.ints('kernel_shape') ?? [];
  const strides = op.ints('strides') ?? kernel.map(() => 1);
  const pads = op.ints('pads') ?? [...kernel, ...kernel].map(() => 0);
  if (kernel.length !== x.shape.length - 2) throw invalid(`kernel_shape [${kernel.join(', ')}] does not fit`);
  const spatial = kernel.map((extent, d) => {
    const own = x.shape[d + 2] ?? 1;
    return (own - 1) * (strides[d] ?? 1) + extent - (pads[d] ?? 0) - (pads[kernel.length + d] ?? 0);
  });
  checkedExtents(spatial);
  return [...x.shape.slice(0, 2), ...spatial];
}
