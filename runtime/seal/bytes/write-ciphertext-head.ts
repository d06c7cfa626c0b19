/** What stands before the residues of a ciphertext as SEAL 4.1 saves it, uncompressed (`saved-format.ts`). */
import type { Parameters } from '../../../ir/parameters.ts';
import { parmsIdOf } from './parms-id.ts';
import { ciphertextFields, headerBytes, savedCiphertextBytes, writeHeader } from './saved-format.ts';

export interface CiphertextHead {
  readonly level: number;
  /** Polynomials. */
  readonly size: number;
  readonly scale: number;
}

/** The bytes of a saved ciphertext in the transformed domain, whose residues are left zero. */
export function ciphertextWithoutResidues(parameters: Parameters, { level, size, scale }: CiphertextHead): Uint8Array {
  const { polyModulusDegree } = parameters;
  const primes = level + 1;
  const bytes = new Uint8Array(savedCiphertextBytes(polyModulusDegree, primes, size));
  const view = new DataView(bytes.buffer);
  const { array } = ciphertextFields;
  writeHeader(view, 0, bytes.length);
  bytes.set(parmsIdOf(parameters, level), headerBytes);
  view.setUint8(ciphertextFields.nttForm, 1);
  view.setBigUint64(ciphertextFields.size, BigInt(size), true);
  view.setBigUint64(ciphertextFields.degree, BigInt(polyModulusDegree), true);
  view.setBigUint64(ciphertextFields.primes, BigInt(primes), true);
  view.setFloat64(ciphertextFields.scale, scale, true);
  view.setBigUint64(ciphertextFields.correctionFactor, 1n, true);
  writeHeader(view, array, bytes.length - array);
  view.setBigUint64(array + headerBytes, BigInt(size * primes * polyModulusDegree), true);
  return bytes;
}
