/**
 * SEAL 4.1's saved objects, uncompressed, as they stand in bytes (serialization.h, ciphertext.cpp, plaintext.cpp,
 * kswitchkeys.cpp; all little-endian):
 *
 *   header      u16 magic, u8 header size, u8 major, u8 minor, u8 compression, u16 zero, u64 size of header and body
 *   array       header, u64 count, count × u64
 *   ciphertext  header, parms_id, u8 NTT form, u64 polynomials, u64 degree, u64 primes, f64 scale, u64 correction
 *               factor, array of the residues by polynomial and prime, [seed]
 *   seed        header, u8 generator, 64 bytes: stands for the second polynomial, which the array then lacks
 *   public key  a ciphertext of the key parameters
 *   plaintext   header, parms_id, u64 coefficients, f64 scale, array; a secret key is a plaintext
 *   switching   header, parms_id, u64 n, n × (u64 m, m × public key); Galois and relinearisation keys
 */
import { allPrimes, type Parameters } from '../../../ir/parameters.ts';

export const headerBytes = 16;
export const magic = 0xa15e;
export const majorVersion = 4;
export const minorVersion = 1;
export const parmsIdBytes = 32;
const arrayHeadBytes = headerBytes + 8;
const ciphertextHeadBytes = headerBytes + parmsIdBytes + 1 + 5 * 8;
const plaintextHeadBytes = headerBytes + parmsIdBytes + 2 * 8;
export const switchingHeadBytes = headerBytes + parmsIdBytes + 8;
/** A seed itself, the end of what is saved of it. */
export const seedLength = 64;
export const seedBytes = headerBytes + 1 + seedLength;
/** The generator that a saved seed is for: BLAKE2Xb (SEAL 4.1, randomgen.h: prng_type). */
export const seedGenerator = 1;

/** Where the fields of a ciphertext are, from its first byte. */
export const ciphertextFields = {
  nttForm: headerBytes + parmsIdBytes,
  size: headerBytes + parmsIdBytes + 1,
  degree: headerBytes + parmsIdBytes + 9,
  primes: headerBytes + parmsIdBytes + 17,
  scale: headerBytes + parmsIdBytes + 25,
  correctionFactor: headerBytes + parmsIdBytes + 33,
  array: ciphertextHeadBytes,
  residues: ciphertextHeadBytes + arrayHeadBytes,
} as const;

export const plaintextFields = {
  coefficients: headerBytes + parmsIdBytes,
  scale: headerBytes + parmsIdBytes + 8,
  array: plaintextHeadBytes,
  residues: plaintextHeadBytes + arrayHeadBytes,
} as const;

/** The level of a saved ciphertext. */
export function levelOfSaved(ciphertext: Uint8Array): number {
  const view = new DataView(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  return Number(view.getBigUint64(ciphertextFields.primes, true)) - 1;
}

/** The scale of a saved ciphertext. */
export function scaleOfSaved(ciphertext: Uint8Array): number {
  const view = new DataView(ciphertext.buffer, ciphertext.byteOffset, ciphertext.byteLength);
  return view.getFloat64(ciphertextFields.scale, true);
}

/** Bytes of a saved ciphertext of `size` polynomials with `primes` primes. */
export function savedCiphertextBytes(degree: number, primes: number, size: number): number {
  return ciphertextFields.residues + 8 * size * primes * degree;
}

/** Bytes of a saved ciphertext of two polynomials, the second one as a seed. */
export function savedSeededBytes(degree: number, primes: number): number {
  return savedCiphertextBytes(degree, primes, 1) + seedBytes;
}

/** Bytes of a saved key switching key with its seeds: one public key for each data prime. */
export function savedSwitchingKeyBytes({ polyModulusDegree, primes }: Parameters): number {
  return primes.length * savedSeededBytes(polyModulusDegree, primes.length + 1);
}

export function savedSecretKeyBytes(parameters: Parameters): number {
  return plaintextFields.residues + 8 * allPrimes(parameters).length * parameters.polyModulusDegree;
}

export function savedPublicKeyBytes(parameters: Parameters): number {
  return savedSeededBytes(parameters.polyModulusDegree, allPrimes(parameters).length);
}

/** The header at `at` of an object of `bytes` bytes, itself included. */
export function writeHeader(view: DataView, at: number, bytes: number): void {
  view.setUint16(at, magic, true);
  view.setUint8(at + 2, headerBytes);
  view.setUint8(at + 3, majorVersion);
  view.setUint8(at + 4, minorVersion);
  view.setBigUint64(at + 8, BigInt(bytes), true);
}
