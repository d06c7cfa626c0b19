/** Sums and products of two limbs, element by element, and what adds such a product to a third. */
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
