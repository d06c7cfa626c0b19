/**
 * What a worker's heap will hold. SEAL's instance ends at 4 GiB, and is lost once an allocation fails; so the sum is
 * made before anything starts.
 */
import { type Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { tooLittleMemory } from '../../../ir/diagnostics/runtime.ts';
import {
  ciphertextBytes,
  keyHeapExpansion,
  type Parameters,
  plaintextBytes,
  topLevel,
  workerHeapBytes,
} from '../../../ir/parameters.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { savedSwitchingKeyBytes, switchingHeadBytes } from '../../seal/bytes/saved-format.ts';
import type { PlaintextRoom } from './plaintext-store.ts';

/** Tables of a context and its encoders, in bytes a coefficient of the key modulus, measured generously. */
const tableBytes = 1024;

export interface WorkerMemory {
  readonly plaintextRoom: PlaintextRoom;
  /** Sets of keys that have a place at once: as many as heap and budget allow, and one. */
  readonly places: number;
  readonly problems: readonly Diagnostic[];
}

/**
 * Divides a worker's heap.
 * @param keyBytes saved size of the keys
 * @param peakBytes ciphertexts alive at once
 * @param encodedBytes all encoded weights of the worker
 * @param budgetBytes most bytes of encoded weights to keep
 */
export function divideHeap(
  parameters: Parameters,
  keyBytes: number,
  peakBytes: number,
  encodedBytes: number,
  budgetBytes: number,
): WorkerMemory {
  const top = topLevel(parameters);
  const tables = tableBytes * parameters.polyModulusDegree * (parameters.primes.length + 1);
  // Key switching and loading work on copies of a ciphertext or two.
  const ciphertexts = peakBytes + 3 * ciphertextBytes(parameters, top + 1, 3);
  const oneKey = keyHeapExpansion * keyBytes;
  const keys = oneKey + tables;
  const scratch = encodedBytes === 0 ? 0 : 2 * plaintextBytes(parameters, top);
  // Keys are loaded from a copy in the heap, while no ciphertext is there.
  const needed = Math.max(keys + keyBytes, keys + ciphertexts + scratch);
  const left = Math.max(0, workerHeapBytes - needed);
  const problems =
    needed <= workerHeapBytes
      ? []
      : [tooLittleMemory({ needed, limit: workerHeapBytes, keys, ciphertexts, plaintexts: scratch })];
  const kept = Math.min(budgetBytes, encodedBytes);
  const inHeap = Math.min(kept, left);
  const more = Math.min(left - inHeap - keyBytes, budgetBytes - kept - oneKey);
  const places = oneKey === 0 ? Number.MAX_SAFE_INTEGER : 1 + Math.max(0, Math.floor(more / oneKey));
  return { plaintextRoom: { inHeap, outside: kept - inHeap }, places, problems };
}

/** Bytes of saved evaluation keys. */
export function savedKeysBytes({ parameters, needsRelinKeys, rotationSteps }: ClientPart): number {
  const keyBytes = savedSwitchingKeyBytes(parameters);
  const tableBytes = (entries: number): number => switchingHeadBytes + 8 * entries;
  const relin = needsRelinKeys ? tableBytes(1) + keyBytes : 0;
  const galois = rotationSteps.length === 0 ? 0 : tableBytes(parameters.polyModulusDegree);
  return relin + galois + rotationSteps.length * keyBytes;
}
