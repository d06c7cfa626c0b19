/**
 * Index maps between row-major tensors: for each element of the result the position of its source, or −1 for none.
 * They all are sums over the axes of the result: `index[i₀, i₁, …] = offsets₀[i₀] + offsets₁[i₁] + …`.
 */
import { invalid } from '../proto/failure.ts';
import { checkedCount } from '../proto/limits.ts';

/** Elements between neighbours along each axis. */
export function stridesOf(shape: readonly number[]): readonly number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const extent of shape.toReversed()) {
    strides.unshift(stride);
    stride *= extent;
  }
  return strides;
}

/** 0 … count − 1, for one axis or one index map. */
export function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** The index map with the given offsets along each axis; one negative offset makes an element have no source. */
export function sumOfOffsets(offsets: readonly (readonly number[])[]): Int32Array {
  const total = checkedCount(offsets.map(({ length }) => length));
  let index = new Int32Array(1);
  for (const axis of offsets) {
    const next = new Int32Array(index.length * axis.length);
    let at = 0;
    for (const base of index) {
      for (const offset of axis) next[at++] = base < 0 || offset < 0 ? -1 : base + offset;
    }
    index = next;
  }
  return total === 0 ? new Int32Array() : index;
}

/** Takes the given coordinates along each axis of `shape`; a coordinate of −1 has no source. */
export function selectIndex(shape: readonly number[], coordinates: readonly (readonly number[])[]): Int32Array {
  const strides = stridesOf(shape);
  return sumOfOffsets(coordinates.map((axis, d) => axis.map((c) => (c < 0 ? -1 : c * (strides[d] ?? 1)))));
}

/** As `selectIndex`, along one axis, everything along the others. */
export function selectAlong(shape: readonly number[], axis: number, coordinates: readonly number[]): Int32Array {
  return selectIndex(
    shape,
    shape.map((extent, d) => (d === axis ? coordinates : range(extent))),
  );
}

/** `shape` with another extent along `axis`. */
export function withExtent(shape: readonly number[], axis: number, extent: number): readonly number[] {
  return shape.map((old, d) => (d === axis ? extent : old));
}

/** Axis d of the result is axis `permutation[d]` of the operand, as in Transpose. */
export function permuteIndex(shape: readonly number[], permutation: readonly number[]): Int32Array {
  const strides = stridesOf(shape);
  return sumOfOffsets(permutation.map((d) => range(shape[d] ?? 1).map((i) => i * (strides[d] ?? 1))));
}

export function permuted(shape: readonly number[], permutation: readonly number[]): readonly number[] {
  return permutation.map((d) => shape[d] ?? 1);
}

/** The shape that all broadcast to (multidirectional, as numpy). */
export function broadcastShape(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(0, ...shapes.map(({ length }) => length));
  return range(rank).map((axis) => {
    const extents = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((extent) => extent !== 1);
    const [extent = 1] = extents;
    if (extents.some((other) => other !== extent)) {
      throw invalid(`shapes ${shapes.map((shape) => `[${shape.join(', ')}]`).join(' and ')} do not broadcast`);
    }
    return extent;
  });
}

/** Repeats elements of `from` so that they fill `to`, a shape that `from` broadcasts to. */
export function broadcastIndex(from: readonly number[], to: readonly number[]): Int32Array {
  const strides = stridesOf(from);
  const ahead = to.length - from.length;
  return sumOfOffsets(
    to.map((extent, axis) => {
      const stride = (from[axis - ahead] ?? 1) === 1 ? 0 : (strides[axis - ahead] ?? 0);
      return range(extent).map((i) => i * stride);
    }),
  );
}

/** The elements at the positions of `index`; 0 where it is negative. */
export function pick(data: Float64Array, index: Int32Array): Float64Array {
  const picked = new Float64Array(index.length);
  for (let i = 0; i < index.length; i++) picked[i] = data[index[i] ?? -1] ?? 0;
  return picked;
}
