/**
 * The memory of a team: of all workers where they share it, of one alone where they cannot.
 *
 * V8 does not count shared memories among what it should collect: plans that come and go would leave gigabytes behind
 * until it does by chance. So the memory of a plan that has closed serves the next one. It is held weakly, for an owner
 * who wants no other plan.
 *
 * Places for keys are at the end. Memory that nobody has written to takes none of the machine's, so that all of them can be
 * there from the start: a memory that grew would move under the workers.
 */
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { UnfitError } from '../../../base/fallback.ts';
import type { MemoryPlan } from './memory-plan.ts';
import { type Addressing, addressingFor, createMemory, growMemory, pageBytes } from '../../../rns/kernels/module.ts';
import { teamWords } from './shared-team.ts';

export interface TeamMemory {
  readonly memory: WebAssembly.Memory;
  /** Of the team, in that memory; see `shared-team.ts`. */
  readonly words: Int32Array;
}

interface Idle {
  readonly memory: WeakRef<WebAssembly.Memory>;
  readonly addressing: Addressing;
  /** From the start on; behind them all is zero. */
  readonly usedBytes: number;
}

let idle: Idle | undefined;
let lentBytes = 0;

/** Bytes of the memories of this thread that have been created and not released. */
export function teamMemoryInUse(): number {
  return lentBytes;
}

export interface PlacedMemory extends TeamMemory {
  readonly addressing: Addressing;
  /** Sets of keys that it has room for. */
  readonly places: number;
}

/**
 * A memory for a plan, all zero, with room for `wanted` sets of keys, or for fewer where there is not so much. Throws as
 * `createMemory` where there is not enough for one.
 */
export function createTeamMemory(plan: MemoryPlan, wanted: number): PlacedMemory {
  const { totalBytes, placeBytes, regions } = plan;
  const addressing = addressingFor(totalBytes);
  const taken = takeIdle(addressing);
  for (let places = wanted; ; places = Math.ceil(places / 2)) {
    const bytes = totalBytes + (places - 1) * placeBytes;
    const memory = grown(taken, bytes, addressing) ?? create(bytes, addressing, places > 1);
    if (memory === undefined) continue;
    lentBytes += memory.buffer.byteLength;
    return { memory, addressing, words: teamWords(memory.buffer, regions.team), places };
  }
}

/**
 * Gives a memory back that nobody works on any more.
 * @param usedBytes from its start on, behind which nobody has written
 */
export function releaseTeamMemory({ memory, addressing }: PlacedMemory, usedBytes: number): void {
  lentBytes -= memory.buffer.byteLength;
  idle = { memory: new WeakRef(memory), addressing, usedBytes };
}

/** Undefined where there is not so much and the caller can do with less. */
function create(bytes: number, addressing: Addressing, canDoWithLess: boolean): WebAssembly.Memory | undefined {
  try {
    return createMemory(bytes, addressing);
  } catch (error) {
    if (canDoWithLess && isLackOfMemory(error)) return undefined;
    throw error;
  }
}

/** That `createMemory` could do with less. */
function isLackOfMemory(error: unknown): boolean {
  return error instanceof HepcError && !(error instanceof UnfitError);
}

/** The memory of before, where it is addressed so, and in no case any more. */
function takeIdle(addressing: Addressing): WebAssembly.Memory | undefined {
  const memory = idle?.addressing === addressing ? idle.memory.deref() : undefined;
  if (memory !== undefined) new Uint8Array(memory.buffer, 0, idle?.usedBytes).fill(0);
  idle = undefined;
  return memory;
}

/** A memory of `bytes` bytes or more; undefined where there is no room behind it: perhaps there is elsewhere. */
function grown(
  memory: WebAssembly.Memory | undefined,
  bytes: number,
  addressing: Addressing,
): WebAssembly.Memory | undefined {
  if (memory === undefined) return undefined;
  const missing = bytes - memory.buffer.byteLength;
  if (missing <= 0) return memory;
  try {
    growMemory(memory, Math.ceil(missing / pageBytes), addressing);
    return memory;
  } catch {
    return undefined;
  }
}
