/** What stands around the residues of objects as SEAL 4.1 saves them, uncompressed (`saved-format.ts`). */
import type { Parameters } from '../../../ir/parameters.ts';
import { parmsIdOf } from './parms-id.ts';
import {
  ciphertextFields,
  headerBytes,
  parmsIdBytes,
  plaintextFields,
  savedCiphertextBytes,
  savedSeededBytes,
  seedBytes,
  seedGenerator,
  writeHeader,
} from './saved-format.ts';

export interface CiphertextHead {
  readonly level: number;
  /** Polynomials. */
  readonly size: number;
  readonly scale: number;
}

/** The bytes of a saved ciphertext in the transformed domain, whose residues are left zero. */
export function ciphertextWithoutResidues(parameters: Parameters, { level, size, scale }: CiphertextHead): Uint8Array {
  const { polyModulusDegree: degree } = parameters;
  const primes = level + 1;
  const bytes = new Uint8Array(savedCiphertextBytes(degree, primes, size));
  writeCiphertextHead(bytes, { parmsId: parmsIdOf(parameters, level), degree, primes, size, scale });
  return bytes;
}

export interface CiphertextFrame {
  readonly parmsId: Uint8Array;
  readonly degree: number;
  readonly primes: number;
  /** Polynomials. */
  readonly size: number;
  readonly scale: number;
  /** What the second of two polynomials is expanded from, which is not saved then. */
  readonly seed?: Uint8Array;
}

/** Writes all of a saved ciphertext in the transformed domain but its residues to bytes that begin with it. */
export function writeCiphertextHead(bytes: Uint8Array, frame: CiphertextFrame): void {
  const { parmsId, degree, primes, size, scale, seed } = frame;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const saved = seed === undefined ? size : 1;
  const total = seed === undefined ? savedCiphertextBytes(degree, primes, size) : savedSeededBytes(degree, primes);
  const { array } = ciphertextFields;
  const words = saved * primes * degree;
  writeHeader(view, 0, total);
  bytes.set(parmsId, headerBytes);
  view.setUint8(ciphertextFields.nttForm, 1);
  view.setBigUint64(ciphertextFields.size, BigInt(size), true);
  view.setBigUint64(ciphertextFields.degree, BigInt(degree), true);
  view.setBigUint64(ciphertextFields.primes, BigInt(primes), true);
  view.setFloat64(ciphertextFields.scale, scale, true);
  view.setBigUint64(ciphertextFields.correctionFactor, 1n, true);
  writeHeader(view, array, ciphertextFields.residues - array + 8 * words);
  view.setBigUint64(array + headerBytes, BigInt(words), true);
  if (seed === undefined) return;
  writeHeader(view, total - seedBytes, seedBytes);
  view.setUint8(total - seedBytes + headerBytes, seedGenerator);
  bytes.set(seed, total - seed.length);
}

/** Writes all of a saved plaintext in the transformed domain at scale 1, as a secret key is, but its residues. */
export function writePlaintextHead(bytes: Uint8Array, parmsId: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const { residues, array, coefficients, scale } = plaintextFields;
  const words = BigInt((bytes.length - residues) / 8);
  writeHeader(view, 0, bytes.length);
  bytes.set(parmsId, headerBytes);
  view.setBigUint64(coefficients, words, true);
  view.setFloat64(scale, 1, true);
  writeHeader(view, array, bytes.length - array);
  view.setBigUint64(array + headerBytes, words, true);
}

/** Writes what stands before the table of saved key switching keys of `table` entries. */
export function writeSwitchingHead(bytes: Uint8Array, parmsId: Uint8Array, table: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  writeHeader(view, 0, bytes.length);
  bytes.set(parmsId, headerBytes);
  view.setBigUint64(headerBytes + parmsIdBytes, BigInt(table), true);
}
