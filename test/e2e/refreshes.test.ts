/** Plans that their client refreshes: evaluated in stages on the engine `simd`, with messages that cannot be mistaken. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { squareChain } from '../../bench/depth/square-chain.ts';
import { compileNetwork } from '../../compiler/compile.ts';
import { configurationsFor } from '../../compiler/search/configurations.ts';
import { settingsOf } from '../../compiler/settings.ts';
import { exactNetwork } from '../../compiler/simplify.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { Client } from '../../runtime/client.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import type { PausedEvaluation } from '../../runtime/server-session.ts';
import { readClientPart, writeClientPart } from '../../runtime/hep/client-part.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { importModel, reference, relativeError } from '../support/run-plans.ts';
import {
  difference,
  inTheClear,
  randomSample,
  type Served,
  startServer,
  withClient,
  withServer,
} from '../support/serve-plans.ts';
import { networkBytes, networkSamples, trainedNetworks } from '../support/trained-networks.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';

const plan = stagedPlan();

/** The codes of what an action is refused with. */
async function refused(action: () => unknown): Promise<string[]> {
  try {
    await action();
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

describe('a plan with two round trips', () => {
  let client: Client;
  let keys: KeySet;
  let served: Served;
  beforeAll(async () => {
    client = await Client.create(plan.client);
    keys = client.generateKeys();
    served = await startServer(plan, keys, { engine: 'simd', threads: 2 });
  });
  afterAll(async () => {
    await served.server.close();
    client.close();
  });
  const refresh = (request: Uint8Array): Promise<Uint8Array> => Promise.resolve(client.refresh(request));
  const samples = [randomSample(plan, 1), randomSample(plan, 2), randomSample(plan, 3)];

  async function expectRight(outputs: Uint8Array, from = client): Promise<void> {
    const results = from.decrypt(outputs, { raw: true });
    for (const [k, result] of results.entries())
      expect(difference(plan, result, await inTheClear(plan, samples[k] ?? new Map()))).toBeLessThan(stagedError);
  }

  test('the client part says which round trips there are, and files keep it', () => {
    expect(plan.client.refreshes?.map((round) => round.map(({ level }) => level))).toEqual([[2, 1], [1]]);
    expect(readClientPart(writeClientPart(plan.client), 'part').refreshes).toEqual(plan.client.refreshes);
    expect(readHep(writeHep(plan), 'plan').client.refreshes).toEqual(plan.client.refreshes);
  });

  test('gives what it gives in the clear, for several runs and any number of threads', async () => {
    for (const threads of [1, 3])
      await withServer(plan, keys, { engine: 'simd', threads }, async ({ session }) => {
        const rounds: number[] = [];
        const fractions: number[] = [];
        const { outputs, timings } = await session.evaluate(client.encrypt(samples), {
          refresh: (request) => {
            rounds.push(request.length);
            return refresh(request);
          },
          onProgress: (fraction) => void fractions.push(fraction),
        });
        expect(rounds).toHaveLength(2);
        expect(timings.evaluate).toBeGreaterThan(0);
        expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
        expect(fractions.at(-1)).toBeGreaterThan(0.9);
        await expectRight(outputs);
      });
  });

  test('is resumed from bytes, by another session and another client', async () => {
    const inputs = client.encrypt(samples.slice(0, 2));
    let step = await served.session.start(inputs);
    const other = await Client.create(plan.client);
    other.loadKeys(keys.secretKey);
    try {
      for (let round = 0; 'request' in step; round++) {
        const { paused, request } = step;
        other.allowRefreshes(inputs, round);
        const answer = other.refresh(request);
        step = await withServer(plan, keys, { engine: 'simd' }, ({ session }) =>
          session.restore(paused.save()).resume(answer),
        );
      }
      expect(step).toHaveProperty('outputs');
      if ('outputs' in step) await expectRight(step.outputs, other);
    } finally {
      other.close();
    }
  });

  test('without somebody to ask the client, nothing is evaluated', async () => {
    const inputs = client.encrypt(samples);
    expect(await refused(() => served.session.evaluate(inputs))).toEqual(['H661']);
    const source = { size: inputs.length, read: () => Promise.resolve(inputs) };
    expect(await refused(() => served.session.evaluateTo(source, () => Promise.resolve()))).toEqual(['H661']);
  });

  test('what the client rejects with, and an abort, end the evaluation alone', async () => {
    const lost = new Error('the client is gone');
    const asked = served.session.evaluate(client.encrypt(samples), { refresh: () => Promise.reject(lost) });
    await expect(asked).rejects.toBe(lost);
    const signal = AbortSignal.timeout(100);
    const hanging = served.session.evaluate(client.encrypt(samples), {
      signal,
      refresh: () => new Promise(() => undefined),
    });
    await expect(hanging).rejects.toThrow(/timeout/);
    const { outputs } = await served.session.evaluate(client.encrypt(samples.slice(0, 1)), { refresh });
    await expectRight(outputs);
  });

  async function firstStep(): Promise<{ request: Uint8Array; paused: PausedEvaluation }> {
    const step = await served.session.start(client.encrypt(samples.slice(0, 1)));
    if (!('request' in step)) throw new Error('it has not paused');
    return step;
  }

  test('the client refuses what is repeated, out of order, of inputs that it has not encrypted, and too much', async () => {
    const { request, paused } = await firstStep();
    const answer = client.refresh(request);
    expect(await refused(() => client.refresh(request))).toEqual(['H662']);
    const second = await paused.resume(answer);
    if (!('request' in second)) throw new Error('there is one more round trip');
    client.refresh(second.request);
    expect(await refused(() => client.refresh(second.request))).toEqual(['H662']);

    const stranger = await Client.create(plan.client);
    stranger.loadKeys(keys.secretKey);
    try {
      expect(await refused(() => stranger.refresh(request))).toEqual(['H662']);
      const inputs = client.encrypt(samples.slice(0, 1));
      stranger.allowRefreshes(inputs);
      const first = await served.session.start(inputs);
      if (!('request' in first)) throw new Error('it has not paused');
      const next = await first.paused.resume(client.refresh(first.request));
      if (!('request' in next)) throw new Error('there is one more round trip');
      expect(await refused(() => stranger.refresh(next.request))).toEqual(['H662']);
    } finally {
      stranger.close();
    }
  });

  test('the server refuses answers to other requests, of other keys, and damaged ones, and goes on with the right one', async () => {
    const [one, two] = [await firstStep(), await firstStep()];
    const [answer, other] = [client.refresh(one.request), client.refresh(two.request)];
    expect(await refused(() => one.paused.resume(other))).toEqual(['H663']);
    expect(await refused(() => one.paused.resume(one.request))).toEqual(['H603']);
    const damaged = answer.slice();
    damaged[answer.length - 2000] = 255 ^ (damaged[answer.length - 2000] ?? 0);
    expect(await refused(() => one.paused.resume(damaged))).toEqual(['H604']);
    const next = await one.paused.resume(answer);
    expect(next).toHaveProperty('request');
    if (!('request' in next)) throw new Error('there is one more round trip');
    expect(await refused(() => next.paused.resume(answer))).toEqual(['H663']);
    expect(await next.paused.resume(client.refresh(next.request))).toHaveProperty('outputs');

    const stranger = await Client.create(plan.client);
    try {
      stranger.generateKeys();
      expect(await refused(() => stranger.refresh(two.request))).toEqual(['H606']);
      expect(await refused(() => stranger.allowRefreshes(client.encrypt(samples)))).toEqual(['H606']);
    } finally {
      stranger.close();
    }
  });

  test('keys without the public key are refused', async () => {
    const others = Object.entries(plan.client).filter(([key]) => key !== 'refreshes');
    const plain = await Client.create(Object.fromEntries(others) as typeof plan.client);
    try {
      const without = plain.generateKeys().evaluationKeys;
      expect(await refused(() => served.server.openSession(without))).toEqual(['H612']);
    } finally {
      plain.close();
    }
  });

  test('SEAL does not evaluate in stages', async () => {
    expect(await refused(() => startServer(plan, keys, { engine: 'seal-wasm' }))).toEqual(['H656']);
  });
});

describe.each([
  { name: 'a residual network of digits', degree: 8192, rounds: 1, maxError: 0.05 },
  { name: 'ten squares between dense layers', degree: 8192, rounds: 4, maxError: 0.05 },
])('$name, which its ring has no levels for', ({ name, degree, rounds, maxError }) => {
  const isResidual = name.includes('residual');
  const network = trainedNetworks.find((each) => each.name === 'resnet');
  const { bytes, samples } =
    isResidual && network !== undefined
      ? { bytes: networkBytes(network), samples: networkSamples(network) }
      : squareChain({ width: 16, squares: 10, outputs: 10 });

  test('compiles to stages, and answers as the model does', { timeout: 120_000 }, async () => {
    const settings = settingsOf({ samples, maxError, refresh: 'client' });
    const configurations = configurationsFor(settings.goal, settings.profile).filter((each) => each.degree === degree);
    const exact = exactNetwork(importModel(bytes), settings);
    const without = compileNetwork(exact, settingsOf({ samples, maxError }), configurations);
    expect(without).toHaveProperty('refused');
    const compiled = compileNetwork(exact, settings, configurations);
    if ('refused' in compiled) throw new HepcError(compiled.refused);
    const { plan: staged } = compiled;
    expect(staged.client.refreshes).toHaveLength(rounds);
    expect(compiled.chosen.measures.roundTrips).toBe(rounds);
    expect(readHep(writeHep(staged), 'plan').client.refreshes).toEqual(staged.client.refreshes);
    await withClient(staged, async (client, keys) => {
      const used = samples.slice(0, 2);
      const expected = await reference(bytes, used);
      const outputs = await withServer(staged, keys, { engine: 'simd' }, async ({ session }) => {
        const answer = (request: Uint8Array): Promise<Uint8Array> => Promise.resolve(client.refresh(request));
        return (
          await session.evaluate(client.encrypt(used.map((sample) => Object.fromEntries(sample))), { refresh: answer })
        ).outputs;
      });
      const got = client.decrypt(outputs, { raw: true });
      expect(relativeError(got, expected)).toBeLessThan(maxError);
      if (isResidual) expect(got.map(labelOf)).toEqual(expected.map(labelOf));
    });
  });
});

function labelOf(answer: ReadonlyMap<string, Float64Array>): number {
  const [scores = new Float64Array()] = answer.values();
  return scores.indexOf(Math.max(...scores));
}

test('refreshes go with the engine simd and plain weights alone', () => {
  for (const options of [{ engine: 'seal-wasm' }, { weights: 'encrypted' }] as const)
    expect(() => settingsOf({ refresh: 'client', ...options })).toThrow(HepcError);
});
