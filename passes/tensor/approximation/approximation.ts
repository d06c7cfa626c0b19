/** What the ways of approximating a function by a polynomial have in common. */
import type { ScalarFunction } from '../../../ir/interpret/activations.ts';

/** The interval [center − halfWidth, center + halfWidth]; t = (x − center) / halfWidth is in [−1, 1]. */
export interface Range {
  readonly center: number;
  readonly halfWidth: number;
}

/** A function on a range. `kinks` are the points where it is not smooth. */
export interface Target {
  readonly f: ScalarFunction;
  readonly kinks: readonly number[];
  readonly range: Range;
}

export interface Approximation {
  /** Chebyshev coefficients in t, by degree. */
  readonly coefficients: Float64Array;
  /** What the error does not exceed on the range, in double precision. */
  readonly maxError: number;
}

/** T_0(t) … T_degree(t). */
export function chebyshevRow(t: number, degree: number): number[] {
  const row = [1, t];
  for (let k = 2; k <= degree; k++) row.push(2 * t * (row[k - 1] ?? 0) - (row[k - 2] ?? 0));
  return row.slice(0, degree + 1);
}
