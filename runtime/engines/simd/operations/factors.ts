/**
 * Constants of divisions: for two data primes the inverse of the one modulo the other, and P, the product of the special
 * primes, and its inverse modulo each data prime; and the inverse of the first special prime modulo the first data prime. Each is the pair of doubles that the kernel `divide` wants: balanced, and that over the prime.
 */
import { type Parameters, productOf } from '../../../../ir/parameters.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import { modularPower } from '../../../../ir/maths/modular.ts';

const pairBytes = 16;

export function factorBytes({ primes }: Parameters): number {
  return (primes.length + 2) * primes.length * pairBytes;
}

/** Fills the table at `factors`. Whoever does it again writes the same bytes. */
export function fillFactors({ memory, parameters }: SimdContext, factors: number): void {
  const view = new DataView(memory.buffer);
  const { primes, specialPrimes } = parameters;
  const special = productOf(specialPrimes);
  for (const [j, q] of primes.entries()) {
    const modulus = BigInt(q);
    for (const [d, divisor] of [...primes.map(BigInt), special].entries()) {
      if (d <= j) continue;
      const inverse = modularPower(divisor, modulus - 2n, modulus);
      writeFactor(view, inverseAt(parameters, factors, d, j), inverse, q);
    }
    writeFactor(view, specialAt(parameters, factors, j), special % modulus, q);
  }
  const [first = 1] = primes;
  const [firstSpecial = 1] = specialPrimes;
  const inverse = modularPower(BigInt(firstSpecial), BigInt(first) - 2n, BigInt(first));
  writeFactor(view, firstInverseAt(factors), inverse, first);
}

/** Writes the pair of a factor in [0, q). */
export function writeFactor(view: DataView, address: number, factor: bigint, q: number): void {
  const balanced = balance(factor, q);
  view.setFloat64(address, balanced, true);
  view.setFloat64(address + 8, balanced / q, true);
}

/** The representative of a residue in [0, q) with the smallest absolute value. */
export function balance(residue: bigint, q: number): number {
  return Number(2n * residue > BigInt(q) ? residue - BigInt(q) : residue);
}

/** The address of the inverse of prime `divisor` (P for the number of data primes) modulo prime j < it. */
export function inverseAt({ primes }: Parameters, factors: number, divisor: number, j: number): number {
  return factors + (divisor * primes.length + j) * pairBytes;
}

/** The address of the inverse of the first special prime modulo the first data prime: the place of that one's own inverse. */
export function firstInverseAt(factors: number): number {
  return factors;
}

/** The address of P modulo prime j. */
export function specialAt({ primes }: Parameters, factors: number, j: number): number {
  return factors + ((primes.length + 1) * primes.length + j) * pairBytes;
}
