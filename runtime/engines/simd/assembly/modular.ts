/**
 * Arithmetic modulo primes below 2^48 on integers in doubles, two at a time, by fused multiply-adds.
 *
 * The product of x and a residue w, |w| ≤ q/2, with v = fl(w/q):
 *
 *   h = fl(x·w)    c = nearest(fl(x·v))    l = fma(x, w, −h)    r = fma(−c, q, h) + l
 *
 * is x·w − c·q exactly, for |x| ≤ 2^52. Proof: l is the rounding error of h, which a fused operation gives exactly, with
 * |l| ≤ 2^−53·|h| ≤ 2^46. The quotient differs from x·w/q by at most 1/2 + 2^−52·|x·w/q| ≤ 1/2 + 2^−52·2^51 = 1, so that
 * |x·w − c·q| ≤ q ≤ 2^48, and h − c·q = r − l is an integer below 2^48 + 2^46 < 2^53: the fused operation, which rounds the
 * exact value once, gives it exactly, and so is the sum. For |x| ≤ 16·q the quotient's error is at most
 * 1/2 + 2^−52·8 < 3/4, and |r| < 3/4·q.
 *
 * A residue that has lost its balance, |x| ≤ 2^52, is brought back by x − nearest(fl(x·(1/q)))·q: exact for the same
 * reason, with |r| ≤ (q + 1)/2: rounding can only choose the farther of two multiples where both are equally far but for
 * one.
 */

/** x·w modulo q: |result| < 3/4·q for |x| ≤ 16·q, and ≤ q up to |x| = 2^52; `v` is w/q. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function multiplyBy(x: v128, w: v128, v: v128, q: v128): v128 {
  const h = f64x2.mul(x, w);
  const c = f64x2.nearest(f64x2.mul(x, v));
  const l = f64x2.relaxed_madd(x, w, f64x2.neg(h));
  return f64x2.add(f64x2.relaxed_nmadd(c, q, h), l);
}

/** x·y modulo q for residues both below q in absolute value: |result| < 3/4·q; `reciprocal` is 1/q. */
// @ts-ignore
@inline
export function multiplyBoth(x: v128, y: v128, q: v128, reciprocal: v128): v128 {
  const h = f64x2.mul(x, y);
  const c = f64x2.nearest(f64x2.mul(h, reciprocal));
  const l = f64x2.relaxed_madd(x, y, f64x2.neg(h));
  return f64x2.add(f64x2.relaxed_nmadd(c, q, h), l);
}

/** Balances an integer of at most 2^52: |result| ≤ (q + 1)/2. */
// @ts-ignore
@inline
export function balance(x: v128, q: v128, reciprocal: v128): v128 {
  return f64x2.relaxed_nmadd(f64x2.nearest(f64x2.mul(x, reciprocal)), q, x);
}

/** Balances exactly what `balance` gave: |result| ≤ half = (q − 1)/2. */
// @ts-ignore
@inline
export function balanceExactly(x: v128, q: v128, half: v128): v128 {
  const above = v128.and(f64x2.gt(x, half), q);
  const below = v128.and(f64x2.lt(x, f64x2.neg(half)), q);
  return f64x2.add(f64x2.sub(x, above), below);
}

/** Adds q to what is negative. */
// @ts-ignore
@inline
export function lift(x: v128, q: v128): v128 {
  return f64x2.add(x, v128.and(f64x2.lt(x, f64x2.splat(0)), q));
}

/** Fields of a prime's record; `runtime/engines/simd/kernels.ts` has their meanings. */
// @ts-ignore
@inline
export function primeOf(prime: usize): v128 {
  return v128.load64_splat(prime);
}
// @ts-ignore
@inline
export function reciprocalOf(prime: usize): v128 {
  return v128.load64_splat(prime, 8);
}
// @ts-ignore
@inline
export function halfOf(prime: usize): v128 {
  return v128.load64_splat(prime, 16);
}
// @ts-ignore
@inline
export function degreeOf(prime: usize): i32 {
  return load<i32>(prime, 48);
}
