/**
 * CKKS parameters: the polynomial modulus degree and the primes of the modulus chain, 128-bit secure by the
 * limits of the HE standard (homomorphicencryption.org, 2018, table for ternary secrets).
 */
import { z } from 'zod';
import { isPrime } from './maths/modular.ts';

/** Largest total bits of all primes, the special one included, at 128-bit security. */
export const maxModulusBits = { 4096: 109, 8192: 218, 16384: 438, 32768: 881 } as const;

export type PolyModulusDegree = keyof typeof maxModulusBits;

export const polyModulusDegrees = [4096, 8192, 16384, 32768] as const satisfies readonly PolyModulusDegree[];

/** Far below any scale at which something is left of a value; its inverse is a number like any other. */
export const leastScale = 2 ** -64;

export const parametersSchema = z
  .strictObject({
    polyModulusDegree: z.union([z.literal(4096), z.literal(8192), z.literal(16384), z.literal(32768)]),
    /** Data primes: first (level 0) to last (the top level). */
    primes: z.array(z.int().min(3)).min(1).max(64),
    /** The key switching prime, at least as large as every data prime. */
    specialPrime: z.int().min(3),
  })
  .superRefine(({ polyModulusDegree, primes, specialPrime }, context) => {
    const all = [...primes, specialPrime];
    const refuse = (message: string) => {
      context.addIssue({ code: 'custom', message });
    };
    if (new Set(all).size !== all.length) refuse('the primes are not distinct');
    if (all.some((p) => p % (2 * polyModulusDegree) !== 1)) refuse('a prime is not 1 modulo twice the degree');
    if (all.some((p) => !isPrime(BigInt(p)))) refuse('a prime is a composite number');
    if (primes.some((p) => p > specialPrime)) refuse('the special prime is smaller than a data prime');
    if (modulusBits({ polyModulusDegree, primes, specialPrime }) > maxModulusBits[polyModulusDegree])
      refuse(`the modulus has more than ${maxModulusBits[polyModulusDegree]} bits: not 128-bit secure`);
  });

export type Parameters = z.output<typeof parametersSchema>;

/** Bits of the product of all primes, the special one included. */
export function modulusBits({ primes, specialPrime }: Parameters): number {
  return [...primes, specialPrime].reduce((product, p) => product * BigInt(p), 1n).toString(2).length;
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
  const modulus = primes.slice(0, level + 1).reduce((product, prime) => product * BigInt(prime), 1n);
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

/** Bytes of the residues of one key switching key: a Galois key of one step, or the relinearisation key. */
export function switchingKeyBytes({
  polyModulusDegree,
  primes,
}: Pick<Parameters, 'polyModulusDegree'> & { readonly primes: { readonly length: number } }): number {
  return primes.length * 2 * (primes.length + 1) * polyModulusDegree * 8;
}

/**
 * What all evaluation keys of a plan may take as they are saved: a file of them has less than 4 GiB. In memory an engine
 * may hold less of them than that, or twice as much; its profile knows.
 */
export const maxKeyBytes = 3.75 * 2 ** 30;

/** How many keys evaluation needs, and their bytes: as a client saves them, with a seed for each half. */
export function evaluationKeyBytes(
  parameters: Parameters,
  steps: number,
  needsRelinKeys: boolean,
): { readonly keys: number; readonly saved: number } {
  const keys = steps + Number(needsRelinKeys);
  return { keys, saved: (keys * switchingKeyBytes(parameters)) / 2 };
}

/** By level: bits of the modulus less `roomBits`, the most that a scale may have. */
export function capacityBits(primes: readonly number[], roomBits = 0): number[] {
  const capacity: number[] = [];
  for (const [k, prime] of primes.entries()) capacity[k] = (capacity[k - 1] ?? -roomBits) + Math.log2(prime);
  return capacity;
}
