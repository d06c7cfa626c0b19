/** The engine on kernels of our own: workers over one shared memory, or a worker alone where none can be shared. */
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { badThreads, noWideMemory, oneThread } from '../../../../ir/diagnostics/runtime.ts';
import { plaintextBudget } from '../../../../costs/engine-memory.ts';
import { beyondCapabilities, engineProfiles } from '../../../../costs/profiles.ts';
import type { EvaluationKeyNeeds } from '../../../../ir/ckks/switching-keys.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import { rowsByIndex } from '../../../../ir/he/ports.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import { type Stage, stagesOf } from '../../../../ir/plan/stages.ts';
import type { Engine, EngineOptions, PreparedPlan } from '../../../base/engine.ts';
import { UnfitError } from '../../../base/fallback.ts';
import { preparation } from '../../../base/preparation.ts';
import { openWeights, type WeightSource } from '../../../seal/weight-source.ts';
import { Crew, type StopSign } from '../../sessions/crew.ts';
import type { Work } from '../../sessions/work.ts';
import { WorkerPlan } from '../../sessions/worker-plan.ts';
import { canShareMemory, SharedRoom, shareDoubles } from '../../threads/shared-memory.ts';
import { entry } from './worker-entry.ts';
import { type Addressing, addressingFor, compileKernels, hasWideMemory } from '../../../rns/kernels/module.ts';
import { prepareWeights } from '../program/weights.ts';
import { KeyLoads } from './key-loads.ts';
import { keyPlaces, laneCount, planProgram, type ProgramPlan, wholeExtent, withLanes } from './memory-plan.ts';
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
async function open(machine: Machine, plan: Plan, options: EngineOptions): Promise<PreparedPlan<Uint8Array>> {
  const { threads } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  const beyond = beyondCapabilities(engineProfiles.simd.capabilities, plan.program.parameters);
  if (beyond !== undefined) throw new UnfitError(beyond);
  // Unbound weights are refused before anything is started.
  const source = openWeights(plan);
  const work = await preparation(async (undo) => {
    // A worker takes as long to start as all that this thread has to do before it is asked anything.
    const crew = new Crew<Request>(entry, canShareMemory() ? threads : 1);
    undo(() => crew.leave());
    return prepareWork(machine, plan, source, options, crew, undo);
  });
  // From here on whoever fails has ended the workers, and released the memory.
  return WorkerPlan.open<Request>(work);
}

async function prepareWork(
  { compile, hasWideMemory, gap }: Machine,
  plan: Plan,
  source: WeightSource,
  { threads, memoryBudgetBytes }: EngineOptions,
  crew: Crew<Request>,
  undo: (step: () => void) => void,
): Promise<Work<Request>> {
  const members = crew.size;
  const isShared = canShareMemory();
  const narrowKernels = await compileHere(compile, 'narrow');
  const { parameters, slots, plaintexts, packed } = plan.program;
  const { columns, stages } = stagesOf(plan.program.columns);
  const { rotationSteps, needsRelinKeys, needsEncapsulation, keyLevels } = plan.client;
  const needs: EvaluationKeyNeeds = { parameters, rotationSteps, needsRelinKeys, needsEncapsulation, keyLevels };
  const firstRows = stages.map(({ firstRow }) => firstRow);
  const planFor = (budget: number): ProgramPlan =>
    planProgram(columns, parameters, members, budget, { ...wholeExtent, gap }, firstRows);
  let shared = planFor(memoryBudgetBytes);
  // A budget is a wish: where there is no wide memory, more plaintexts are encoded in each run.
  if (addressingFor(shared.memory.totalBytes) === 'wide' && !hasWideMemory())
    shared = planFor(Math.min(memoryBudgetBytes, plaintextBudget));
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

  const team = isShared ? createTeamMemory(memory, wanted) : undefined;
  const loads = new KeyLoads(planned, needs, team?.memory);
  const release = (): void => {
    if (team !== undefined) releaseTeamMemory(team, loads.usedBytes);
  };
  undo(release);
  const weights = await prepareWeights(plan, source, program, memoryBudgetBytes, team && abortWord(team.words));
  const prepare: Omit<PrepareRequest, 'member'> = {
    kind: 'prepare',
    members,
    kernels,
    shared: team && { memory: team.memory, words: team.words },
    plan: planned,
    places: wanted,
    parameters,
    slots,
    plaintexts,
    packed: packed.map(({ shape, values }) => ({ shape, data: shareDoubles(values) })),
    outputScales: outputScales(columns),
    wholeInputs: wholeInputs(stages),
    keyNeeds: needs,
    weights: weights.inMemory,
    weightStream: weights.stream,
  };
  // For the inputs of a run in each lane, and of one by all.
  const rooms = Array.from({ length: lanes + 1 }, () => new SharedRoom());
  return {
    crew,
    sign: team === undefined ? { kind: 'stop' } : signOf(team.words),
    lanes: team === undefined ? [] : memory.lanes.map((lane) => signOf(teamWords(team.memory.buffer, lane.words))),
    feed: weights,
    remarks: members < threads ? [oneThread({ asked: threads })] : [],
    prepare: (member) => ({ ...prepare, member }),
    places: ([first]) => team?.places ?? (first?.kind === 'ready' ? (first.places ?? 1) : 1),
    load: (place, keys) => loads.load(place, keys),
    evaluate: (place, inputs, lane, stage) => {
      const room = rooms[lane ?? lanes] ?? new SharedRoom();
      const others = Array.from({ length: stages[stage]?.firstInput ?? 0 }, () => nothing);
      const shared = [...others, ...room.share(inputs)];
      return { kind: 'evaluate', isAlone: lane !== undefined, place, stage, inputs: shared };
    },
    release,
  };
}

/** In place of what other stages read. */
const nothing = new Uint8Array();

function wholeInputs(stages: readonly Stage[]): number[] {
  return stages.flatMap(({ inputs, firstInput }) =>
    inputs.flatMap(({ from }, k) => (from === 'kept' ? [firstInput + k] : [])),
  );
}

/** By the index of an output. */
function outputScales(columns: HeColumns): number[] {
  const { scale } = columns;
  const scales: number[] = [];
  for (const [index, row] of rowsByIndex(columns, 'output')) scales[index] = scale[row] ?? 0;
  return scales;
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
