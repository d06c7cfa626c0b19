/**
 * Conversion of residues from one basis of primes to another (Halevi, Polyakov, Shoup, "An Improved RNS Variant of the BFV
 * Homomorphic Encryption Scheme", CT-RSA 2019, section 2.2). With D the product of the primes q_i, x modulo D is
 *
 *   x = Σ y_i·(D/q_i) − v·D,   y_i = [x·(D/q_i)^−1] modulo q_i, balanced,   v = nearest(Σ y_i/q_i),
 *
 * which lies within D/2 and a few units in the last place of D. The sum of quotients is taken in doubles, always in the same
 * order: whatever v it rounds to, all targets have the same, so that they are residues of one integer that is x modulo D.
 */
import { primeOf, reciprocalOf } from './modular';
import { addHigh, addLow, emptyHigh, reduceSum } from './wide-sums';

/** Of a source: (D/q_i) modulo the target, and 1/q_i. After the last comes −D modulo the target. */
const termBytes: usize = 16;

/**
 * At most eight sources and v, |v| ≤ 8/2 + 1: within `maxTerms`. Two pairs of elements at a time, for the reasons of
 * `multiplyAccumulate`.
 */
export function convert(
  source: usize,
  stride: usize,
  count: i32,
  constants: usize,
  target: usize,
  prime: usize,
  from: i32,
  to: i32,
): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const last = constants + <usize>count * termBytes;
  const minusD = v128.load64_splat(last);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 32) {
    const other = min(at + 16, end - 16);
    let high = emptyHigh();
    let low = f64x2.splat(0);
    let quotient = f64x2.splat(0);
    let otherHigh = emptyHigh();
    let otherLow = f64x2.splat(0);
    let otherQuotient = f64x2.splat(0);
    let limb = source;
    for (let term = constants; term < last; term += termBytes, limb += stride) {
      const w = v128.load64_splat(term);
      const r = v128.load64_splat(term, 8);
      const x = v128.load(limb + at);
      const next = addHigh(x, w, high);
      low = addLow(x, w, low, high, next);
      high = next;
      quotient = f64x2.add(quotient, f64x2.mul(x, r));
      const y = v128.load(limb + other);
      const otherNext = addHigh(y, w, otherHigh);
      otherLow = addLow(y, w, otherLow, otherHigh, otherNext);
      otherHigh = otherNext;
      otherQuotient = f64x2.add(otherQuotient, f64x2.mul(y, r));
    }
    const v = f64x2.nearest(quotient);
    const next = addHigh(v, minusD, high);
    low = addLow(v, minusD, low, high, next);
    v128.store(target + at, reduceSum(next, low, q, reciprocal));
    const otherV = f64x2.nearest(otherQuotient);
    const otherNext = addHigh(otherV, minusD, otherHigh);
    otherLow = addLow(otherV, minusD, otherLow, otherHigh, otherNext);
    v128.store(target + other, reduceSum(otherNext, otherLow, q, reciprocal));
  }
}
