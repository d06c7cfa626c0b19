/**
 * Arithmetic modulo primes below 2^48 on integers in doubles, two at a time, by fused multiply-adds.
 *
 * The product of x and a residue w, |w| ≤ (q − 1)/2, with v = fl(w/q):
 *
 *   h = fl(x·w)    c = nearest(fl(x·v))    l = fma(−x, w, h)    r = fma(−c, q, h) − l
 *
 * is x·w − c·q exactly, and |r| ≤ (1/2 + 2^−53·|x|)·q, for |x| ≤ 2^52. Proof: l is the rounding error of h, which a fused
 * operation gives exactly, with |l| ≤ 2^−53·|h| ≤ 2^46. The quotient, rounded twice before it becomes an integer, differs
 * from x·w/q by at most 1/2 + 2^−52·|x·w/q| ≤ 1/2 + 2^−53·|x| ≤ 1, so that |x·w − c·q| ≤ q < 2^48, and h − c·q = r + l is an
 * integer below 2^48 + 2^46 < 2^53: the fused operation, which rounds the exact value once, gives it exactly, and so is
 * the difference. So |r| < 3/4·q for |x| ≤ 2^51, which is 8·q for the largest primes.
 *
 * A residue that has lost its balance, |x| ≤ 2^52, is brought back by x − nearest(fl(x·(1/q)))·q: exact for the same
 * reason. The quotient is wrong by at most 2^−52·|x|/q before it is rounded, so that |r| ≤ q/2 + 1, which is (q + 1)/2 for an
 * integer. For |x| < 2^51 that is less than 1/(2q), which is how close to a half of an odd q a quotient can come: then
 * |r| ≤ (q − 1)/2.
 */

/** x·w modulo q: |result| < 3/4·q for |x| ≤ 2^51, and ≤ q up to |x| = 2^52; `v` is w/q. */
// @ts-ignore: decorators are AssemblyScript's
@inline
export function multiplyBy(x: v128, w: v128, v: v128, q: v128): v128 {
  const h = f64x2.mul(x, w);
  const c = f64x2.nearest(f64x2.mul(x, v));
  const l = f64x2.relaxed_nmadd(x, w, h);
  return f64x2.sub(f64x2.relaxed_nmadd(c, q, h), l);
}

/** x·y modulo q for residues both below q in absolute value: |result| < 3/4·q; `reciprocal` is 1/q. */
// @ts-ignore
@inline
export function multiplyBoth(x: v128, y: v128, q: v128, reciprocal: v128): v128 {
  const h = f64x2.mul(x, y);
  const c = f64x2.nearest(f64x2.mul(h, reciprocal));
  const l = f64x2.relaxed_nmadd(x, y, h);
  return f64x2.sub(f64x2.relaxed_nmadd(c, q, h), l);
}

/** Balances an integer of at most 2^52: |result| ≤ (q + 1)/2, and ≤ (q − 1)/2 below 2^51. */
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

/** Fields of a prime's record; `runtime/rns/kernels/kernels.ts` has their meanings. */
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
  return load<i32>(prime, 56);
}
