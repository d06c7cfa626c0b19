/**
 * Conversion of residues from one basis of primes to another (Halevi, Polyakov, Shoup, "An Improved RNS Variant of the BFV
 * Homomorphic Encryption Scheme", CT-RSA 2019, section 2.2). With D the product of the primes q_i, x modulo D is
 *
 *   x = Σ y_i·(D/q_i) − v·D,   y_i = [x·(D/q_i)^−1] modulo q_i, balanced,   v = nearest(Σ y_i/q_i),
 *
 * which lies within D/2 and a few units in the last place of D. The sum of quotients is taken in doubles, always in the same
 * order: whatever v it rounds to, all targets have the same, so that they are residues of one integer that is x modulo D.
 */
import { addHigh, addLow, emptyHigh, reduceSum } from './wide-sums';

/** Of a source: (D/q_i) modulo the target, and 1/q_i. After the last comes −D modulo the target. */
const termBytes: usize = 16;

/** Where the constants of `count` sources end, and that of v stands. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function endOfTerms(constants: usize, count: i32): usize {
  return constants + <usize>count * termBytes;
}

/**
 * Two elements at byte `at` of the sources, converted: |result| ≤ (q + 1)/2. At most nine sources, so that
 * v·D, |v| ≤ 9/2 + 1, is at most 11·2^46 and takes the low part to no more than 15·2^47: what `reduceSum` allows.
 */
// @ts-ignore
@inline
export function converted(
  source: usize,
  at: usize,
  stride: usize,
  constants: usize,
  last: usize,
  minusD: v128,
  q: v128,
  reciprocal: v128,
): v128 {
  let high = emptyHigh();
  let low = f64x2.splat(0);
  let quotient = f64x2.splat(0);
  let limb = source + at;
  for (let term = constants; term < last; term += termBytes, limb += stride) {
    const x = v128.load(limb);
    const w = v128.load64_splat(term);
    const next = addHigh(x, w, high);
    low = addLow(x, w, low, high, next);
    high = next;
    quotient = f64x2.relaxed_madd(x, v128.load64_splat(term, 8), quotient);
  }
  return reduceSum(high, f64x2.relaxed_madd(f64x2.nearest(quotient), minusD, low), q, reciprocal);
}
