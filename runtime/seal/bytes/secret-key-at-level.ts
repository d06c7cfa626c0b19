/** A saved secret key under fewer primes: its residues are those of the whole key (`saved-format.ts`). */
import type { Parameters } from '../../../ir/parameters.ts';
import { keyParmsIdOf } from './parms-id.ts';
import { headerBytes, plaintextFields, writeHeader } from './saved-format.ts';

/** The parameters of a ciphertext at `level`: of the data primes only those that it has, and the special one. */
export function parametersAtLevel(parameters: Parameters, level: number): Parameters {
  return { ...parameters, primes: parameters.primes.slice(0, level + 1) };
}

/** The secret key, inspected, as SEAL saves it under `parametersAtLevel`. A secret of its own: to be overwritten after use. */
export function secretKeyAtLevel(secretKey: Uint8Array, parameters: Parameters, level: number): Uint8Array {
  const limbBytes = 8 * parameters.polyModulusDegree;
  const { residues, array, coefficients } = plaintextFields;
  const limbs = level + 2;
  const bytes = new Uint8Array(residues + limbs * limbBytes);
  const count = BigInt(limbs * parameters.polyModulusDegree);
  const view = new DataView(bytes.buffer);
  writeHeader(view, 0, bytes.length);
  bytes.set(keyParmsIdOf(parametersAtLevel(parameters, level)), headerBytes);
  view.setBigUint64(coefficients, count, true);
  view.setFloat64(plaintextFields.scale, 1, true);
  writeHeader(view, array, bytes.length - array);
  view.setBigUint64(array + headerBytes, count, true);
  const data = (level + 1) * limbBytes;
  bytes.set(secretKey.subarray(residues, residues + data), residues);
  bytes.set(secretKey.subarray(secretKey.length - limbBytes), residues + data);
  return bytes;
}
