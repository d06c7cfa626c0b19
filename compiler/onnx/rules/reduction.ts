/** Sums and means over axes, and running sums. Each is one `sparse` whose rows sum groups of elements. */
import { elementCount } from '../../../ir/constant.ts';
import { RowWriter } from '../../../ir/tensor/csr.ts';
import type { Emitter } from '../emission/emitter.ts';
import { invalid, mixesSamples, refused } from '../proto/failure.ts';
import { permuteIndex, range } from '../emission/geometry.ts';
import { checkWeights } from '../proto/limits.ts';
import type { NodeReader, Operation, Rule } from '../emission/operation.ts';
import {
  type AnyTerm,
  constant,
  elementsOf,
  isBatched,
  sampleAxes,
  sampleAxis,
  scalarOf,
  type Term,
} from '../proto/term.ts';
import { product } from './arithmetic.ts';
import { requireFolded } from './folding.ts';

export interface Reduction {
  /** Axes of one sample. */
  readonly axes: readonly number[];
  readonly shape: readonly number[];
  /** Positions of the elements, those of one result after another. */
  readonly order: Int32Array;
  /** Elements of one result. */
  readonly group: number;
}

/** ReduceSum, with the operand squared first for ReduceSumSquare. */
export const reduceSum: Rule = (op) => {
  const x = op.input(0);
  return [reduced(op, op.opType === 'ReduceSumSquare' ? product(op.emit, x, x) : x, () => 1)];
};

export const reduceMean: Rule = (op) => {
  if (op.input(0).kind === 'encrypted' && elementsOf(op.input(0)) === 'integer') {
    throw refused('the mean of encrypted integers is cut off', 'Cast to float before the mean.');
  }
  return [reduced(op, op.input(0), (group) => 1 / group)];
};

/** As deep as the modulus allows with room for more. */
const maxFactors = 1024;

/** The product of each group, pairs first. */
export const reduceProd: Rule = (op) => {
  const x = op.input(0);
  if (x.kind === 'constant') return foldReduction((a, b) => a * b, 1)(op);
  const plan = reductionOf(op, x);
  if (plan === undefined) return [x];
  const { shape, order, group } = plan;
  if (group > maxFactors)
    throw refused(
      `ReduceProd multiplies ${group} encrypted values`,
      `Multiply at most ${maxFactors}; products take depth.`,
    );
  const rows = elementCount(shape);
  const columns = permuteIndex([rows, group], [1, 0]).map((i) => order[i] ?? 0);
  const factors = range(group).map((i) => op.emit.move(x, shape, columns.slice(i * rows, (i + 1) * rows)));
  return [productOfAll(op.emit, factors)];
};

/** The product of factors of one shape, as a tree. */
export function productOfAll(emit: Emitter, factors: readonly Term[]): Term {
  const [first, second, ...rest] = factors;
  if (first === undefined) throw invalid('a product of nothing');
  if (second === undefined) return first;
  const half = Math.ceil((rest.length + 2) / 2);
  return product(emit, productOfAll(emit, factors.slice(0, half)), productOfAll(emit, factors.slice(half)));
}

/**
 * A reduction of constants: `combine` from `identity` on, which is what there is of no elements, over `prepare` of each
 * element, and then `finish`.
 */
export const foldReduction =
  (
    combine: (a: number, b: number) => number,
    identity: number,
    { prepare = (v: number) => v, finish = (v: number) => v } = {},
  ): Rule =>
  (op) => {
    const x = requireFolded(op.input(0), op.opType);
    const plan = reductionOf(op, x);
    if (plan === undefined) return [x];
    const { shape, order, group } = plan;
    const data = Float64Array.from({ length: elementCount(shape) }, (_, r) =>
      finish(
        Array.from(order.subarray(r * group, (r + 1) * group), (i) => prepare(x.data[i] ?? 0)).reduce(
          (a, b) => combine(a, b),
          identity,
        ),
      ),
    );
    return [constant(shape, data, x.elements)];
  };

/** The mean over all axes behind the channels. */
export const globalAveragePool: Rule = (op) => {
  const x = op.input(0);
  const axes = range(x.shape.length).slice(isBatched(x) ? 1 : 2);
  const { shape, order, group } = reduction(x.shape, axes, true);
  return [groupSum(op.emit, x, order, group, 1 / group, shape)];
};

export const cumulativeSum: Rule = (op) => {
  const x = op.input(0);
  const axis = sampleAxis(x, scalarOf(op.input(1), 'the axis'), 'CumSum runs along');
  const [exclusive, reverse] = [op.strictFlag('exclusive'), op.strictFlag('reverse')];
  const extent = x.shape[axis] ?? 1;
  const stride = elementCount(x.shape.slice(axis + 1));
  const count = elementCount(x.shape);
  checkWeights(count * extent);
  const writer = new RowWriter(count, count);
  for (let r = 0; r < count; r++) {
    const at = Math.floor(r / stride) % extent;
    const [from, to] = reverse ? [at + (exclusive ? 1 : 0), extent] : [0, at + (exclusive ? 0 : 1)];
    for (let i = from; i < to; i++) writer.push(r + (i - at) * stride, 1);
    writer.endRow();
  }
  return [op.emit.linear(x, writer.finish(new Float64Array(count)), x.shape)];
};

/** y[r] = weight · Σ x[order[i]] over the r-th `group` entries of `order`. */
export function groupSum(
  emit: Emitter,
  x: Term,
  order: Int32Array,
  group: number,
  weight: number,
  shape: readonly number[],
): Term {
  const rows = elementCount(shape);
  checkWeights(order.length);
  const starts = Int32Array.from({ length: rows + 1 }, (_, r) => r * group);
  const values = new Float64Array(order.length).fill(weight);
  const map = { rows, columns: elementCount(x.shape), starts, indices: order, values, bias: new Float64Array(rows) };
  return emit.linear(x, map, shape);
}

function reduced(op: Operation, x: Term, weight: (group: number) => number): Term {
  const plan = reductionOf(op, x);
  if (plan === undefined) return x;
  const { order, group, shape } = plan;
  return groupSum(op.emit, x, order, group, weight(group), shape);
}

/** What the node reduces; undefined for nothing at all (`noop_with_empty_axes`). */
export function reductionOf(op: NodeReader<AnyTerm>, x: AnyTerm): Reduction | undefined {
  const given = op.integersAt(1, 'axes') ?? [];
  if (given.length === 0 && op.isOne('noop_with_empty_axes', false)) return undefined;
  if (given.length === 0 && isBatched(x)) throw mixesSamples(`${op.opType} reduces all axes, the batch axis too`);
  const axes = given.length === 0 ? range(x.shape.length) : sampleAxes(x, given, `${op.opType} reduces`);
  return reduction(x.shape, axes, op.isOne('keepdims', true));
}

/** The sums over axes of a shape. */
export function reduction(shape: readonly number[], axes: readonly number[], keepAxes: boolean): Reduction {
  const isReduced = (axis: number) => axes.includes(axis);
  const kept = range(shape.length).filter((axis) => !isReduced(axis));
  const result = shape.flatMap((extent, axis) => (isReduced(axis) ? (keepAxes ? [1] : []) : [extent]));
  const group = elementCount(axes.map((axis) => shape[axis] ?? 1));
  return { axes, shape: result, order: permuteIndex(shape, [...kept, ...axes]), group };
}
