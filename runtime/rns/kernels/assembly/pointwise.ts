/** Sums and products of two limbs, element by element. */
import { balance, multiplyBoth, primeOf, reciprocalOf } from './modular';

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
