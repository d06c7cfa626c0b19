/** Interpolation: which coordinates an element of the result reads, and with what weights, one axis at a time. */
import { elementCount } from '../../../../ir/constant.ts';
import { type LinearMap, RowWriter } from '../../../../ir/tensor/csr.ts';
import { stridesOf } from '../../emission/geometry.ts';
import { checkWeights } from '../../proto/limits.ts';

export interface Tap {
  readonly coordinate: number;
  readonly weight: number;
}

/** A function that is zero from `support` on, and the weights of what is so far from a position. */
export interface Filter {
  readonly support: number;
  readonly weight: (distance: number) => number;
}

export const triangle: Filter = { support: 1, weight: (distance) => Math.max(0, 1 - Math.abs(distance)) };

/** Keys' cubic convolution (1981); `a` is its slope at 1. */
export function cubic(a: number): Filter {
  return {
    support: 2,
    weight: (distance) => {
      const x = Math.abs(distance);
      if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
      return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
    },
  };
}

/**
 * All integers that `filter` reaches around `position`, with weights that sum to one. A filter that is stretched by
 * `stretch` averages what lies between the elements of a smaller result.
 */
export function tapsAround(position: number, filter: Filter, stretch = 1): readonly Tap[] {
  const reach = filter.support * stretch;
  const first = Math.floor(position - reach) + 1;
  const taps: Tap[] = [];
  // Counted, because the next whole number of a large one may be itself.
  for (let i = 0; i <= 2 * reach; i++) {
    const weight = filter.weight((first + i - position) / stretch);
    if (weight !== 0) taps.push({ coordinate: first + i, weight });
  }
  return normalized(taps);
}

/** The taps with weights that sum to one. */
export function normalized(taps: readonly Tap[]): readonly Tap[] {
  const total = taps.reduce((sum, { weight }) => sum + weight, 0);
  return total === 0 ? taps : taps.map(({ coordinate, weight }) => ({ coordinate, weight: weight / total }));
}

/**
 * The map from a value of `shape` to one of `result` whose weights are products of those of each axis: `taps[d][i]` are
 * the taps of position i along axis d. Where those of an axis are undefined, the result is `outside`.
 */
export function separableMap(
  shape: readonly number[],
  result: readonly number[],
  taps: readonly (readonly (readonly Tap[] | undefined)[])[],
  outside = 0,
): LinearMap {
  const rows = elementCount(result);
  const most = taps.map((axis) => axis.reduce((widest, own) => Math.max(widest, own?.length ?? 0), 1));
  checkWeights(rows * elementCount(most));
  const strides = stridesOf(shape);
  const positions = stridesOf(result);
  const writer = new RowWriter(rows, elementCount(shape));
  const bias = new Float64Array(rows);
  for (let r = 0; r < rows; r++) {
    let row: readonly Tap[] = [{ coordinate: 0, weight: 1 }];
    for (const [d, axis] of taps.entries()) {
      const along = axis[Math.floor(r / (positions[d] ?? 1)) % (result[d] ?? 1)];
      if (along === undefined) bias[r] = outside;
      row = row.flatMap(({ coordinate, weight }) =>
        (along ?? []).map((tap) => ({
          coordinate: coordinate + tap.coordinate * (strides[d] ?? 1),
          weight: weight * tap.weight,
        })),
      );
    }
    for (const { coordinate, weight } of row) writer.push(coordinate, weight);
    writer.endRow();
  }
  return writer.finish(bias);
}
