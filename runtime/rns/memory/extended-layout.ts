/**
 * Values of the extended basis, the primes 0 … level and then the special ones: what key switching gives before it
 * divides by the special primes. Sums of products are taken in it where several rotations share one division.
 */
import type { Parameters } from '../../../ir/parameters.ts';
import type { SimdContext } from './context.ts';
import { limbStride } from './layout.ts';

/** What lengths follow from. */
type Ring = Pick<Parameters, 'polyModulusDegree' | 'specialPrimes'>;

/** A ciphertext of two polynomials times P, the product of the special primes. */
export interface ExtendedValue {
  readonly address: number;
  readonly level: number;
}

/** Primes of the extended basis. */
export function extendedPrimes({ specialPrimes }: Pick<Parameters, 'specialPrimes'>, level: number): number {
  return level + 1 + specialPrimes.length;
}

export function extendedBytes(ring: Ring, level: number): number {
  return 2 * extendedPlaintextBytes(ring, level);
}

/** The address of a limb: polynomial `poly` modulo prime `prime`, special ones from level + 1 on. */
export function extendedLimbAt(
  { n, parameters }: Pick<SimdContext, 'n' | 'parameters'>,
  { address, level }: ExtendedValue,
  poly: number,
  prime: number,
): number {
  return address + (poly * extendedPrimes(parameters, level) + prime) * limbStride(n);
}

/** A plaintext modulo the primes 0 … level and the special ones. */
export interface ExtendedPlaintext {
  readonly address: number;
  readonly level: number;
}

export function extendedPlaintextBytes(ring: Ring, level: number): number {
  return extendedPrimes(ring, level) * limbStride(ring.polyModulusDegree);
}
