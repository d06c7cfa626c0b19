/**
 * Roots of unity modulo a prime, and the tables that the transforms read. Powers come from repeated exact products, two
 * lanes at a time; each is balanced, so that errors of quotients cannot add up.
 */
import { balance, degreeOf, lift, multiplyBy, primeOf, reciprocalOf } from './modular';

export function smallestRoot(prime: usize, root: f64): f64 {
  const n = degreeOf(prime);
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const first = balance(f64x2.splat(root), q, reciprocal);
  const square = times(first, first, q, reciprocal);
  const fourth = times(square, square, q, reciprocal);
  const fourthOverQ = f64x2.div(fourth, q);
  let powers = v128.shuffle<f64>(first, times(first, square, q, reciprocal), 0, 2);
  let smallest = q;
  for (let i: i32 = 0; i < n; i += 2) {
    smallest = f64x2.min(smallest, lift(powers, q));
    powers = balance(multiplyBy(powers, fourth, fourthOverQ, q), q, reciprocal);
  }
  return min(f64x2.extract_lane(smallest, 0), f64x2.extract_lane(smallest, 1));
}

export function fillTables(prime: usize, root: f64): void {
  const n = degreeOf(prime);
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const modulus = f64x2.extract_lane(q, 0);
  // n divides q − 1, and n · (q − 1)/n = −1.
  const inverseOfN = (1 - modulus) / <f64>n;
  store<f64>(prime, (modulus - 1) / 2, 16);
  store<f64>(prime, inverseOfN, 24);
  store<f64>(prime, inverseOfN / modulus, 32);

  const forwardTable = load<usize>(prime, 40);
  const inverseTable = load<usize>(prime, 48);
  const psi = balance(f64x2.splat(root), q, reciprocal);
  const square = times(psi, psi, q, reciprocal);
  const squareOverQ = f64x2.div(square, q);
  let powers = v128.shuffle<f64>(f64x2.splat(1), psi, 0, 2);
  for (let i: i32 = 0; i < n; i += 2) {
    const even = f64x2.extract_lane(powers, 0);
    const odd = f64x2.extract_lane(powers, 1);
    setEntry(forwardTable, reversed(i, n), even, modulus, n);
    setEntry(forwardTable, reversed(i + 1, n), odd, modulus, n);
    // ψ^n = −1, so that ψ^−(n − i) = −ψ^i.
    setEntry(inverseTable, reversed((n - i) & (n - 1), n), i == 0 ? even : -even, modulus, n);
    setEntry(inverseTable, reversed(n - i - 1, n), -odd, modulus, n);
    powers = balance(multiplyBy(powers, square, squareOverQ, q), q, reciprocal);
  }
}

/** x·y balanced. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function times(x: v128, y: v128, q: v128, reciprocal: v128): v128 {
  return balance(multiplyBy(x, y, f64x2.div(y, q), q), q, reciprocal);
}

/** Entries of the second half, which neighbours share, stand in pairs: two roots, then their quotients. */
// @ts-ignore
@inline
function setEntry(table: usize, entry: i32, w: f64, modulus: f64, n: i32): void {
  const paired = entry >= n >> 1;
  const at = table + (paired ? (<usize>(entry & ~1) << 4) + (<usize>(entry & 1) << 3) : <usize>entry << 4);
  store<f64>(at, w);
  store<f64>(at + (paired ? 16 : 8), w / modulus);
}

/** The bits of x, as many as n − 1 has, in reverse. */
function reversed(x: i32, n: i32): i32 {
  let bits: u32 = <u32>x;
  bits = ((bits >> 1) & 0x55555555) | ((bits & 0x55555555) << 1);
  bits = ((bits >> 2) & 0x33333333) | ((bits & 0x33333333) << 2);
  bits = ((bits >> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4);
  return <i32>(bswap<u32>(bits) >> (clz(n) + 1));
}
