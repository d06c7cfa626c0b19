/**
 * The memory of a team: of all workers where they share it, of one alone where they cannot.
 *
 * V8 does not count shared memories among what it should collect: sessions that come and go would leave gigabytes behind
 * until it does by chance. So the memory of a session that has closed serves the next one. It is held weakly, for an owner
 * who wants no other session.
 */
import type { MemoryPlan } from './memory-plan.ts';
import { createMemory, pageBytes } from '../kernels/module.ts';
import { teamWords } from './shared-team.ts';

export interface TeamMemory {
  readonly memory: WebAssembly.Memory;
  /** Of the team, in that memory; see `shared-team.ts`. */
  readonly words: Int32Array;
}

let idle: WeakRef<WebAssembly.Memory> | undefined;

/** A memory for a plan, all zero; throws as `createMemory`. */
export function createTeamMemory({ totalBytes, regions }: MemoryPlan): TeamMemory {
  const memory = takeIdle(totalBytes) ?? createMemory(totalBytes);
  return { memory, words: teamWords(memory.buffer, regions.team) };
}

/** Gives a memory back that nobody works on any more. */
export function releaseTeamMemory({ memory }: TeamMemory): void {
  idle = new WeakRef(memory);
}

function takeIdle(bytes: number): WebAssembly.Memory | undefined {
  const memory = idle?.deref();
  idle = undefined;
  if (memory === undefined) return undefined;
  const missing = bytes - memory.buffer.byteLength;
  new Uint8Array(memory.buffer).fill(0);
  if (missing > 0) {
    try {
      memory.grow(Math.ceil(missing / pageBytes));
    } catch {
      // There is no room behind it; perhaps there is elsewhere.
      return undefined;
    }
  }
  return memory;
}
