/** Primitive roots of unity modulo primes. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { modularPower } from '../../../ir/maths/modular.ts';

/**
 * Bases that are tried. The right ones are the quadratic non-residues, of which every prime q has one below 2·(ln q)^2, that
 * is below this for q < 2^48 (Bach, 1990, under the generalised Riemann hypothesis; those known are below 200).
 */
const bases = 2300n;

/**
 * Some primitive 2n-th root of unity modulo the prime q ≡ 1 (mod 2n), for n a power of two; in [0, q). Throws
 * `InternalError` where none is found, in bounded time, since q is no such prime.
 */
export function anyPrimitiveRoot(q: number, n: number): number {
  const prime = BigInt(q);
  const exponent = (prime - 1n) / BigInt(2 * n);
  for (let base = 2n; base < prime && base < bases; base++) {
    const root = modularPower(base, exponent, prime);
    // Of order 2n exactly where its n-th power is −1.
    if (modularPower(root, BigInt(n), prime) === prime - 1n) return Number(root);
  }
  throw new InternalError(`${q} has no primitive ${2 * n}-th root of unity`);
}
