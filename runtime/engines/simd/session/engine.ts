/** The engine on kernels of our own: workers over one shared memory, or a worker alone where none can be shared. */
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { badThreads, oneThread } from '../../../../ir/diagnostics/runtime.ts';
import { bitLength, maxPrimeBits, type Parameters } from '../../../../ir/parameters.ts';
import type { Plan } from '../../../../ir/plan/plan.ts';
import type { Engine, EngineOptions, EvaluationKeys, Session } from '../../../base/engine.ts';
import { openWeights } from '../../../seal/weight-source.ts';
import { canShareMemory, shareBytes, shareDoubles } from '../../threads/shared-memory.ts';
import { type WorkerEntry, workerModule } from '../../threads/worker-thread.ts';
import { UnfitError } from '../../../base/fallback.ts';
import { lend, placeToLend } from './lend-memory.ts';
import { planProgram } from './memory-plan.ts';
import { compileKernels } from '../kernels/module.ts';
import { SimdSession } from './session.ts';
import { abortWord } from './shared-team.ts';
import { createTeamMemory, releaseTeamMemory } from './team-memory.ts';
import { prepareWeights } from '../program/weights.ts';

const maxThreads = 64;

/** @param compile gives the kernels; rejects with `WebAssembly.CompileError` where the machine cannot run them. */
export function createSimd(compile: () => Promise<WebAssembly.Module>): Engine<Uint8Array> {
  return { name: 'simd', prepare: (plan, keys, options) => prepare(compile, plan, keys, options) };
}

/** Its `prepare` throws `UnfitError` where it cannot run here. */
export const simd: Engine<Uint8Array> = createSimd(compileKernels);

const entry: WorkerEntry = {
  module: () => workerModule('worker', import.meta.url),
  inBrowser: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
};

/**
 * Throws `HepcError` for too many threads, unbound weights, and plans that do not fit the memory. Where workers cannot
 * share memory there is one of them, and a remark if more were asked for.
 */
async function prepare(
  compile: () => Promise<WebAssembly.Module>,
  plan: Plan,
  keys: EvaluationKeys,
  { threads, memoryBudgetBytes }: EngineOptions,
): Promise<Session<Uint8Array>> {
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  const { columns, parameters, slots, plaintexts, packed } = plan.program;
  checkParameters(parameters);
  const kernels = await compileHere(compile);
  // Unbound weights are refused before memory is counted.
  openWeights(plan);
  const isShared = canShareMemory();
  const members = isShared ? threads : 1;
  const { program, memory, problems } = planProgram(columns, parameters, members, memoryBudgetBytes);
  if (problems.length > 0) throw new HepcError(problems);

  const saved = [keys.relinKeys, keys.galoisKeys];
  const savedBytes = saved.reduce((sum, bytes) => sum + (bytes?.length ?? 0), 0);
  const place = placeToLend(memory, parameters.polyModulusDegree, savedBytes);
  const shared = isShared ? createTeamMemory({ ...memory, ...(place && { totalBytes: place.totalBytes }) }) : undefined;
  const [relinKeys, galoisKeys] =
    shared !== undefined && place !== undefined
      ? lend(shared.memory, place.address, saved)
      : saved.map((bytes) => bytes && shareBytes(bytes));
  const weights = await prepareWeights(plan, program, memoryBudgetBytes, shared && abortWord(shared.words));
  const remarks = members < threads ? [oneThread({ asked: threads })] : [];
  const onEnd = (): void => {
    if (shared !== undefined) releaseTeamMemory(shared);
  };
  const options = { entry, members, words: shared?.words, feed: weights, onEnd, remarks };
  return SimdSession.start(options, {
    kind: 'prepare',
    members,
    kernels,
    shared,
    budgetBytes: memoryBudgetBytes,
    parameters,
    slots,
    columns,
    plaintexts,
    packed: packed.map(({ shape, values }) => ({ shape, data: shareDoubles(values) })),
    rotationSteps: plan.client.rotationSteps,
    relinKeys,
    galoisKeys,
    weights: weights.inMemory,
    weightStream: weights.stream,
  });
}

function checkParameters({ primes, specialPrime }: Parameters): void {
  const large = [...primes, specialPrime].find((prime) => bitLength(prime) > maxPrimeBits);
  if (large !== undefined) throw new UnfitError(`the prime ${large} has more than ${maxPrimeBits} bits`);
}

async function compileHere(compile: () => Promise<WebAssembly.Module>): Promise<WebAssembly.Module> {
  try {
    return await compile();
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) throw new UnfitError(error.message);
    throw error;
  }
}
