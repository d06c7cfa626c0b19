/** CenterCropPad, Compress and ReverseSequence: elements kept, dropped or reversed along axes, at known positions. */
import { range, selectAlong, selectIndex, withExtent } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples } from '../../proto/failure.ts';
import { checkedCount } from '../../proto/limits.ts';
import {
  isBatched,
  isBatchSize,
  knownIntegers,
  normalizeAxis,
  onnxRank,
  sampleAxis,
  withShape,
} from '../../proto/term.ts';
import { shapeOperand } from '../shape.ts';

/** The middle of each axis, or the axis in the middle of zeros. */
export const centerCropPad: Rule = (op) => {
  const x = op.input(0);
  const rank = onnxRank(x);
  const skip = isBatched(x) ? 1 : 0;
  const sizes = shapeOperand(op, 1);
  const axes = (op.ints('axes') ?? range(rank)).map((axis) => normalizeAxis(axis, rank));
  if (axes.length !== sizes.length) throw invalid(`${sizes.length} sizes for ${axes.length} axes`);
  const batch = skip === 1 ? sizes[axes.indexOf(0)] : undefined;
  if (batch !== undefined && !isBatchSize(batch)) throw mixesSamples('CenterCropPad adds or drops samples');
  const shape = x.shape.map((extent, d) => sizes[axes.indexOf(d + skip)] ?? extent);
  checkedCount(shape);
  const coordinates = shape.map((size, d) => {
    const extent = x.shape[d] ?? 1;
    const begin = size < extent ? Math.floor((extent - size) / 2) : -Math.floor((size - extent) / 2);
    return range(size).map((i) => (i + begin < extent ? Math.max(-1, i + begin) : -1));
  });
  return [op.emit.select(x, shape, selectIndex(x.shape, coordinates))];
};

/** What a known condition holds for, along an axis or of all elements in a row. */
export const compress: Rule = (op) => {
  const given = op.input(0);
  const condition = op.constant(1, 'the condition').data;
  const isFlat = !op.has('axis');
  if (isFlat && isBatched(given)) throw mixesSamples('Compress of all axes selects among samples');
  const x = isFlat ? withShape(given, [checkedCount(given.shape)]) : given;
  const axis = sampleAxis(x, op.int('axis', 0), 'Compress selects along');
  const extent = x.shape[axis] ?? 1;
  if (condition.length > extent) throw invalid(`a condition of ${condition.length} for an axis of ${extent}`);
  const kept = range(condition.length).filter((i) => condition[i] !== 0);
  return [op.emit.select(x, withExtent(x.shape, axis, kept.length), selectAlong(x.shape, axis, kept))];
};

/** The first entries along one axis reversed, as many as are known for each index of another. */
export const reverseSequence: Rule = (op) => {
  const x = op.input(0);
  const lengths = knownIntegers(op.input(1), 'the lengths');
  const time = sampleAxis(x, op.int('time_axis', 0), 'ReverseSequence reverses');
  const batch = sampleAxis(x, op.int('batch_axis', 1), 'ReverseSequence has a length for each index of');
  const extent = x.shape[time] ?? 1;
  const bad = lengths.find((length) => length < 0 || length > extent);
  if (time === batch || lengths.length !== x.shape[batch] || bad !== undefined)
    throw invalid(`lengths [${lengths.join(', ')}] for [${x.shape.join(', ')}]`);
  const stride = x.shape.slice(time + 1).reduce((a, b) => a * b, 1);
  const inner = x.shape.slice(batch + 1).reduce((a, b) => a * b, 1);
  const index = selectIndex(x.shape, x.shape.map(range)).map((source) => {
    const at = Math.floor(source / stride) % extent;
    const length = lengths[Math.floor(source / inner) % lengths.length] ?? 0;
    return at < length ? source + (length - 1 - 2 * at) * stride : source;
  });
  return [op.emit.move(x, x.shape, index)];
};
