/** The memory of a team: of all workers where they share it, of one alone where they cannot. */
import type { MemoryPlan } from './memory-plan.ts';
import { createMemory } from './module.ts';
import { teamWords } from './shared-team.ts';

export interface TeamMemory {
  readonly memory: WebAssembly.Memory;
  /** Of the team, in that memory; see `shared-team.ts`. */
  readonly words: Int32Array;
}

/** A memory for a plan, all zero; throws as `createMemory`. */
export function createTeamMemory({ totalBytes, regions }: MemoryPlan): TeamMemory {
  const memory = createMemory(totalBytes);
  return { memory, words: teamWords(memory.buffer, regions.team) };
}
