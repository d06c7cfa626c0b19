/** The engine on kernels of our own: workers over one shared memory, or a worker alone where none can be shared. */
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { badThreads, noWideMemory, oneThread } from '../../../../ir/diagnostics/runtime.ts';
import { beyondCapabilities, engineProfiles } from '../../../../costs/profiles.ts';
import type { EvaluationKeyNeeds } from '../../../../ir/ckks/switching-keys.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import type { Engine, EngineOptions, PreparedPlan } from '../../../base/engine.ts';
import { UnfitError } from '../../../base/fallback.ts';
import { preparation } from '../../../base/preparation.ts';
import { openWeights } from '../../../seal/weight-source.ts';
import type { StopSign } from '../../sessions/crew.ts';
import { WorkerPlan } from '../../sessions/worker-plan.ts';
import { canShareMemory, SharedRoom, shareDoubles } from '../../threads/shared-memory.ts';
import { entry } from './worker-entry.ts';
import { type Addressing, addressingFor, compileKernels, hasWideMemory } from '../../../rns/kernels/module.ts';
import { prepareWeights } from '../program/weights.ts';
import { KeyLoads } from './key-loads.ts';
import { keyPlaces, laneCount, planProgram, wholeExtent, withLanes } from './memory-plan.ts';
import type { PrepareRequest, Request } from './protocol.ts';
import { abortTeam, abortWord, resetTeam, teamWords } from './shared-team.ts';
import { createTeamMemory, releaseTeamMemory } from './team-memory.ts';

const maxThreads = 64;

/** What the engine finds where it runs; tests give others. */
export interface Machine {
  /** Rejects with `WebAssembly.CompileError` where the machine cannot run the kernels. */
  readonly compile: (addressing: Addressing) => Promise<WebAssembly.Module>;
  readonly hasWideMemory: () => boolean;
  /** Of the memory of a plan (`Extent`). */
  readonly gap: number;
}

const thisMachine: Machine = { compile: compileKernels, hasWideMemory, gap: wholeExtent.gap };

export function createSimd(machine: Partial<Machine> = {}): Engine<Uint8Array> {
  return { name: 'simd', open: (plan, options) => open({ ...thisMachine, ...machine }, plan, options) };
}

/** Its `open` throws `UnfitError` where it cannot run here. */
export const simd: Engine<Uint8Array> = createSimd();

/**
 * Throws `HepcError` for too many threads, unbound weights, and plans that do not fit the memory, or not that of this machine. Where workers cannot
 * share memory there is one of them, and a remark if more were asked for.
 */
async function open(
  { compile, hasWideMemory, gap }: Machine,
  plan: Plan,
  { threads, memoryBudgetBytes }: EngineOptions,
): Promise<PreparedPlan<Uint8Array>> {
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  const { columns, parameters, slots, plaintexts, packed } = plan.program;
  const beyond = beyondCapabilities(engineProfiles.simd.capabilities, parameters);
  if (beyond !== undefined) throw new UnfitError(beyond);
  const narrowKernels = await compileHere(compile, 'narrow');
  // Unbound weights are refused before memory is counted.
  const source = openWeights(plan);
  const isShared = canShareMemory();
  const members = isShared ? threads : 1;
  const { rotationSteps, needsRelinKeys, keyLevels } = plan.client;
  const needs: EvaluationKeyNeeds = { parameters, rotationSteps, needsRelinKeys, keyLevels };
  const shared = planProgram(columns, parameters, members, memoryBudgetBytes, { ...wholeExtent, gap });
  if (shared.problems.length > 0) throw new HepcError(shared.problems);
  const needed = shared.memory.totalBytes;
  const isNarrow = addressingFor(needed) === 'narrow';
  if (!isNarrow && !hasWideMemory()) throw new HepcError([noWideMemory({ needed })]);
  const kernels = isNarrow ? narrowKernels : await compileHere(compile, 'wide');
  // Where weights do not fit nothing is left, so that those in lanes are all in memory.
  const left = memoryBudgetBytes - shared.plaintexts.bytes - source.sizes.reduce((sum, size) => sum + size, 0);
  const lanes = laneCount(shared, parameters, members, left);
  const planned = withLanes(shared, parameters, lanes);
  const { program, memory } = planned;
  const wanted = keyPlaces(memory, left - (memory.totalBytes - shared.memory.totalBytes));

  const { team, loads, weights, doubles, release } = await preparation(async (undo) => {
    const team = isShared ? createTeamMemory(memory, wanted) : undefined;
    const loads = new KeyLoads(planned, needs, team?.memory);
    const release = (): void => {
      if (team !== undefined) releaseTeamMemory(team, loads.usedBytes);
    };
    undo(release);
    const weights = await prepareWeights(plan, source, program, memoryBudgetBytes, team && abortWord(team.words));
    const doubles = packed.map(({ shape, values }) => ({ shape, data: shareDoubles(values) }));
    return { team, loads, weights, doubles, release };
  });
  const prepare: Omit<PrepareRequest, 'member'> = {
    kind: 'prepare',
    members,
    kernels,
    shared: team && { memory: team.memory, words: team.words },
    budgetBytes: memoryBudgetBytes,
    gap,
    lanes,
    places: wanted,
    parameters,
    slots,
    columns,
    plaintexts,
    packed: doubles,
    keyNeeds: needs,
    weights: weights.inMemory,
    weightStream: weights.stream,
  };
  // For the inputs of a run in each lane, and of one by all.
  const rooms = Array.from({ length: lanes + 1 }, () => new SharedRoom());
  // From here on whoever fails has released the memory.
  return WorkerPlan.open<Request>({
    entry,
    members,
    sign: team === undefined ? { kind: 'stop' } : signOf(team.words),
    lanes: team === undefined ? [] : memory.lanes.map((lane) => signOf(teamWords(team.memory.buffer, lane.words))),
    feed: weights,
    remarks: members < threads ? [oneThread({ asked: threads })] : [],
    prepare: (member) => ({ ...prepare, member }),
    places: ([first]) => team?.places ?? (first?.kind === 'ready' ? (first.places ?? 1) : 1),
    load: (place, keys) => loads.load(place, keys),
    evaluate: (place, inputs, lane) => {
      const room = rooms[lane ?? lanes] ?? new SharedRoom();
      return { kind: 'evaluate', isAlone: lane !== undefined, place, inputs: room.share(inputs) };
    },
    release,
  });
}

function signOf(words: Int32Array): StopSign {
  return {
    stop: () => {
      abortTeam(words);
    },
    reset: () => {
      resetTeam(words);
    },
  };
}

async function compileHere(compile: Machine['compile'], addressing: Addressing): Promise<WebAssembly.Module> {
  try {
    return await compile(addressing);
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw new UnfitError(error.message);
    throw error;
  }
}
