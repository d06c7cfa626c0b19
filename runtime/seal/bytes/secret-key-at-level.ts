/** A saved secret key under fewer primes: its residues are those of the whole key (`saved-format.ts`). */
import type { Parameters } from '../../../ir/parameters.ts';
import { keyParmsIdOf } from './parms-id.ts';
import { plaintextFields } from './saved-format.ts';
import { writePlaintextHead } from './write-heads.ts';

/** The parameters of a ciphertext at `level`: of the data primes only those that it has, and the special one. */
export function parametersAtLevel(parameters: Parameters, level: number): Parameters {
  return { ...parameters, primes: parameters.primes.slice(0, level + 1) };
}

/** The secret key, inspected, as SEAL saves it under `parametersAtLevel`. A secret of its own: to be overwritten after use. */
export function secretKeyAtLevel(secretKey: Uint8Array, parameters: Parameters, level: number): Uint8Array {
  const limbBytes = 8 * parameters.polyModulusDegree;
  const { residues } = plaintextFields;
  const limbs = level + 2;
  const bytes = new Uint8Array(residues + limbs * limbBytes);
  writePlaintextHead(bytes, keyParmsIdOf(parametersAtLevel(parameters, level)));
  const data = (level + 1) * limbBytes;
  bytes.set(secretKey.subarray(residues, residues + data), residues);
  bytes.set(secretKey.subarray(secretKey.length - limbBytes), residues + data);
  return bytes;
}
