/**
 * Conversion of residues from one basis of primes to another (Halevi, Polyakov, Shoup, "An Improved RNS Variant of the BFV
 * Homomorphic Encryption Scheme", CT-RSA 2019, section 2.2). With D the product of the primes q_i, x modulo D is
 *
 *   x = Σ y_i·(D/q_i) − v·D,   y_i = [x·(D/q_i)^−1] modulo q_i, balanced,   v = nearest(Σ y_i/q_i),
 *
 * which lies within D/2 and a few units in the last place of D. The sum of quotients is taken in doubles, always in the same
 * order: whatever v it rounds to, all targets have the same, so that they are residues of one integer that is x modulo D.
 */
import { looseSum, reduceSum } from './wide-sums';

/** Of a source: (D/q_i) modulo the target, and 1/q_i. After the last comes −D modulo the target. */
export const termBytes: usize = 16;

/** Where the constants of `count` sources end, and that of v stands. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function endOfTerms(constants: usize, count: i32): usize {
  return constants + <usize>count * termBytes;
}

/** Sources whose sum need not be balanced before it is transformed. */
export const fewSources: i32 = 3;

/**
 * The sum of all terms and −v·D, v the nearest integer to the sum of quotients: |result| ≤ (q + 1)/2. There are at most nine
 * terms, so that v·D, |v| ≤ 9/2 + 1, is at most 11·2^46 and takes the low part to no more than 15·2^47: what `reduceSum` allows.
 *
 * Of at most `fewSources` terms it may be left `loose`: |result| ≤ 3.1·2^48. Proof: s − M is at most 3·(2^47·q/2 + 2^47), and the
 * quotient is off by at most 2^−52·2^48 = 1/16 and a little before it is rounded, so that |r| ≤ 0.57·q; the low part has
 * three errors of at most 2^47, and v·D, |v| ≤ 2, at most 2·2^47.
 *
 * @param loose a constant wherever this is inlined
 */
// @ts-ignore
@inline
export function convertedSum(high: v128, low: v128, quotient: v128, minusD: v128, q: v128, reciprocal: v128, loose: bool): v128 {
  const sum = f64x2.relaxed_madd(f64x2.nearest(quotient), minusD, low);
  return loose ? looseSum(high, sum, q, reciprocal) : reduceSum(high, sum, q, reciprocal);
}
