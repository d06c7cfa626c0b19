/**
 * Values of the extended basis, the primes 0 … level and then the special one: what key switching gives before it
 * divides by the special prime. Sums of products are taken in it where several rotations share one division.
 */
import { limbStride } from './layout.ts';

/** A ciphertext of two polynomials times the special prime P. */
export interface ExtendedValue {
  readonly address: number;
  readonly level: number;
}

export function extendedBytes(n: number, level: number): number {
  return 2 * (level + 2) * limbStride(n);
}

/** The address of a limb: polynomial `poly` modulo prime `prime`, the special one for level + 1. */
export function extendedLimbAt({ address, level }: ExtendedValue, n: number, poly: number, prime: number): number {
  return address + (poly * (level + 2) + prime) * limbStride(n);
}

/** A plaintext modulo the primes 0 … level and the special one. */
export interface ExtendedPlaintext {
  readonly address: number;
  readonly level: number;
}

export function extendedPlaintextBytes(n: number, level: number): number {
  return (level + 2) * limbStride(n);
}
