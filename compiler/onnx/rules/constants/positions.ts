/** OneHot, NonZero, EyeLike and Unique: positions of constants. */
import { elementCount } from '../../../../ir/constant.ts';
import { permuted, permuteIndex, pick, range, selectAlong, stridesOf, withExtent } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import { elementTypeOf } from '../../proto/element-types.ts';
import { checkedCount } from '../../proto/limits.ts';
import { constant, type ConstantTerm, integers, isBatched, normalizeAxis, scalarOf } from '../../proto/term.ts';

/** Values of two kinds along a new axis: one at the index, the other elsewhere; an index outside has none. */
export const oneHot: Rule = (op) => {
  const indices = op.constant(0, 'the indices');
  const depth = scalarOf(op.input(1), 'the depth');
  const values = op.input(2);
  if (elementCount(values.shape) !== 2 || depth < 1) throw invalid('OneHot needs a depth and two values');
  const axis = normalizeAxis(op.int('axis', -1), indices.shape.length + 1);
  const shape = indices.shape.toSpliced(axis, 0, Math.trunc(depth));
  const count = checkedCount(shape);
  const inner = elementCount(indices.shape.slice(axis));
  const index = Int32Array.from({ length: count }, (_, i) => {
    const own = indices.data[Math.floor(i / (inner * depth)) * inner + (i % inner)] ?? 0;
    return (own < 0 ? own + depth : own) === Math.floor(i / inner) % depth ? 1 : 0;
  });
  return [op.emit.select(values, shape, index)];
};

/** [rank, count]: the coordinates of what is not zero. */
export const nonZero: Rule = (op) => {
  const x = op.constant(0, 'the operand of NonZero');
  const positions = range(x.data.length).filter((i) => x.data[i] !== 0);
  const strides = stridesOf(x.shape);
  const coordinates = x.shape.flatMap((extent, d) => positions.map((i) => Math.floor(i / (strides[d] ?? 1)) % extent));
  op.emit.charge(coordinates.length);
  return [constant([x.shape.length, positions.length], Float64Array.from(coordinates), 'integer')];
};

/** Ones on a diagonal, of the shape of the operand. */
export const eyeLike: Rule = (op) => {
  const like = op.input(0);
  if (isBatched(like)) throw mixesSamples('EyeLike makes a matrix with a row for each sample');
  const [rows = 0, columns = 0] = like.shape;
  if (like.shape.length !== 2) throw invalid('EyeLike makes matrices');
  const k = op.int('k', 0);
  const kind = op.has('dtype')
    ? elementTypeOf(op.int('dtype', 0))?.kind
    : like.kind === 'constant'
      ? like.elements
      : 'float';
  if (kind === undefined) throw refused('the type of EyeLike is not supported', 'Use float.');
  op.emit.charge(rows * columns);
  const data = Float64Array.from({ length: rows * columns }, (_, i) =>
    Number((i % columns) - Math.floor(i / columns) === k),
  );
  return [constant(like.shape, data, kind)];
};

/** What occurs, where it does first, which one each is, and how often: of elements, or of slices along an axis. */
export const unique: Rule = (op) => {
  const x = op.constant(0, 'the operand of Unique');
  const hasAxis = op.has('axis');
  const axis = hasAxis ? normalizeAxis(op.int('axis', 0), x.shape.length) : 0;
  const shape = hasAxis ? x.shape : [x.data.length];
  const slices = slicesAlong(x, shape, axis);
  op.emit.charge(2 * x.data.length);
  const classes = new Map<string, { first: number; count: number }>();
  const keys = slices.map((slice) => slice.join());
  for (const [i, key] of keys.entries()) {
    const known = classes.get(key);
    classes.set(key, known === undefined ? { first: i, count: 1 } : { ...known, count: known.count + 1 });
  }
  const found = [...classes.entries()];
  if (op.flag('sorted', true)) {
    found.sort(([, a], [, b]) => compare(slices[a.first] ?? [], slices[b.first] ?? []));
  }
  const order = new Map(found.map(([key], i) => [key, i]));
  const firsts = found.map(([, { first }]) => first);
  const data = pick(x.data, selectAlong(shape, axis, firsts));
  return [
    constant(withExtent(shape, axis, firsts.length), data, x.elements),
    integers(firsts),
    integers(keys.map((key) => order.get(key) ?? 0)),
    integers(found.map(([, { count }]) => count)),
  ];
};

function slicesAlong(x: ConstantTerm, shape: readonly number[], axis: number): readonly (readonly number[])[] {
  const order = [axis, ...range(shape.length).filter((d) => d !== axis)];
  const data = pick(x.data, permuteIndex(shape, order));
  const [count = 0, ...rest] = permuted(shape, order);
  const size = elementCount(rest);
  return range(count).map((i) => Array.from(data.subarray(i * size, (i + 1) * size)));
}

function compare(a: readonly number[], b: readonly number[]): number {
  const at = a.findIndex((x, i) => x !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}
