/** Sums of limbs and products of two, element by element, and what adds such a product to a third. */
import { addressBytes } from './addresses';
import { balance, degreeOf, multiplyBoth, multiplyBy, primeOf, reciprocalOf } from './modular';

/** |x + y| ≤ q + 1. */
export function add(x: usize, y: usize, target: usize, prime: usize, from: i32, to: i32): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    const sum = f64x2.add(v128.load(x + at), v128.load(y + at));
    v128.store(target + at, balance(sum, q, reciprocal));
  }
}

/** Summands that are added between two reductions: their sum is at most 15·2^47 < 2^51, where `balance` is exact. */
const mostSummands: usize = 15;

/** From the second reduction on the sum so far is a summand more, and one less is taken. */
export function sum(limbs: usize, count: i32, target: usize, prime: usize, from: i32, to: i32): void {
  const end = (<usize>to) << 3;
  let at = (<usize>from) << 3;
  for (; at + 64 <= end; at += 64) sumLine(limbs, count, target, prime, at);
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const limbsEnd = limbs + <usize>count * addressBytes;
  for (; at < end; at += 16) {
    let result = f64x2.splat(0);
    for (let limb = limbs; limb < limbsEnd; ) {
      const stop = min(limbsEnd, limb + mostAdded(limb == limbs));
      for (; limb < stop; limb += addressBytes) result = f64x2.add(result, v128.load(load<usize>(limb) + at));
      result = balance(result, q, reciprocal);
    }
    v128.store(target + at, result);
  }
}

/** Eight elements, a line of the cache of each limb: sums stay in registers, and the target is written last. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function sumLine(limbs: usize, count: i32, target: usize, prime: usize, at: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const limbsEnd = limbs + <usize>count * addressBytes;
  let sum0 = f64x2.splat(0);
  let sum1 = f64x2.splat(0);
  let sum2 = f64x2.splat(0);
  let sum3 = f64x2.splat(0);
  for (let limb = limbs; limb < limbsEnd; ) {
    const stop = min(limbsEnd, limb + mostAdded(limb == limbs));
    for (; limb < stop; limb += addressBytes) {
      const place = load<usize>(limb) + at;
      sum0 = f64x2.add(sum0, v128.load(place));
      sum1 = f64x2.add(sum1, v128.load(place, 16));
      sum2 = f64x2.add(sum2, v128.load(place, 32));
      sum3 = f64x2.add(sum3, v128.load(place, 48));
    }
    sum0 = balance(sum0, q, reciprocal);
    sum1 = balance(sum1, q, reciprocal);
    sum2 = balance(sum2, q, reciprocal);
    sum3 = balance(sum3, q, reciprocal);
  }
  v128.store(target + at, sum0);
  v128.store(target + at, sum1, 16);
  v128.store(target + at, sum2, 32);
  v128.store(target + at, sum3, 48);
}

/** Bytes of the addresses of summands that are added before the next reduction. */
// @ts-ignore
@inline
function mostAdded(isFirst: bool): usize {
  return (isFirst ? mostSummands : mostSummands - 1) * addressBytes;
}

export function multiply(x: usize, y: usize, target: usize, prime: usize, from: i32, to: i32): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const end = (<usize>to) << 3;
  for (let at = (<usize>from) << 3; at < end; at += 16) {
    const product = multiplyBoth(v128.load(x + at), v128.load(y + at), q, reciprocal);
    v128.store(target + at, balance(product, q, reciprocal));
  }
}

/** |target ± x·y| < (q + 1)/2 + 3/4·q. */
// @ts-ignore: decorators are AssemblyScript's
@inline
function change(target: usize, x: usize, y: usize, prime: usize, adding: bool): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const bytes = (<usize>degreeOf(prime)) << 3;
  for (let at: usize = 0; at < bytes; at += 16) {
    const product = multiplyBoth(v128.load(x + at), v128.load(y + at), q, reciprocal);
    const before = v128.load(target + at);
    const result = adding ? f64x2.add(before, product) : f64x2.sub(before, product);
    v128.store(target + at, balance(result, q, reciprocal));
  }
}

export function addProduct(target: usize, x: usize, y: usize, prime: usize): void {
  change(target, x, y, prime, true);
}

export function subtractProduct(target: usize, x: usize, y: usize, prime: usize): void {
  change(target, x, y, prime, false);
}

export function addMultiple(target: usize, x: usize, factor: f64, prime: usize): void {
  const q = primeOf(prime);
  const reciprocal = reciprocalOf(prime);
  const f = f64x2.splat(factor);
  const fOverQ = f64x2.div(f, q);
  const bytes = (<usize>degreeOf(prime)) << 3;
  for (let at: usize = 0; at < bytes; at += 16) {
    const product = multiplyBy(v128.load(x + at), f, fOverQ, q);
    v128.store(target + at, balance(f64x2.add(v128.load(target + at), product), q, reciprocal));
  }
}
