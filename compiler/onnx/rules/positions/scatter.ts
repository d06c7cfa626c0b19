/** ScatterND, ScatterElements and TensorScatter: updates written or added at positions that are known. */
import { elementCount, sameShape } from '../../../../ir/constant.ts';
import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { permuteIndex, range, selectIndex, stridesOf } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import { constant, isBatched, knownIntegers, normalizeAxis, type Term } from '../../proto/term.ts';
import { sum } from '../arithmetic.ts';
import { productOfAll } from '../reduction.ts';
import { blocksAt } from '../selection.ts';

const reductions = ['none', 'add', 'mul', 'max', 'min'] as const;
/** Updates of one element that are multiplied. */
const maxFactors = 16;

/** Blocks of the operand at the index tuples. */
export const scatterNd: Rule = (op) => {
  const [x, updates] = operandsOf(op);
  const indices = op.constant(1, 'the indices');
  const { starts, inner, rest } = blocksAt(x.shape, indices);
  if (!sameShape(updates.shape, [...indices.shape.slice(0, -1), ...rest]))
    throw invalid(`updates [${updates.shape.join(', ')}] do not fit the indices [${indices.shape.join(', ')}]`);
  const targets = starts.flatMap((start) => range(inner).map((i) => start + i));
  return [scattered(op, x, updates, targets)];
};

/** Single elements, moved along one axis. Scatter is its name before opset 11. */
export const scatterElements: Rule = (op) => {
  const [x, updates] = operandsOf(op);
  const indices = op.constant(1, 'the indices');
  const axis = normalizeAxis(op.int('axis', 0), x.shape.length);
  if (!sameShape(indices.shape, updates.shape) || indices.shape.length !== x.shape.length)
    throw invalid(`indices [${indices.shape.join(', ')}] for updates [${updates.shape.join(', ')}]`);
  if (indices.shape.some((extent, d) => d !== axis && extent > (x.shape[d] ?? 1)))
    throw invalid(`indices [${indices.shape.join(', ')}] reach beyond data [${x.shape.join(', ')}]`);
  const stride = stridesOf(x.shape)[axis] ?? 1;
  const others = selectIndex(
    x.shape,
    indices.shape.map((extent, d) => (d === axis ? new Array<number>(extent).fill(0) : range(extent))),
  );
  const along = knownIntegers(indices, 'the indices').map((i) => normalizeAxis(i, x.shape[axis] ?? 1));
  return [
    scattered(
      op,
      x,
      updates,
      Array.from(others, (base, i) => base + (along[i] ?? 0) * stride),
    ),
  ];
};

/** A cache whose entries from a position on, one for each first index, are replaced (opset 24). */
export const tensorScatter: Rule = (op) => {
  const [x, updates] = [op.input(0), op.input(1)];
  if (isBatched(x) || isBatched(updates)) throw mixesSamples('TensorScatter writes each sample elsewhere');
  const axis = normalizeAxis(op.int('axis', -2), x.shape.length);
  const extent = x.shape[axis] ?? 1;
  const given = op.optional(2);
  const begins = given === undefined ? [] : knownIntegers(given, 'the positions');
  const circular = op.string('mode', ['linear', 'circular'], 'linear') === 'circular';
  if (axis === 0 || !sameShape(updates.shape.toSpliced(axis, 1), x.shape.toSpliced(axis, 1)))
    throw invalid(`updates [${updates.shape.join(', ')}] do not fit [${x.shape.join(', ')}] along axis ${axis}`);
  const strides = stridesOf(x.shape);
  const inUpdates = stridesOf(updates.shape);
  const targets = range(elementCount(updates.shape)).map((i) => {
    const at = updates.shape.map((own, d) => Math.floor(i / (inUpdates[d] ?? 1)) % own);
    const moved = (at[axis] ?? 0) + (begins[at[0] ?? 0] ?? 0);
    const position = circular ? moved % extent : moved;
    if (position < 0 || position >= extent) throw invalid(`position ${position} is outside of ${extent}`);
    return at.reduce((offset, own, d) => offset + (d === axis ? position : own) * (strides[d] ?? 1), 0);
  });
  return [scattered(op, x, updates, targets)];
};

function operandsOf(op: Operation): readonly [Term, Term] {
  const [x, updates] = [op.input(0), op.input(2)];
  if (isBatched(x) || isBatched(updates)) throw mixesSamples(`${op.opType} writes among samples`);
  return [x, updates];
}

/** x with element i of `updates` at `targets[i]`. Where targets repeat without a reduction, one of them wins. */
function scattered(op: Operation, x: Term, updates: Term, targets: readonly number[]): Term {
  const reduction = op.string('reduction', reductions, 'none');
  const size = elementCount(x.shape);
  if (reduction === 'none') {
    const index = permuteIndex(x.shape, range(x.shape.length));
    for (const [i, target] of targets.entries()) index[target] = size + i;
    return op.emit.rearrange([x, updates], x.shape, index);
  }
  if (reduction === 'mul') return productOfAll(op.emit, [x, ...factorsAt(op, updates, targets, x.shape)]);
  if (reduction === 'add') return sum(op.emit, [x, spreadSum(op, updates, targets, x.shape)]);
  return folded(op, x, updates, targets, reduction);
}

/** The sum of what is scattered to each element of `shape`. */
function spreadSum(op: Operation, updates: Term, targets: readonly number[], shape: readonly number[]): Term {
  const rows = elementCount(shape);
  const sources = range(targets.length).toSorted((i, j) => (targets[i] ?? 0) - (targets[j] ?? 0) || i - j);
  const writer = new RowWriter(rows, targets.length, targets.length);
  let next = 0;
  for (let r = 0; r < rows; r++) {
    for (; targets[sources[next] ?? -1] === r; next++) writer.push(sources[next] ?? 0, 1);
    writer.endRow();
  }
  return op.emit.linear(updates, writer.finish(new Float64Array(rows)), shape);
}

/** Values of `shape` whose product has at each element all updates for it: as many as the most for one. */
function factorsAt(op: Operation, updates: Term, targets: readonly number[], shape: readonly number[]): Term[] {
  const one = targets.length;
  const layers: Int32Array[] = [];
  const seen = new Map<number, number>();
  for (const [i, target] of targets.entries()) {
    const k = seen.get(target) ?? 0;
    seen.set(target, k + 1);
    if (k === maxFactors)
      throw refused(`${op.opType} multiplies one element more than ${k} times`, 'Split the updates.');
    const layer = layers[k] ?? new Int32Array(elementCount(shape)).fill(one);
    layer[target] = i;
    layers[k] = layer;
  }
  const unit = constant([1], Float64Array.of(1));
  return layers.map((layer) => op.emit.rearrange([updates, unit], shape, layer));
}

/** The largest and smallest of constants. */
function folded(op: Operation, x: Term, updates: Term, targets: readonly number[], reduction: 'max' | 'min'): Term {
  if (updates.kind !== 'constant' || x.kind !== 'constant')
    throw refused(`${op.opType} takes the ${reduction} of encrypted values`, 'Use the reduction add, or none.');
  const data = x.data.slice();
  for (const [i, target] of targets.entries()) data[target] = Math[reduction](data[target] ?? 0, updates.data[i] ?? 0);
  return { ...x, data };
}
