/** Operators that pick, repeat or join elements at positions that are known when compiling. */
import { elementCount, sameShape } from '../../../ir/constant.ts';
import { broadcast } from '../emission/broadcast.ts';
import { invalid, mixesSamples } from '../proto/failure.ts';
import { permuteIndex, range, selectAlong, selectIndex, stridesOf, withExtent } from '../emission/geometry.ts';
import { checkedCount } from '../proto/limits.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import {
  type ConstantTerm,
  isBatched,
  isBatchSize,
  knownIntegers,
  normalizeAxis,
  onnxRank,
  sampleAxis,
  sampleShapes,
  type Term,
} from '../proto/term.ts';

export const slice: Rule = (op) => {
  const x = op.input(0);
  const starts = bounds(op, 1, 'starts');
  const ends = bounds(op, 2, 'ends');
  const axes = op.integersAt(3, 'axes') ?? range(starts.length);
  const steps = (op.opset < 10 ? undefined : op.integersAt(4, 'steps')) ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    throw invalid('starts, ends, axes and steps of Slice differ in length');
  }
  if (new Set(axes.map((axis) => normalizeAxis(axis, onnxRank(x)))).size !== axes.length)
    throw invalid(`axes [${axes.join(', ')}] of Slice repeat an axis`);
  const coordinates = x.shape.map((extent) => range(extent));
  for (const [i, axis] of axes.entries()) {
    const [start = 0, end = 0, step = 1] = [starts[i], ends[i], steps[i]];
    if (isBatched(x) && normalizeAxis(axis, onnxRank(x)) === 0) {
      const everything = start === 0 && step === 1 && (isBatchSize(end) || end >= 2 ** 31 - 1);
      if (!everything) throw mixesSamples('Slice selects among samples');
      continue;
    }
    if (isBatchSize(start) || isBatchSize(end)) throw mixesSamples('a bound of Slice depends on the batch size');
    const d = sampleAxis(x, axis, 'Slice cuts');
    coordinates[d] = sliceCoordinates(x.shape[d] ?? 1, start, end, step);
  }
  const shape = coordinates.map(({ length }) => length);
  return [op.emit.select(x, shape, selectIndex(x.shape, coordinates))];
};

/** Starts or ends: the size of the batch may stand among them. */
function bounds(op: Operation, i: number, name: string): readonly number[] {
  const attribute = op.ints(name);
  if (attribute !== undefined) return attribute;
  return Array.from(op.constant(i, `the operand ${name}`).data);
}

function sliceCoordinates(extent: number, start: number, end: number, step: number): readonly number[] {
  if (step === 0) throw invalid('a step of Slice is 0');
  const [least, most] = step > 0 ? [0, extent] : [-1, extent - 1];
  const clamp = (x: number, low: number) => Math.min(Math.max(x < 0 ? x + extent : x, low), most);
  const from = clamp(start, Math.max(least, 0));
  const to = clamp(end, least);
  const count = Math.max(0, Math.ceil((to - from) / step));
  return range(count).map((i) => from + i * step);
}

export const split: Rule = (op) => {
  const x = op.input(0);
  const axis = sampleAxis(x, op.int('axis', 0), 'Split cuts');
  const extent = x.shape[axis] ?? 1;
  const parts = op.node.outputs.length;
  const given = op.integersAt(1, 'split') ?? evenSplit(op, extent, parts);
  if (given.length !== parts || given.some((size) => size < 0) || given.reduce((a, b) => a + b, 0) !== extent) {
    throw invalid(`[${given.join(', ')}] is no split of ${extent} into ${parts}`);
  }
  let from = 0;
  return given.map((size) => {
    const begin = from;
    from += size;
    const coordinates = range(size).map((i) => begin + i);
    return op.emit.select(x, withExtent(x.shape, axis, size), selectAlong(x.shape, axis, coordinates));
  });
};

/** Since opset 18 the last part may be smaller, and the node says how many there are. */
function evenSplit(op: Operation, extent: number, parts: number): readonly number[] {
  const count = op.opset < 18 ? parts : op.int('num_outputs', 0);
  if (count !== parts) throw invalid(`Split has neither sizes nor a num_outputs of ${parts}, its results`);
  const even = Math.ceil(extent / parts);
  if (op.opset < 18 && even * parts !== extent) throw invalid(`an axis of ${extent} does not split into ${parts}`);
  return range(parts).map((i) => Math.min(even, extent - i * even));
}

