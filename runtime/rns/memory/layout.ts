/** Where limbs, ciphertexts and keys lie in the shared memory. Addresses and sizes are in bytes. */

/** Between limbs, so that equal elements of several limbs fall into different sets of the cache. */
const staggerBytes = 128;

/** From one limb of `n` elements to the next. */
export function limbStride(n: number): number {
  return 8 * n + staggerBytes;
}

/** A ciphertext (`size` polynomials, 2 or 3) or a plaintext (1) in memory, with the primes 0 … level. */
export interface Value {
  readonly address: number;
  readonly level: number;
  readonly size: number;
}

export function valueBytes(n: number, level: number, size: number): number {
  return size * (level + 1) * limbStride(n);
}

/** The address of a limb: polynomial `poly` modulo prime `prime`. */
export function limbAt({ address, level }: Value, n: number, poly: number, prime: number): number {
  return address + (poly * (level + 1) + prime) * limbStride(n);
}

/**
 * A key switching key in memory, good for ciphertexts up to `level`: for the primes 0 … level and then the special one a
 * block in which, pair of elements by pair, the digits 0 … level stand side by side.
 */
export interface KeyPlace {
  readonly address: number;
  readonly level: number;
}

/** Bytes of a digit for a pair of elements: two elements of each polynomial. */
const digitBytes = 32;

/** From one pair of elements to the next in a key's block. */
export function keyStride(level: number): number {
  return digitBytes * (level + 1);
}

function keyBlockBytes(n: number, level: number): number {
  return (n / 2) * keyStride(level) + staggerBytes;
}

export function keyBytes(n: number, level: number): number {
  return (level + 2) * keyBlockBytes(n, level);
}

/** The block of prime `prime` ≤ level, or of the special prime for level + 1. */
export function keyBlock({ address, level }: KeyPlace, n: number, prime: number): number {
  return address + prime * keyBlockBytes(n, level);
}
