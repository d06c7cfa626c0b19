/** Primitive roots of unity modulo primes. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';

/** Some primitive 2n-th root of unity modulo the prime q ≡ 1 (mod 2n), for n a power of two; in [0, q). */
export function anyPrimitiveRoot(q: number, n: number): number {
  const prime = BigInt(q);
  const exponent = (prime - 1n) / BigInt(2 * n);
  for (let base = 2n; base < prime; base++) {
    const root = power(base, exponent, prime);
    // Of order 2n exactly where its n-th power is −1.
    if (power(root, BigInt(n), prime) === prime - 1n) return Number(root);
  }
  throw new InternalError(`${q} has no primitive ${2 * n}-th root of unity`);
}

export function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}
