/** What becomes of a session when its workers fail. */
import { expect, test } from 'vitest';
import { InternalError } from '../../../../../ir/diagnostics/diagnostic.ts';
import { divideProgram } from '../../../../../runtime/engines/seal-wasm/tasks/divide-program.ts';
import { sealWasm } from '../../../../../runtime/engines/seal-wasm/engine.ts';
import { createSharedState } from '../../../../../runtime/engines/exchange/exchange.ts';
import { noTransfers, planExchange } from '../../../../../runtime/engines/exchange/exchange-plan.ts';
import type { PrepareRequest } from '../../../../../runtime/engines/seal-wasm/protocol.ts';
import { SealWasmSession } from '../../../../../runtime/engines/seal-wasm/session.ts';
import { compileSeal } from '../../../../../runtime/seal/library/compile-wasm.ts';
import { Client } from '../../../../../runtime/client.ts';
import { readCiphertexts } from '../../../../../runtime/seal/bytes/ciphertext-files.ts';
import { readEvaluationKeys } from '../../../../../runtime/seal/keys.ts';
import { ProgramWriter, smallParameters } from './programs.ts';

function rotationPlan() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  writer.output(writer.sum(writer.rotate(x, 1), writer.rotate(x, 2)));
  return writer.plan();
}

test('a worker that dies fails the evaluation and closes the session', async () => {
  const { program, schedule } = rotationPlan();
  const { parameters, slots, plaintexts } = program;
  const { columns, workerOf } = divideProgram(program.columns, schedule.group, 2);
  const shared = createSharedState(planExchange(columns, workerOf, parameters.polyModulusDegree));
  const request: PrepareRequest = {
    kind: 'prepare',
    worker: 0,
    compiled: await compileSeal(),
    parameters,
    slots,
    columns,
    plaintexts,
    packed: [],
    workerOf,
    shared,
    relinKeys: undefined,
    galoisKeys: undefined,
    weights: new Map(),
    weightStream: createSharedState(noTransfers),
    plaintextRoom: { inHeap: 0, outside: 0 },
  };
  const entry = new URL('./dying-worker.ts', import.meta.url);
  const session = await SealWasmSession.start(entry, [request, { ...request, worker: 1 }], shared, 1, {
    stream: request.weightStream,
    run: () => Promise.resolve(),
  });
  await expect(session.evaluate([])).rejects.toThrow(/exit code 3/);
  await expect(session.evaluate([])).rejects.toThrow(/closed/);
  await session.close();
});

test('an op that SEAL refuses is an internal error that names the row, and closes the session', async () => {
  const plan = rotationPlan();
  const client = await Client.create(plan.client);
  const { evaluationKeys } = client.generateKeys();
  const keys = readEvaluationKeys(evaluationKeys, plan.client);
  const sample = new Map([['x0', new Float64Array(plan.program.slots).fill(1)]]);
  const [run = []] = readCiphertexts(client.encrypt([sample]), 'inputs', plan.client, keys.keyId).runs;
  client.close();

  const session = await sealWasm.prepare(plan, { keyId: keys.keyId }, { threads: 2, memoryBudgetBytes: 0 });
  const failure: unknown = await session.evaluate(run).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(InternalError);
  expect(String(failure)).toMatch(/row \d+ \(rotate, level 1\): std::invalid_argument/);
  await expect(session.evaluate(run)).rejects.toThrow(/closed/);
});

test('keys that SEAL refuses end the preparation', async () => {
  const plan = rotationPlan();
  const broken = new Uint8Array(100);
  const prepared = sealWasm.prepare(plan, { keyId: '', galoisKeys: broken }, { threads: 1, memoryBudgetBytes: 0 });
  await expect(prepared).rejects.toThrow(/H610.*Galois keys/);
});
