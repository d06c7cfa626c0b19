/**
 * Sums of products of residues, reduced once for many: two doubles hold a sum exactly.
 *
 * Let M = 1.5·2^100. Doubles of [2^100, 2^101) are multiples of 2^48. A sum is kept as s − M + l, where s starts at M, l
 * at 0, and a product x·y is added by
 *
 *   s' = fma(x, y, s)    e = fma(x, y, s − s')    l' = l + e
 *
 * Proof, for |x|, |y| ≤ (q + 1)/2 ≤ 2^47 and at most `maxTerms` = 24 products: while s and s' stay in that interval, s'
 * is s + x·y rounded to a multiple of 2^48, so that s − s' is a multiple of 2^48 below 2^100 and exact, and
 * e = x·y − (s' − s) is an integer of at most 2^47: the fused operation gives it exactly. They do stay: |s − M| is at most
 * 24·(2^94 + 2^47) < 2^99. And |l| ≤ 24·2^47 + |l at the start|, which is exact below 2^53.
 *
 * Such a sum is reduced by c = nearest(fl((s − M)·(1/q))), r = fma(−c, q, s − M) and balancing r + l. Proof: s − M is
 * exact; |s − M|/q ≤ 24·((q + 1)²/4 + 2^47)/q < 2^51, where 24·2^47/q counts for small q only; so the quotient is off by
 * at most 1/2 + 2^−52·2^51 = 1 and |r| ≤ q < 2^48, an integer that the fused operation gives exactly. With |l| ≤ 25·2^47,
 * where a balanced residue is what l started from, |r + l| ≤ 27·2^47 < 2^52: `balance` holds.
 */
import { balance } from './modular';

/** Products that a sum takes between two reductions. */
export const maxTerms: i32 = 24;

/** M = 1.5·2^100, the high part of an empty sum. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function emptyHigh(): v128 {
  return f64x2.splat(1.5 * 1267650600228229401496703205376.0);
}

/** The high part with x·y added. */
// @ts-ignore
@inline
export function addHigh(x: v128, y: v128, high: v128): v128 {
  return f64x2.relaxed_madd(x, y, high);
}

/** The low part with x·y added, where that took the high part from `before` to `after`. */
// @ts-ignore
@inline
export function addLow(x: v128, y: v128, low: v128, before: v128, after: v128): v128 {
  return f64x2.add(low, f64x2.relaxed_madd(x, y, f64x2.sub(before, after)));
}

/** A sum modulo q, unbalanced: |result| ≤ q + 24·2^47 ≤ 13·2^48, where the low part started from 0. */
// @ts-ignore
@inline
export function looseSum(high: v128, low: v128, q: v128, reciprocal: v128): v128 {
  const h = f64x2.sub(high, emptyHigh());
  const c = f64x2.nearest(f64x2.mul(h, reciprocal));
  return f64x2.add(f64x2.relaxed_nmadd(c, q, h), low);
}

/** The residue of a sum: |result| ≤ (q + 1)/2. It may be the low part that the sum goes on with. */
// @ts-ignore
@inline
export function reduceSum(high: v128, low: v128, q: v128, reciprocal: v128): v128 {
  return balance(looseSum(high, low, q, reciprocal), q, reciprocal);
}
