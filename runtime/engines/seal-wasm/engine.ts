/** The engine on node-seal: the reference for encrypted results, and the fallback of faster ones. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { badThreads, noSharedMemory } from '../../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { Engine, EngineOptions, EvaluationKeys } from '../../base/engine.ts';
import { compileSeal } from '../../seal/library/compile-wasm.ts';
import { weightRows } from '../../seal/weight-rows.ts';
import { openWeights } from '../../seal/weight-source.ts';
import { canShareMemory, shareBytes, shareDoubles } from '../threads/shared-memory.ts';
import { type WorkerEntry, workerModule } from '../threads/worker-thread.ts';
import { type DividedProgram, divideProgram } from './tasks/divide-program.ts';
import { createSharedState, type SharedState } from '../exchange/exchange.ts';
import { planExchange } from '../exchange/exchange-plan.ts';
import { divideHeap } from './memory.ts';
import type { PrepareRequest } from './protocol.ts';
import { SealWasmSession } from './session.ts';
import { feedWeights, readWeights } from '../exchange/weight-feeder.ts';
import { planWeights } from '../exchange/weight-plan.ts';
import { collectEncodings, encodingsBytes, peakCiphertextBytes, workerProgram } from './worker-program.ts';

const maxThreads = 64;

export const sealWasm: Engine<Uint8Array> = { name: 'seal-wasm', prepare };

const entry: WorkerEntry = {
  module: () => workerModule('worker', import.meta.url),
  inBrowser: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
};

/**
 * Throws `HepcError` for too many threads, unbound weights, plans that do not fit a worker's heap, and where workers
 * cannot share memory.
 */
async function prepare(plan: Plan, keys: EvaluationKeys, options: EngineOptions): Promise<SealWasmSession> {
  const { threads, memoryBudgetBytes } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  if (!canShareMemory()) throw new HepcError([noSharedMemory({ engine: sealWasm.name })]);
  const { program, schedule } = plan;
  const { parameters, slots, plaintexts } = program;
  const divided = divideProgram(program.columns, schedule.group, threads);
  const { columns, workerOf } = divided;
  const shared = createSharedState(planExchange(columns, workerOf, parameters.polyModulusDegree));
  const parts = Array.from({ length: threads }, (_, worker) => workerProgram(columns, workerOf, worker));

  const keyBytes = (keys.relinKeys?.length ?? 0) + (keys.galoisKeys?.length ?? 0);
  const rooms = parts.map((part) => {
    const peak = peakCiphertextBytes(columns, parameters, part);
    const encoded = encodingsBytes(parameters, collectEncodings(columns, part));
    const { plaintextRoom, problems } = divideHeap(parameters, keyBytes, peak, encoded, memoryBudgetBytes);
    if (problems.length > 0) throw new HepcError(problems);
    return plaintextRoom;
  });

  const weights = await prepareWeights(plan, divided, options, shared.control);
  const common: Omit<PrepareRequest, 'worker' | 'plaintextRoom'> = {
    kind: 'prepare',
    compiled: await compileSeal(),
    parameters,
    slots,
    columns,
    plaintexts,
    packed: program.packed.map(({ shape, values }) => ({ shape, data: shareDoubles(values) })),
    workerOf,
    shared,
    relinKeys: keys.relinKeys && shareBytes(keys.relinKeys),
    galoisKeys: keys.galoisKeys && shareBytes(keys.galoisKeys),
    weights: weights.inMemory,
    weightStream: weights.stream,
  };
  const requests = rooms.map((plaintextRoom, worker) => ({ ...common, worker, plaintextRoom }));
  const totalCost = parts.reduce((sum, part) => sum + part.cost, 0);
  const feed = { stream: weights.stream, run: weights.feed };
  return SealWasmSession.start(entry, requests, shared, totalCost, feed);
}

/** What of the encrypted weights the workers find in memory, by row of the divided program, and how the others come. */
interface PreparedWeights {
  readonly inMemory: ReadonlyMap<number, Uint8Array>;
  readonly stream: SharedState;
  /** Hands the others over, once a run. */
  readonly feed: () => Promise<void>;
}

async function prepareWeights(
  plan: Plan,
  { columns, planRow }: DividedProgram,
  { threads, memoryBudgetBytes }: EngineOptions,
  control: Int32Array,
): Promise<PreparedWeights> {
  const source = openWeights(plan);
  const indices = new Map(weightRows(plan.program.columns).map((row, index) => [row, index]));
  const indexOf = (row: number): number => indices.get(planRow[row] ?? -1) ?? -1;
  const { resident, stream, weightOf } = planWeights(columns, indexOf, source.sizes, threads, memoryBudgetBytes);
  const shared = new Map<number, Uint8Array>();
  await readWeights(source, resident, (index, bytes) => shared.set(index, shareBytes(bytes)));
  const inMemory = new Map<number, Uint8Array>();
  for (const row of weightRows(columns)) {
    const bytes = shared.get(indexOf(row));
    if (bytes !== undefined) inMemory.set(row, bytes);
  }
  const state = createSharedState(stream, control);
  return { inMemory, stream: state, feed: () => feedWeights(state, weightOf, source) };
}
