/** Runs that workers do alone, side by side, against the same runs by all workers. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { defaultEngineOptions, type EngineSession, type PreparedPlan } from '../../../../../../runtime/base/engine.ts';
import { bytesAccess } from '../../../../../../runtime/format/random-access.ts';
import { simd } from '../../../../../../runtime/engines/simd/session/engine.ts';
import { Client } from '../../../../../../runtime/client.ts';
import { readEvaluationKeys } from '../../../../../../runtime/cipher/key-files.ts';
import { CiphertextReader } from '../../../../../../runtime/seal/bytes/ciphertext-files.ts';
import { mixedPlan, randomSample, withServer } from '../../../../../support/serve-plans.ts';

const plan = mixedPlan();
let client: Client;
let prepared: PreparedPlan<Uint8Array>;

/** Two clients with a session and inputs each, and what all workers together make of these. */
interface Party {
  readonly session: EngineSession<Uint8Array>;
  readonly inputs: readonly Uint8Array[];
  readonly expected: readonly Uint8Array[];
}
const parties: Party[] = [];

beforeAll(async () => {
  client = await Client.create(plan.client);
  prepared = await simd.open(plan, { ...defaultEngineOptions, threads: 2 });
  for (const seed of [1, 2]) {
    const keys = client.generateKeys();
    const own = readEvaluationKeys(keys.evaluationKeys, plan.client);
    const session = await prepared.openSession(() => own);
    const file = bytesAccess(client.encrypt([randomSample(plan, seed)]));
    const inputs = await (await CiphertextReader.open(file, 'inputs', plan.client, own.keyId)).read(0);
    parties.push({ session, inputs, expected: (await session.evaluate(inputs)).outputs });
  }
});
afterAll(async () => {
  await prepared.close();
  client.close();
});

function isExpected({ expected }: Party, outputs: readonly Uint8Array[]): boolean {
  return expected.every((bytes, index) => Buffer.compare(bytes, outputs[index] ?? new Uint8Array()) === 0);
}

test('runs of different keys are done at the same time, with the bytes of one after another', async () => {
  /** Who has told of progress, in order. */
  const told: number[] = [];
  const runs = [0, 1, 0, 1, 0].map(async (who) => {
    const party = parties[who];
    if (party === undefined) throw new Error(`no party ${who}`);
    const { session, inputs } = party;
    const { outputs } = await session.evaluate(inputs, { onProgress: () => void told.push(who) });
    return isExpected(party, outputs);
  });
  expect(await Promise.all(runs)).toEqual([true, true, true, true, true]);
  // Each tells ten times or more; one after another there would be five blocks.
  const changes = told.filter((who, k) => k > 0 && who !== told[k - 1]).length;
  expect(changes).toBeGreaterThan(4);
});

test('an abort and a refused input end one run, and not that beside it', async () => {
  const [first, second] = parties;
  if (first === undefined || second === undefined) throw new Error('two parties are none');
  const controller = new AbortController();
  const damaged = first.inputs.map((bytes, k) => (k === 1 ? bytes.slice().fill(255, 200, 208) : bytes));
  const outcomes = await Promise.allSettled([
    first.session.evaluate(damaged),
    second.session.evaluate(second.inputs),
    first.session.evaluate(first.inputs, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error('enough'));
      },
    }),
    second.session.evaluate(second.inputs),
    first.session.evaluate(first.inputs),
  ]);
  expect(outcomes.map((one) => (one.status === 'rejected' ? String(one.reason) : 'done'))).toEqual([
    expect.stringMatching(/H6\d\d.*input/),
    'done',
    'Error: enough',
    'done',
    'done',
  ]);
  for (const [k, outcome] of outcomes.entries())
    if (outcome.status === 'fulfilled') expect(isExpected(k === 4 ? first : second, outcome.value.outputs)).toBe(true);
});

test('a file of many runs has the same bytes with lanes, and without where the budget has no room for them', async () => {
  const keys = client.generateKeys();
  const inputs = client.encrypt(Array.from({ length: 5 * plan.client.batch }, (_, k) => randomSample(plan, k)));
  const files: Uint8Array[] = [];
  for (const memoryBudgetBytes of [0, defaultEngineOptions.memoryBudgetBytes]) {
    const options = { threads: 2, memoryBudgetBytes };
    const opened = await simd.open(plan, options);
    const session = await opened.openSession(() => readEvaluationKeys(keys.evaluationKeys, plan.client));
    expect(session.runsAtOnce).toBe(memoryBudgetBytes === 0 ? 1 : 3);
    await opened.close();
    files.push(await withServer(plan, keys, { engine: 'simd', ...options }, (served) => served.evaluate(inputs)));
  }
  expect(files[0]?.length).toBeGreaterThan(0);
  expect(Buffer.compare(files[0] ?? new Uint8Array(), files[1] ?? new Uint8Array())).toBe(0);
});
