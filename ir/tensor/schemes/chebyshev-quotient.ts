/**
 * Polynomials that are quotients (T_N(x) − T_N(a)) / (x − a), N = 2^L, up to a factor: with r(x) = 1 − T_N(x) / T_N(a), which among
 * all r of degree N with r(a) = 0 and r ≤ 1 + 1 / T_N(a) on [−1, 1] deviates least from 1, r(x) / (x − a) is what is closest to
 * 1 / (x − a) relative to it (Markov; Rivlin, Chebyshev Polynomials, section 2.7).
 *
 * T_2n(x) − T_2n(a) = 2 (T_n(x) − T_n(a)) (T_n(x) + T_n(a)), so that they are products,
 *
 *   (T_N(x) − T_N(a)) / (x − a) = 2^L Π_{i < L} (T_{2^i}(x) + T_{2^i}(a)),
 *
 * and take L − 1 squares and L − 1 products, one of each on every level but the first: the steps of Goldschmidt's division
 * (IBM J. Res. Dev. 11, 1967) with the best factor in each.
 */
import type { Constant } from '../../constant.ts';

/** Of a coefficient, as a part of the largest. */
const tolerance = 1e-10;

/** What is left of the largest coefficient at the end of the highest degree; less is lost in rounding. */
const leastLeading = 1e-9;

export interface ChebyshevQuotient {
  /** a, outside of [−1, 1]. */
  readonly pole: number;
  /** log2 of the degree plus one; at least two. */
  readonly levels: number;
  /** For each set what the product of all T_{2^i}(x) + T_{2^i}(a), i < levels, is multiplied by. */
  readonly factors: Float64Array;
}

/** Chebyshev coefficients of (T_N(x) − T_N(a)) / (x − a), N = 2^levels: twice U_{N−1−k}(a), and half of that for k = 0. */
export function quotientCoefficients(pole: number, levels: number): Float64Array {
  const n = 2 ** levels;
  const coefficients = new Float64Array(n);
  let [before, now] = [0, 1];
  for (let k = n - 1; k >= 0; k--) {
    coefficients[k] = k === 0 ? now : 2 * now;
    [before, now] = [now, 2 * pole * now - before];
  }
  return coefficients;
}

/** The coefficients as such a quotient, the same for all sets but for factors; undefined where they are none. */
export function chebyshevQuotient({ shape: [sets = 0, terms = 0], values }: Constant): ChebyshevQuotient | undefined {
  const levels = Math.log2(terms);
  if (!Number.isInteger(levels) || levels < 2 || sets < 1) return undefined;
  const pole = (values[terms - 2] ?? 0) / (2 * (values[terms - 1] ?? 0));
  if (!Number.isFinite(pole) || Math.abs(pole) <= 1) return undefined;
  const model = quotientCoefficients(pole, levels);
  const largest = model.reduce((most, c) => Math.max(most, Math.abs(c)), 0);
  if (!(2 >= leastLeading * largest)) return undefined;
  const factors = Float64Array.from({ length: sets }, (_, set) => (values[(set + 1) * terms - 1] ?? 0) / 2);
  const isQuotient = factors.every((factor, set) =>
    model.every(
      (c, k) => Math.abs((values[set * terms + k] ?? 0) - factor * c) <= tolerance * Math.abs(factor) * largest,
    ),
  );
  return isQuotient ? { pole, levels, factors: factors.map((factor) => factor * 2 ** levels) } : undefined;
}
