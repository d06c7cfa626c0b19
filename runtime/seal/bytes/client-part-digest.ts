/**
 * Identities that files of keys and ciphertexts carry: SHA-256 of canonical JSON (fixed order of fields, no spaces).
 */
import { sha256Hex } from '../../../ir/digest.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';

/** What keys depend on: parameters, rotation steps and their levels, and which keys there are beside. */
export function parametersDigest(part: ClientPart): string {
  const { parameters, rotationSteps, needsRelinKeys, needsEncapsulation, keyLevels } = part;
  const { polyModulusDegree, primes, specialPrimes } = parameters;
  const [specialPrime] = specialPrimes;
  // As it has always been where there is one.
  const special = specialPrimes.length === 1 ? { specialPrime } : { specialPrimes };
  return digest({
    polyModulusDegree,
    primes,
    ...special,
    rotationSteps,
    needsRelinKeys,
    keyLevels,
    needsEncapsulation,
  });
}

/** What ciphertexts depend on besides: how inputs are packed and outputs read, and what is refreshed. */
export function encodingDigest(part: ClientPart): string {
  const inputs = part.inputs.map((input) => ({
    name: input.name,
    shape: input.shape,
    index: bytesDigest(input.index),
    factor: input.factor,
    layout: input.layout.toString(),
    firstCiphertext: input.firstCiphertext,
    used: input.used,
    level: input.level,
    scale: input.scale,
  }));
  const outputs = part.outputs.map((output) => ({
    name: output.name,
    shape: output.shape,
    index: output.index && bytesDigest(output.index),
    constants: output.constants && bytesDigest(output.constants),
    factor: output.factor,
    layout: output.layout.toString(),
    firstCiphertext: output.firstCiphertext,
    used: output.used,
    level: output.level,
    scale: output.scale,
  }));
  const { name, batch, refreshes } = part;
  return digest({ name, keys: parametersDigest(part), batch, inputs, outputs, refreshes });
}

function bytesDigest({ buffer, byteOffset, byteLength }: Int32Array | Float64Array): string {
  return sha256Hex(new Uint8Array(buffer, byteOffset, byteLength));
}

function digest(value: unknown): string {
  return sha256Hex(new TextEncoder().encode(JSON.stringify(value)));
}
