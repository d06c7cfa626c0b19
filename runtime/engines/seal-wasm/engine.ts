/** The engine on node-seal: the reference for encrypted results, and the fallback of faster ones. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { badThreads, notForEngine, noSharedMemory } from '../../../ir/diagnostics/runtime.ts';
import { beyondCapabilities, engineProfiles } from '../../../costs/profiles.ts';
import { restoresLevel } from '../../../ir/he/traits.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { Engine, EngineOptions, PreparedPlan } from '../../base/engine.ts';
import { compileSeal } from '../../seal/library/compile-wasm.ts';
import { weightRows } from '../../seal/weight-rows.ts';
import { openWeights, type WeightSource } from '../../seal/weight-source.ts';
import { canShareMemory, createBuffer, shareBytes, shareDoubles } from '../threads/shared-memory.ts';
import { entry } from './worker-entry.ts';
import { type DividedProgram, divideProgram } from './tasks/divide-program.ts';
import { createSharedState, resetSharedState, type SharedState, STOP } from '../exchange/exchange.ts';
import { planExchange } from '../exchange/exchange-plan.ts';
import { Crew } from '../sessions/crew.ts';
import { WorkerPlan } from '../sessions/worker-plan.ts';
import { divideHeap, savedKeysBytes } from './memory.ts';
import type { PrepareRequest, Request } from './protocol.ts';
import { feedWeights, readWeights } from '../exchange/weight-feeder.ts';
import { planWeights } from '../exchange/weight-plan.ts';
import { encodingsBytes, peakCiphertextBytes, workerEncodings, workerProgram } from './worker-program.ts';

const maxThreads = 64;

export const sealWasm: Engine<Uint8Array> = { name: 'seal-wasm', open };

/**
 * Throws `HepcError` for too many threads, unbound weights, plans that do not fit a worker's heap, and where workers
 * cannot share memory.
 */
async function open(plan: Plan, options: EngineOptions): Promise<PreparedPlan<Uint8Array>> {
  const { threads, memoryBudgetBytes } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  if (!canShareMemory()) throw new HepcError([noSharedMemory({ engine: sealWasm.name })]);
  const beyond = beyondCapabilities(engineProfiles['seal-wasm'].capabilities, plan.program.parameters);
  if (plan.program.columns.op.some(restoresLevel))
    throw new HepcError([notForEngine({ engine: sealWasm.name, reason: 'it is evaluated in stages' })]);
  if (beyond !== undefined) throw new HepcError([notForEngine({ engine: sealWasm.name, reason: beyond })]);
  const { program, schedule } = plan;
  const { parameters, slots, plaintexts } = program;
  const source = openWeights(plan);
  const divided = divideProgram(program.columns, schedule.group, threads);
  const { columns, workerOf } = divided;
  const shared = createSharedState(planExchange(columns, workerOf, parameters.polyModulusDegree));
  const parts = Array.from({ length: threads }, (_, worker) => workerProgram(columns, workerOf, worker));

  const savedBytes = savedKeysBytes(plan.client);
  const heaps = parts.map((part) => {
    const aliveBytes = peakCiphertextBytes(columns, parameters, part);
    const encodedBytes = encodingsBytes(parameters, workerEncodings(columns, part));
    const heap = divideHeap(parameters, { savedBytes, aliveBytes, encodedBytes }, memoryBudgetBytes);
    if (heap.problems.length > 0) throw new HepcError(heap.problems);
    return heap;
  });

  const weights = await prepareWeights(plan, source, divided, options, shared.control);
  const prepare: Omit<PrepareRequest, 'worker' | 'plaintextRoom'> = {
    kind: 'prepare',
    compiled: await compileSeal(),
    parameters,
    slots,
    columns,
    plaintexts,
    packed: program.packed.map(({ shape, values }) => ({ shape, data: shareDoubles(values) })),
    workerOf,
    totalCost: parts.reduce((sum, part) => sum + part.cost, 0),
    shared,
    weights: weights.inMemory,
    weightStream: weights.stream,
  };
  const lent = new LentKeys();
  return WorkerPlan.open<Request>({
    crew: new Crew<Request>(entry, threads),
    sign: {
      stop: () => {
        Atomics.store(shared.control, 0, STOP);
      },
      reset: () => {
        resetSharedState(shared);
      },
    },
    feed: {
      reset: () => {
        resetSharedState(weights.stream);
      },
      run: weights.feed,
    },
    remarks: [],
    prepare: (worker) => {
      return { ...prepare, worker, plaintextRoom: heaps[worker]?.plaintextRoom ?? { inHeap: 0, outside: 0 } };
    },
    places: () => Math.min(...heaps.map(({ places }) => places)),
    load: (place, { relinKeys, galoisKeys }) => {
      const [relin, galois] = lent.lend([relinKeys, galoisKeys]);
      return [{ kind: 'load', place, relinKeys: relin, galoisKeys: galois }];
    },
    drop: (place) => ({ kind: 'drop', place }),
    evaluate: (place, inputs) => ({ kind: 'evaluate', place, inputs: inputs.map(shareBytes) }),
    clear: { kind: 'clear' },
    // Memory that workers share is collected with them.
    release: () => undefined,
  });
}

/** Saved keys where all workers see them, in memory that serves for one set after another. */
class LentKeys {
  private memory: Uint8Array = new Uint8Array();

  /** Copies, good until the next call. */
  lend(arrays: readonly (Uint8Array | undefined)[]): (Uint8Array | undefined)[] {
    const bytes = arrays.reduce((sum, array) => sum + (array?.length ?? 0), 0);
    if (bytes > this.memory.length) this.memory = new Uint8Array(createBuffer(bytes));
    let end = 0;
    return arrays.map((array) => {
      if (array === undefined) return undefined;
      const copy = this.memory.subarray(end, (end += array.length));
      copy.set(array);
      return copy;
    });
  }
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
  source: WeightSource,
  { columns, planRow }: DividedProgram,
  { threads, memoryBudgetBytes }: EngineOptions,
  control: Int32Array,
): Promise<PreparedWeights> {
  const indices = new Map(weightRows(plan.program.columns).map((row, index) => [row, index]));
  const indexOf = (row: number): number => indices.get(planRow[row] ?? -1) ?? -1;
  const { resident, stream, weightOf } = planWeights(
    { rows: columns.op.length, weights: weightRows(columns) },
    indexOf,
    source.sizes,
    threads,
    memoryBudgetBytes,
  );
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
