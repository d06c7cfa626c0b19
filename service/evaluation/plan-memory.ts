/** What a plan takes of the memory of a service, by the profile of the engine that will run it. */
import { neededBytes } from '../../costs/engine-memory.ts';
import { evaluationKeyBytes } from '../../ir/ckks/switching-keys.ts';
import { beyondCapabilities, engineProfiles } from '../../costs/profiles.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { planBeyondBudget } from '../../ir/diagnostics/service/evaluation.ts';
import type { Plan } from '../../ir/plan/plan.ts';

/** Bytes. */
export interface PlanMemory {
  /** The plan itself, what an evaluation works in, and room for keys on their way: whatever the budget is. */
  readonly fixed: number;
  /** The keys of one client. */
  readonly keys: number;
  /** All encoded weights. */
  readonly weights: number;
}

/** Of one plan: while each thread evaluates one, inputs of the next are read and outputs of the last are written. */
export function requestsAtOnce(threads: number): number {
  return threads + 2;
}

/** Of these, whose keys are not in memory. */
export const loadsAtOnce = 3;

/** A thread with its engine, before it does anything. */
const workerBytes = 16 * 2 ** 20;

/** The process that evaluates, before it holds a plan: measured, with what its collector leaves for a while. */
export const processBytes = 112 * 2 ** 20;

export function planMemory(plan: Plan, threads: number): PlanMemory {
  const { program, client } = plan;
  const { parameters } = program;
  const fitsSimd = beyondCapabilities(engineProfiles.simd.capabilities, parameters) === undefined;
  const { memory } = engineProfiles[fitsSimd ? 'simd' : 'seal-wasm'];
  const use = memory.use(program);
  const memories = memory.shared ? 1 : threads;
  // As they are read for each request that waits for them, and of others, not yet collected; and as workers see them.
  const arriving = (loadsAtOnce + 2) * evaluationKeyBytes(client).saved;
  // As they stand in the plan, and as workers see them.
  const packed = 2 * program.packed.reduce((sum, { values }) => sum + values.byteLength, 0);
  const work = neededBytes({ ...use, keys: 0 });
  return {
    fixed: memories * work + packed + arriving + threads * workerBytes,
    keys: memories * use.keys,
    weights: memories * use.plaintexts,
  };
}

/** Without which a plan cannot be served: no weight is kept encoded, and the keys of one client are there. */
export function leastMemory(plan: Plan, threads: number): number {
  const { fixed, keys } = planMemory(plan, threads);
  return processBytes + fixed + keys;
}

/** Throws `HepcError` (H813) for a plan that does not fit the budget of a service, whatever else it serves. */
export function checkMemory(plan: Plan, { memoryBytes, threads }: { memoryBytes: number; threads: number }): void {
  const needed = leastMemory(plan, threads);
  if (needed > memoryBytes)
    throw new HepcError([planBeyondBudget({ plan: JSON.stringify(plan.client.name), needed, budget: memoryBytes })]);
}

/**
 * The share of a plan in a budget, where `others` are asked for, too: what it takes with all weights encoded and the keys of
 * one client, and of what all of them leave its part, for keys of more clients. At least `fixed + keys`.
 */
export function shareOf(own: PlanMemory, others: readonly PlanMemory[], budget: number): number {
  const comfortable = ({ fixed, keys, weights }: PlanMemory): number => fixed + keys + weights;
  const available = budget - processBytes;
  const rest = available - others.reduce((sum, each) => sum + comfortable(each), comfortable(own));
  return Math.min(available, comfortable(own) + Math.max(0, rest) / (others.length + 1));
}

/** What of a share the engine may use for encoded weights and keys (`EngineOptions.memoryBudgetBytes`). */
export function engineBudget({ fixed, keys, weights }: PlanMemory, share: number): number {
  const rest = Math.max(0, share - fixed);
  // The engine keeps weights first; the keys of one client have room beside them all the same.
  return rest >= keys + weights ? rest : Math.max(0, rest - keys);
}
