/**
 * What a worker's heap will hold. SEAL's instance ends at 4 GiB, and is lost once an allocation fails; so the sum is
 * made before anything starts.
 */
import { type Diagnostic } from '../../../ir/diagnostics/diagnostic.ts';
import { tooLittleMemory } from '../../../ir/diagnostics/runtime.ts';
import { neededBytes } from '../../../costs/engine-memory.ts';
import { type SealHeap, sealHeapUse, sealMemory } from '../../../costs/seal-memory.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import type { ClientPart } from '../../../ir/plan/plan.ts';
import { savedSwitchingKeyBytes, switchingHeadBytes } from '../../seal/bytes/saved-format.ts';
import type { PlaintextRoom } from './plaintext-store.ts';

export interface WorkerMemory {
  readonly plaintextRoom: PlaintextRoom;
  /** Sets of keys that have a place at once: as many as heap and budget allow, and one. */
  readonly places: number;
  readonly problems: readonly Diagnostic[];
}

/**
 * Divides a worker's heap.
 * @param heap what the worker will have in it
 * @param budgetBytes most bytes of encoded weights to keep
 */
export function divideHeap(parameters: Parameters, heap: SealHeap, budgetBytes: number): WorkerMemory {
  const { limit } = sealMemory;
  const use = sealHeapUse(parameters, heap);
  const needed = neededBytes(use);
  const left = Math.max(0, limit - needed);
  const { keys: oneKey, others, ciphertexts, staging } = use;
  const sizes = { keys: oneKey + others, ciphertexts, plaintexts: staging };
  const problems = needed <= limit ? [] : [tooLittleMemory({ needed, limit, ...sizes })];
  const kept = Math.min(budgetBytes, heap.encodedBytes);
  const inHeap = Math.min(kept, left);
  const more = Math.min(left - inHeap - heap.savedBytes, budgetBytes - kept - oneKey);
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
