/** What becomes of sessions on SEAL when their workers fail. */
import { expect, test } from 'vitest';
import { InternalError } from '../../../../../ir/diagnostics/diagnostic.ts';
import type { PreparedPlan } from '../../../../../runtime/base/engine.ts';
import { sealWasm } from '../../../../../runtime/engines/seal-wasm/engine.ts';
import { liveWorkers } from '../../../../../runtime/engines/threads/worker-thread.ts';
import { Client } from '../../../../../runtime/client.ts';
import { readCiphertexts } from '../../../../../runtime/seal/bytes/ciphertext-files.ts';
import { readEvaluationKeys } from '../../../../../runtime/cipher/key-files.ts';
import { ProgramWriter, smallParameters } from './programs.ts';

function rotationPlan() {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  writer.output(writer.sum(writer.rotate(x, 1), writer.rotate(x, 2)));
  return writer.plan();
}

const plan = rotationPlan();

async function withPlan(threads: number, use: (prepared: PreparedPlan<Uint8Array>) => Promise<void>): Promise<void> {
  const prepared = await sealWasm.open(plan, { threads, memoryBudgetBytes: 0 });
  try {
    await use(prepared);
  } finally {
    await prepared.close();
    expect(liveWorkers()).toBe(0);
  }
}

test('an op that SEAL refuses is an internal error that names the row, and ends all sessions', async () => {
  const client = await Client.create(plan.client);
  const { evaluationKeys } = client.generateKeys();
  const keys = readEvaluationKeys(evaluationKeys, plan.client);
  const sample = new Map([['x0', new Float64Array(plan.program.slots).fill(1)]]);
  const [run = []] = readCiphertexts(client.encrypt([sample]), 'inputs', plan.client, keys.keyId).runs;
  client.close();

  await withPlan(2, async (prepared) => {
    const good = await prepared.openSession(() => keys);
    expect((await good.evaluate(run)).outputs).toHaveLength(1);
    // Without the keys that the program needs, which a server would not let through.
    const bad = await prepared.openSession(() => ({ keyId: keys.keyId }));
    const failure: unknown = await bad.evaluate(run).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InternalError);
    expect(String(failure)).toMatch(/row \d+ \(rotate, level 1\): std::invalid_argument/);
    expect(prepared.isClosed).toBe(true);
    await expect(bad.evaluate(run)).rejects.toThrow(/H641/);
    await expect(good.evaluate(run)).rejects.toThrow(/H641.*rotate/);
    await expect(prepared.openSession(() => keys)).rejects.toThrow(/H641/);
  });
});

test('keys that SEAL refuses end the opening of their session alone', async () => {
  await withPlan(2, async (prepared) => {
    const opened = prepared.openSession(() => ({ keyId: '', galoisKeys: new Uint8Array(100) }));
    await expect(opened).rejects.toThrow(/H610.*Galois keys/);
    expect(prepared.isClosed).toBe(false);
    expect(prepared.usage).toMatchObject({ sessions: 0, loadedKeys: 0, keyLoads: 1 });
  });
});