export const concat: Rule = (op) => {
  const all = op.inputs();
  // onnxruntime does not look at the shapes of what is empty (ConcatBase::PrepareForCompute).
  const filled = all.filter(({ shape }) => elementCount(shape) > 0);
  const operands = filled.length > 0 ? filled : all;
  const [first = op.input(0)] = operands;
  const widest = operands.find(isBatched) ?? first;
  if (op.opset >= 4 && !op.has('axis')) throw invalid('Concat needs an axis');
  const axis = sampleAxis(widest, op.int('axis', 1), 'Concat joins along');
  const { shapes } = sampleShapes(operands);
  const [own = []] = shapes;
  const misfit = shapes.find((s) => s.length !== own.length || s.some((extent, d) => d !== axis && extent !== own[d]));
  if (misfit !== undefined)
    throw invalid(`[${own.join(', ')}] and [${misfit.join(', ')}] do not join along axis ${axis}`);
  const extents = shapes.map((shape) => shape[axis] ?? 0);
  const shape = withExtent(
    own,
    axis,
    extents.reduce((a, b) => a + b, 0),
  );
  checkedCount(shape);
  return [op.emit.rearrange(operands, shape, joinIndex(shape, axis, extents))];
};

/** Where each element of a concatenation lies among the flattened operands. */
function joinIndex(shape: readonly number[], axis: number, extents: readonly number[]): Int32Array {
  const before = elementCount(shape.slice(0, axis));
  const after = elementCount(shape.slice(axis + 1));
  const index = new Int32Array(elementCount(shape));
  let at = 0;
  for (let outer = 0; outer < before; outer++) {
    let operand = 0;
    for (const extent of extents) {
      for (let i = 0; i < extent * after; i++) index[at++] = operand + outer * extent * after + i;
      operand += before * extent * after;
    }
  }
  return index;
}

export const gather: Rule = (op) => {
  const x = op.input(0);
  const indices = op.constant(1, 'the indices');
  const axis = sampleAxis(x, op.int('axis', 0), 'Gather selects along');
  const extent = x.shape[axis] ?? 1;
  const coordinates = knownIntegers(indices, 'the indices').map((i) => normalizeAxis(i, extent));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  return [op.emit.select(x, shape, selectAlong(x.shape, axis, coordinates))];
};

export const gatherElements: Rule = (op) => {
  const x = op.input(0);
  const { shapes } = sampleShapes([x, op.constant(1, 'the indices')]);
  const [, shape = []] = shapes;
  const axis = sampleAxis(x, op.int('axis', 0), 'GatherElements selects along');
  if (shape.length !== x.shape.length) throw invalid('indices and data of GatherElements differ in rank');
  if (shape.some((extent, d) => d !== axis && extent > (x.shape[d] ?? 1)))
    throw invalid(`indices [${shape.join(', ')}] reach beyond data [${x.shape.join(', ')}]`);
  const strides = stridesOf(x.shape);
  const indices = knownIntegers(op.input(1), 'the indices');
  const others = selectIndex(
    x.shape,
    shape.map((extent, d) => (d === axis ? new Array<number>(extent).fill(0) : range(extent))),
  );
  const index = others.map(
    (base, i) => base + normalizeAxis(indices[i] ?? 0, x.shape[axis] ?? 1) * (strides[axis] ?? 1),
  );
  return [op.emit.select(x, shape, index)];
};

