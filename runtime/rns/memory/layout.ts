/** Where limbs, ciphertexts and keys lie in the shared memory. Addresses and sizes are in bytes. */
import type { Parameters } from '../../../ir/parameters.ts';
import { keyDigitsAt } from '../../../ir/ckks/switching-keys.ts';

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
 * A key switching key in memory, good for ciphertexts up to `level`: for the primes 0 … level and then the special ones a
 * block in which, pair of elements by pair, the digits of that level stand side by side.
 */
export interface KeyPlace {
  readonly address: number;
  readonly level: number;
  /** Digits of a polynomial at `level`. */
  readonly digits: number;
}

/** Bytes of a digit for a pair of elements: two elements of each polynomial. */
const digitBytes = 32;

/** From one pair of elements to the next in a key's block. */
export function keyStride({ digits }: Pick<KeyPlace, 'digits'>): number {
  return digitBytes * digits;
}

function keyBlockBytes(n: number, key: Pick<KeyPlace, 'digits'>): number {
  return (n / 2) * keyStride(key) + staggerBytes;
}

export function keyBytes(parameters: Parameters, level: number): number {
  const { polyModulusDegree, specialPrimes } = parameters;
  return (level + 1 + specialPrimes.length) * keyBlockBytes(polyModulusDegree, placeKey(parameters, level, 0));
}

/** Bytes of both keys of an encapsulation. */
export function encapsulationKeyBytes({ polyModulusDegree, primes, specialPrimes }: Parameters): number {
  const blocks = sparsePrimes + primes.length + specialPrimes.length;
  return blocks * keyBlockBytes(polyModulusDegree, { digits: 1 });
}

/** The keys of an encapsulation, each of one digit: modulo the first data prime and one special one, and modulo all primes. */
export interface EncapsulationPlace {
  readonly toSparse: KeyPlace;
  readonly toDense: KeyPlace;
}

/** Primes under the sparse secret: of data and special ones each the first. */
const sparsePrimes = 2;

/** The keys of an encapsulation, in the `encapsulationKeyBytes` bytes at `address`. */
export function placeEncapsulation({ polyModulusDegree, primes }: Parameters, address: number): EncapsulationPlace {
  const toDense = address + sparsePrimes * keyBlockBytes(polyModulusDegree, { digits: 1 });
  return {
    toSparse: { address, level: 0, digits: 1 },
    toDense: { address: toDense, level: primes.length - 1, digits: 1 },
  };
}

/** A key good up to `level`, in the `keyBytes` bytes at `address`. */
export function placeKey(parameters: Parameters, level: number, address: number): KeyPlace {
  return { address, level, digits: keyDigitsAt(parameters, level).length };
}

/** The block of prime `prime` ≤ level, or of the special ones from level + 1 on. */
export function keyBlock(key: KeyPlace, n: number, prime: number): number {
  return key.address + prime * keyBlockBytes(n, key);
}

/** Bytes of the partial sums of `multiplyAccumulate`: four doubles for each element of a block of it (`kernels/assembly/products.ts`). */
export const partialSumBytes = 4 * 8192;
