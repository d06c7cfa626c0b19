/**
 * SEAL's identities of encryption parameters (`parms_id`): BLAKE2b-256 of the scheme, the degree, the primes and the
 * plain modulus as 64-bit little-endian words (SEAL 4.1, encryptionparams.cpp, compute_parms_id). Computed here so
 * that bytes can be checked without a SEAL context, which takes seconds to build.
 */
import { blake2b256 } from '../../../ir/digest.ts';
import type { Parameters } from '../../../ir/parameters.ts';

const ckks = 2n;
const noPlainModulus = 0n;

/** The identity of ciphertexts and plaintexts at `level`, 32 bytes. */
export function parmsIdOf({ polyModulusDegree, primes }: Parameters, level: number): Uint8Array {
  return digest(polyModulusDegree, primes.slice(0, level + 1));
}

/** The identity of keys, which have the special primes too. */
export function keyParmsIdOf({ polyModulusDegree, primes, specialPrimes }: Parameters): Uint8Array {
  return digest(polyModulusDegree, [...primes, ...specialPrimes]);
}

function digest(degree: number, primes: readonly number[]): Uint8Array {
  const words = [ckks, BigInt(degree), ...primes.map(BigInt), noPlainModulus];
  const bytes = new Uint8Array(8 * words.length);
  const view = new DataView(bytes.buffer);
  words.forEach((word, i) => {
    view.setBigUint64(8 * i, word, true);
  });
  return blake2b256(bytes);
}