/** Blocks at the index tuples, of each entry of the `batch_dims` first axes by themselves. */
export const gatherNd: Rule = (op) => {
  const x = op.input(0);
  const indices = op.constant(1, 'the indices');
  if (isBatched(x)) throw mixesSamples('GatherND selects among samples');
  const batchRank = op.int('batch_dims', 0);
  const lead = x.shape.slice(0, batchRank);
  if (batchRank < 0 || !sameShape(lead, indices.shape.slice(0, batchRank)) || lead.length !== batchRank)
    throw invalid(`batch_dims ${batchRank} of [${x.shape.join(', ')}] and [${indices.shape.join(', ')}]`);
  const own = { ...indices, shape: indices.shape.slice(batchRank) };
  const inShape = x.shape.slice(batchRank);
  const [perBatch, tuples] = [elementCount(inShape), elementCount(own.shape)];
  const blocks = range(elementCount(lead)).map((i) =>
    blocksAt(inShape, { ...own, data: indices.data.subarray(i * tuples, (i + 1) * tuples) }),
  );
  const depth = own.shape.at(-1) ?? 0;
  const [inner, rest] = [elementCount(inShape.slice(depth)), inShape.slice(depth)];
  const starts = blocks.flatMap((block, i) => block.starts.map((start) => i * perBatch + start));
  const shape = [...lead, ...own.shape.slice(0, -1), ...rest];
  const length = checkedCount(shape);
  const index = Int32Array.from({ length }, (_, i) => (starts[Math.floor(i / inner)] ?? 0) + (i % inner));
  return [op.emit.select(x, shape, index)];
};

/** The blocks that the index tuples of GatherND and ScatterND point at: first elements, size and shape. */
export function blocksAt(shape: readonly number[], indices: ConstantTerm) {
  const depth = indices.shape.at(-1) ?? 0;
  if (depth < 1 || depth > shape.length) throw invalid(`indices of ${depth} coordinates for rank ${shape.length}`);
  const strides = stridesOf(shape);
  const rest = shape.slice(depth);
  const coordinates = knownIntegers(indices, 'the indices');
  const starts = range(coordinates.length / depth).map((tuple) =>
    range(depth)
      .map((d) => normalizeAxis(coordinates[tuple * depth + d] ?? 0, shape[d] ?? 1) * (strides[d] ?? 1))
      .reduce((a, b) => a + b, 0),
  );
  return { starts, inner: elementCount(rest), rest };
}

export const tile: Rule = (op) => {
  const x = op.input(0);
  const repeats = knownIntegers(op.input(1), 'the repeats');
  if (repeats.length !== onnxRank(x)) throw invalid(`${repeats.length} repeats for a value of rank ${onnxRank(x)}`);
  if (isBatched(x) && repeats[0] !== 1) throw mixesSamples('Tile repeats samples');
  const own = isBatched(x) ? repeats.slice(1) : repeats;
  const shape = x.shape.map((extent, d) => extent * (own[d] ?? 1));
  checkedCount(shape);
  const coordinates = shape.map((length, d) => range(length).map((i) => i % (x.shape[d] ?? 1)));
  return [op.emit.select(x, shape, selectIndex(x.shape, coordinates))];
};

/** Where, with a condition that is known. */
export const where: Rule = (op) => {
  const condition = op.constant(0, 'the condition');
  const { terms, shape } = broadcast(op.emit, [condition, op.input(1), op.input(2)]);
  const [mask, x, y] = terms;
  if (mask?.kind !== 'constant' || x === undefined || y === undefined) throw invalid('Where needs three operands');
  const count = checkedCount(shape);
  const sizeOfX = elementCount(x.shape);
  const at = (term: Term, i: number) => (elementCount(term.shape) === 1 ? 0 : i);
  const index = Int32Array.from({ length: count }, (_, i) =>
    mask.data[at(mask, i)] !== 0 ? at(x, i) : sizeOfX + at(y, i),
  );
  return [op.emit.rearrange([x, y], shape, index)];
};

/** Keeps the elements on one side of a diagonal of the last two axes. */
export const trilu: Rule = (op) => {
  const x = op.input(0);
  if (x.shape.length < 2) throw invalid('Trilu needs matrices');
  const k = op.optional(1) === undefined ? 0 : (knownIntegers(op.input(1), 'the diagonal')[0] ?? 0);
  const upper = op.flag('upper', true);
  const [rows = 1, columns = 1] = x.shape.slice(-2);
  const index = permuteIndex(x.shape, range(x.shape.length)).map((source) => {
    const [row, column] = [Math.floor(source / columns) % rows, source % columns];
    return (upper ? column - row >= k : column - row <= k) ? source : -1;
  });
  return [op.emit.move(x, x.shape, index)];
};
