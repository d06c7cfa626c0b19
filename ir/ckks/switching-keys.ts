/**
 * Digits of key switching. A polynomial is switched digit by digit: a digit is what it is modulo the product D of a few
 * consecutive data primes, and its product with the key has noise in proportion to D / P, for P the product of the special
 * primes. With one special prime each data prime is a digit, as SEAL has it; with several a digit has as many primes as
 * P has room for (hybrid key switching: Han and Ki, "Better Bootstrapping for Approximate Homomorphic Encryption",
 * CT-RSA 2020, section 3).
 */
import { allPrimes, type Parameters, productOf, topLevel } from '../parameters.ts';

/** The data primes `from` … `to` − 1. At a level below them all it has only those that the level has. */
export interface KeyDigit {
  readonly from: number;
  readonly to: number;
}

/** Primes of a digit at most: so many a conversion between bases takes. */
export const maxDigitPrimes = 8;

type Primes = Pick<Parameters, 'primes' | 'specialPrimes'>;

/** By the list of data primes, which nobody changes: the digits with the special primes that were asked for last. */
const known = new WeakMap<
  readonly number[],
  { readonly specialPrimes: readonly number[]; readonly digits: readonly KeyDigit[] }
>();

/** The digits of a polynomial with all data primes, from the first primes on, each as long as its product is at most P. */
export function keyDigits({ primes, specialPrimes }: Primes): readonly KeyDigit[] {
  const found = known.get(primes);
  if (found?.specialPrimes === specialPrimes) return found.digits;
  const digits = groupPrimes(primes, specialPrimes);
  known.set(primes, { specialPrimes, digits });
  return digits;
}

function groupPrimes(primes: readonly number[], specialPrimes: readonly number[]): readonly KeyDigit[] {
  if (specialPrimes.length === 1) return primes.map((_, j) => ({ from: j, to: j + 1 }));
  const special = productOf(specialPrimes);
  const digits: { from: number; to: number }[] = [];
  let product = 0n;
  for (const [j, prime] of primes.entries()) {
    const last = digits.at(-1);
    product *= BigInt(prime);
    if (last !== undefined && product <= special && j - last.from < maxDigitPrimes) {
      last.to = j + 1;
      continue;
    }
    digits.push({ from: j, to: j + 1 });
    product = BigInt(prime);
  }
  return digits;
}

/** The digits of a polynomial at `level`. */
export function keyDigitsAt(parameters: Primes, level: number): readonly KeyDigit[] {
  return keyDigits(parameters).flatMap(({ from, to }) => (from > level ? [] : [{ from, to: Math.min(to, level + 1) }]));
}

/** The highest level of what each key switches: keys of several special primes have the digits and primes of that level. */
export interface LevelsOfKeys {
  /** By Galois step, in the order of the steps. */
  readonly rotations: readonly number[];
  readonly relinearization?: number | undefined;
}

/** The evaluation keys of a plan. */
export interface EvaluationKeyNeeds {
  readonly parameters: Parameters;
  /** Steps of the Galois keys, ascending; 0 names the key of the conjugation. */
  readonly rotationSteps: readonly number[];
  readonly needsRelinKeys: boolean;
  /** Of bootstraps: to a sparse secret and back. */
  readonly needsEncapsulation?: boolean | undefined;
  /** Where there are several special primes; with one, keys have all levels, as SEAL makes them. */
  readonly keyLevels?: LevelsOfKeys | undefined;
}

/**
 * What all evaluation keys of a plan may take as they are saved: a file of them has less than 4 GiB. In memory an engine
 * may hold less of them than that, or twice as much; its profile knows.
 */
export const maxKeyBytes = 3.75 * 2 ** 30;

/** Bytes of the residues of a key as it is made for operands up to `level`: for each digit two polynomials. */
export function switchingKeyBytes(parameters: Parameters, level: number): number {
  const { specialPrimes, polyModulusDegree } = parameters;
  const made = specialPrimes.length === 1 ? topLevel(parameters) : level;
  return keyDigitsAt(parameters, made).length * 2 * (made + 1 + specialPrimes.length) * polyModulusDegree * 8;
}

/** Bytes of a residue in a file of keys that SEAL does not read: primes have 48 bits at most. */
export const packedResidueBytes = 6;

/** Bytes of the residues of a key as a client saves it, with a seed for the uniform half. */
export function savedKeyBytes(parameters: Parameters, level: number): number {
  const residueBytes = parameters.specialPrimes.length === 1 ? 8 : packedResidueBytes;
  return (switchingKeyBytes(parameters, level) / 16) * residueBytes;
}

/**
 * Primes of the keys of an encapsulation (Bossuat, Troncoso-Pastoriza and Hubaux, "Bootstrapping for Approximate Homomorphic Encryption with
 * Negligible Failure-Probability by Using Sparse-Secret Encapsulation", ACNS 2022), as places among all primes. What is under
 * the sparse secret has the first data prime and one special one, no more: this is what keeps that secret safe. On the way back
 * a polynomial below the first prime is switched at all primes, as one digit.
 */
export function encapsulationPrimes({ primes, specialPrimes }: Primes): {
  readonly toSparse: readonly number[];
  readonly toDense: readonly number[];
} {
  const all = Array.from({ length: primes.length + specialPrimes.length }, (_, k) => k);
  return { toSparse: [0, primes.length], toDense: all };
}

/** Residues of the keys of an encapsulation: two polynomials modulo each of their primes. */
function encapsulationResidues(parameters: Parameters): number {
  const { toSparse, toDense } = encapsulationPrimes(parameters);
  return 2 * (toSparse.length + toDense.length) * parameters.polyModulusDegree;
}

/** A plan of which the client refreshes values: the server encrypts zeros under the public key. */
interface RefreshNeeds {
  readonly refreshes?: readonly unknown[] | undefined;
}

/** How many keys evaluation needs, and the bytes of their file as a client saves it. */
export function evaluationKeyBytes(needs: EvaluationKeyNeeds & RefreshNeeds): {
  readonly keys: number;
  readonly saved: number;
} {
  const { parameters, rotationSteps, needsRelinKeys, needsEncapsulation, keyLevels, refreshes } = needs;
  const top = topLevel(parameters);
  // One polynomial, for all primes; a seed stands for the other.
  const publicKey = refreshes === undefined ? 0 : allPrimes(parameters).length * 8 * parameters.polyModulusDegree;
  const levels = rotationSteps.map((_, k) => keyLevels?.rotations[k] ?? top);
  if (needsRelinKeys) levels.push(keyLevels?.relinearization ?? top);
  const encapsulated = needsEncapsulation === true ? (encapsulationResidues(parameters) / 2) * packedResidueBytes : 0;
  return {
    keys: levels.length + (needsEncapsulation === true ? 2 : 0),
    saved: levels.reduce((sum, level) => sum + savedKeyBytes(parameters, level), encapsulated + publicKey),
  };
}
