/** What an engine holds in memory: bytes of keys, plaintexts and ciphertexts, and where it ends. */
import type { HeModule } from '../ir/he/module.ts';
import type { Parameters, PolyModulusDegree } from '../ir/parameters.ts';

/** A managed program, in execution order. */
export type PlannedProgram = Pick<HeModule, 'columns'> & { readonly parameters: Parameters };

/** Bytes of one memory, with one worker. */
export interface MemoryUse {
  readonly keys: number;
  /** All encoded plaintexts; those that find no room are encoded at each use. */
  readonly plaintexts: number;
  /** The most that are alive at once, with what operations hold meanwhile. */
  readonly ciphertexts: number;
  /** Tables, and room to work in. */
  readonly others: number;
  /** Room for plaintexts that are not kept, where there are such. */
  readonly staging: number;
}

export interface EngineMemory {
  /** Whether workers share one memory; where they do not, each of them has one like this. */
  readonly shared: boolean;
  /** Bytes of a memory that an estimate may fill, and plaintexts are kept in. */
  readonly limit: number;
  /** What the limit may be raised to for a machine that has as much. */
  readonly most: number;
  /** Bytes of keys beyond which rotations are composed, so that there is room for the rest. */
  readonly keyBudget: number;
  /** A key switching key whose operands are at `level` at most. */
  readonly keyBytes: (parameters: Parameters, level: number) => number;
  /** Whether an encoding of a plaintext serves all levels up to its own. */
  readonly sharesLevels: boolean;
  readonly plaintextBytes: (degree: PolyModulusDegree, level: number) => number;
  readonly ciphertextBytes: (degree: PolyModulusDegree, level: number, size: number) => number;
  /** At least what the engine takes on one thread, and hardly more; tests hold it to that. */
  readonly use: (program: PlannedProgram) => MemoryUse;
}

/** What the engine cannot do without: no plaintext is kept. */
export function neededBytes({ keys, ciphertexts, others, staging }: MemoryUse): number {
  return Math.ceil(keys + ciphertexts + others + staging);
}

/** Of encoded plaintexts that engines keep unless told otherwise. */
export const plaintextBudget = 1.5 * 2 ** 30;

/** Bytes of plaintexts that are kept encoded: all of them, or as many as there is room for below `limit` and in the budget. */
export function keptPlaintextBytes(use: MemoryUse, limit = Infinity): number {
  const { keys, plaintexts, ciphertexts, others } = use;
  if (plaintexts <= plaintextBudget && keys + plaintexts + ciphertexts + others <= limit) return plaintexts;
  return Math.max(0, Math.min(plaintextBudget, limit - neededBytes(use)));
}

/** With the plaintexts that are kept; what an engine cannot do without may be above `limit`. */
export function peakBytes(use: MemoryUse, limit = Infinity): number {
  const { keys, plaintexts, ciphertexts, others } = use;
  const kept = keptPlaintextBytes(use, limit);
  return kept === plaintexts
    ? Math.ceil(keys + plaintexts + ciphertexts + others)
    : neededBytes(use) + Math.floor(kept);
}
