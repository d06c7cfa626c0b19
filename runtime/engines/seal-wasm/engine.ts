/** The engine on node-seal: the reference for encrypted results, and the fallback of faster ones. */
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { badThreads, unboundWeights } from '../../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import type { Engine, EngineOptions, EvaluationKeys } from '../../engine.ts';
import { compileSeal } from '../../seal/compile-wasm.ts';
import { weightRows } from '../../seal/weight-rows.ts';
import { shareBytes, shareDoubles } from '../shared-memory.ts';
import { workerModule } from '../worker-thread.ts';
import { type DividedProgram, divideProgram } from './divide-program.ts';
import { createSharedState } from './exchange.ts';
import { planExchange } from './exchange-plan.ts';
import { divideHeap } from './memory.ts';
import type { PrepareRequest } from './protocol.ts';
import { SealWasmSession } from './session.ts';
import { collectEncodings, encodingsBytes, peakCiphertextBytes, workerProgram } from './worker-program.ts';

const maxThreads = 64;

export const sealWasm: Engine<Uint8Array> = { name: 'seal-wasm', prepare };

/** Throws `HepcError` for too many threads, unbound weights, and plans that do not fit a worker's heap. */
async function prepare(plan: Plan, keys: EvaluationKeys, options: EngineOptions): Promise<SealWasmSession> {
  const { threads, memoryBudgetBytes } = options;
  if (!Number.isInteger(threads) || threads < 1 || threads > maxThreads)
    throw new HepcError([badThreads({ got: threads, limit: maxThreads })]);
  const { program, schedule } = plan;
  const { parameters, slots, plaintexts } = program;
  const divided = divideProgram(program.columns, schedule.group, threads);
  const { columns, workerOf } = divided;
  const shared = createSharedState(planExchange(columns, workerOf, parameters.polyModulusDegree));
  const parts = Array.from({ length: threads }, (_, worker) => workerProgram(columns, workerOf, worker));

  const keyBytes = (keys.relinKeys?.length ?? 0) + (keys.galoisKeys?.length ?? 0);
  const budgets = parts.map((part) => {
    const peak = peakCiphertextBytes(columns, parameters, part);
    const encoded = encodingsBytes(parameters, collectEncodings(columns, part));
    const { plaintextBudgetBytes, problems } = divideHeap(parameters, keyBytes, peak, encoded, memoryBudgetBytes);
    if (problems.length > 0) throw new HepcError(problems);
    return plaintextBudgetBytes;
  });

  const common: Omit<PrepareRequest, 'worker' | 'plaintextBudgetBytes'> = {
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
    weights: boundWeights(plan, divided),
  };
  const requests = budgets.map((plaintextBudgetBytes, worker) => ({ ...common, worker, plaintextBudgetBytes }));
  const totalCost = parts.reduce((sum, part) => sum + part.cost, 0);
  return SealWasmSession.start(workerModule('worker', import.meta.url), requests, shared, totalCost);
}

/** The bound ciphertexts by row of the divided program. */
function boundWeights({ client, program, bound }: Plan, { columns, planRow }: DividedProgram): Map<number, Uint8Array> {
  const planRows = weightRows(program.columns);
  if (planRows.length === 0) return new Map();
  if (bound === undefined) throw new HepcError([unboundWeights({ plan: client.name })]);
  const shared = new Map(
    planRows.map((row, i) => {
      const bytes = bound.ciphertexts[i];
      if (bytes === undefined) throw new InternalError(`there is no ciphertext for the weight of row ${row}`);
      return [row, shareBytes(bytes)];
    }),
  );
  return new Map(
    weightRows(columns).map((row) => {
      const bytes = shared.get(planRow[row] ?? -1);
      if (bytes === undefined) throw new InternalError(`row ${row} is no weight of the plan`);
      return [row, bytes];
    }),
  );
}
