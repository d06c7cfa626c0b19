/**
 * CKKS parameters: the polynomial modulus degree and the primes of the modulus chain, and what follows from them. Workers load
 * this, and so it says nothing of how parameters are read.
 */
/** Special primes at most: digits of more primes than that gain nothing more. */
export const maxSpecialPrimes = 8;

export const polyModulusDegrees = [4096, 8192, 16384, 32768, 65536] as const;

export type PolyModulusDegree = (typeof polyModulusDegrees)[number];

/** Of SEAL's rings the largest. */
export const largestSealDegree = 32768;

/** Slots of a ciphertext at most: half of the largest degree. */
export const maxSlots = 32768;

/** Data primes at most. */
export const maxDataPrimes = 64;

/** Far below any scale at which something is left of a value; its inverse is a number like any other. */
export const leastScale = 2 ** -64;

/** Those of plans are of `ckks/parameters-schema.ts`, which says what they fulfil. */
export interface Parameters {
  readonly polyModulusDegree: PolyModulusDegree;
  /** Data primes: first (level 0) to last (the top level). */
  readonly primes: number[];
  /** The key switching primes, whose product P is at least as large as every data prime. */
  readonly specialPrimes: number[];
}

/** Whether SEAL takes them. */
export function isForSeal({ polyModulusDegree, specialPrimes }: Parameters): boolean {
  return polyModulusDegree <= largestSealDegree && specialPrimes.length === 1;
}

/** The primes of keys: those of data, and then the special ones. */
export function allPrimes({ primes, specialPrimes }: Pick<Parameters, 'primes' | 'specialPrimes'>): readonly number[] {
  return [...primes, ...specialPrimes];
}

export function productOf(primes: readonly number[]): bigint {
  return primes.reduce((product, p) => product * BigInt(p), 1n);
}

/** Bits of the product of all primes, the special ones included. */
export function modulusBits(parameters: Pick<Parameters, 'primes' | 'specialPrimes'>): number {
  return productOf(allPrimes(parameters)).toString(2).length;
}

export function bitLength(x: number): number {
  return x.toString(2).length;
}

/**
 * The largest |value| · scale that may be encoded at a level: a power of two between a quarter and half of the modulus,
 * where SEAL draws the line. A polynomial's coefficients are at most the largest of its slots, so that a bound on slots
 * bounds them. Beyond it an encoder wraps around; SEAL's, beyond what a number holds, writes outside of its memory.
 */
export function encodingLimit({ primes }: Pick<Parameters, 'primes'>, level: number): number {
  const modulus = productOf(primes.slice(0, level + 1));
  return 2 ** (modulus.toString(2).length - 2);
}

/** Whether numbers up to `largest` in absolute value can be encoded at this scale; not where one of them is NaN. */
export function isEncodable(parameters: Pick<Parameters, 'primes'>, level: number, scale: number, largest: number) {
  const limit = encodingLimit(parameters, level);
  return scale >= leastScale && scale <= limit && largest * scale <= limit;
}

/** Slots of a ciphertext. */
export function slotsOf({ polyModulusDegree }: Parameters): number {
  return polyModulusDegree / 2;
}

/** The level of a fresh ciphertext with every data prime. */
export function topLevel({ primes }: Parameters): number {
  return primes.length - 1;
}

/** Bytes of the residues of a ciphertext. */
export function ciphertextBytes(
  { polyModulusDegree }: Pick<Parameters, 'polyModulusDegree'>,
  level: number,
  size: number,
): number {
  return size * (level + 1) * polyModulusDegree * 8;
}

/** Bytes of the residues of an encoded plaintext. */
export function plaintextBytes({ polyModulusDegree }: Pick<Parameters, 'polyModulusDegree'>, level: number): number {
  return (level + 1) * polyModulusDegree * 8;
}

/** By level: bits of the modulus less `roomBits`, the most that a scale may have. */
export function capacityBits(primes: readonly number[], roomBits = 0): number[] {
  const capacity: number[] = [];
  for (const [k, prime] of primes.entries()) capacity[k] = (capacity[k - 1] ?? -roomBits) + Math.log2(prime);
  return capacity;
}
