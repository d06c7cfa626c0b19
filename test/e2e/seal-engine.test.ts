/** Plans on SEAL workers, against the same plans in the clear. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { bindWeights } from '../../runtime/cipher/bind-weights.ts';
import { liveHandles } from '../../runtime/seal/library/handles.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Server } from '../../runtime/server.ts';
import { damage, openFile } from '../support/damaged-files.ts';
import { checkRandomPrograms } from '../support/random-programs-suite.ts';
import {
  difference,
  inTheClear,
  mixedPlan,
  randomSample,
  type Served,
  startServer,
  withClient,
  withServer as serve,
} from '../support/serve-plans.ts';
import { ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { casesOf, isNightly } from '../support/setup/suite.ts';

const withServer: typeof serve = (plan, keys, options, use) =>
  serve(plan, keys, { engine: 'seal-wasm', ...options }, use);

// Those of simd are in both suites; operations of SEAL are in test/unit/runtime/engines/seal-wasm.
if (isNightly)
  test('random programs give what they give in the clear', { timeout: 300_000 }, async () => {
    await checkRandomPrograms('seal-wasm', 12, () => {
      expect(liveHandles()).toBe(0);
    });
  });

describe('a plan with three rescales', () => {
  const plan = mixedPlan();
  let client: Client;
  let keys: KeySet;
  /** On two threads, for all tests. */
  let served: Served;
  const sample = randomSample(plan, 7);

  beforeAll(async () => {
    client = await Client.create(plan.client);
    keys = client.generateKeys();
    served = await startServer(plan, keys, { engine: 'seal-wasm', threads: 2 });
  });
  afterAll(async () => {
    await served.server.close();
    client.close();
    expect(liveHandles()).toBe(0);
  });

  test('gives the same bytes for any number of threads and any memory', async () => {
    const inputs = client.encrypt([sample, randomSample(plan, 8)]);
    const outputs = await withServer(plan, keys, {}, (server) => server.evaluate(inputs));
    const others = [{ threads: 2, memoryBudgetBytes: 0 }, { threads: 2 }, { threads: 3 }, { memoryBudgetBytes: 0 }];
    for (const options of others.slice(0, casesOf({ normal: 1, nightly: 4 }))) {
      const again = await withServer(plan, keys, options, (server) => server.evaluate(inputs));
      expect(Buffer.compare(again, outputs)).toBe(0);
    }
    const results = client.decrypt(outputs, { raw: true });
    expect(results).toHaveLength(2);
    const expected = await inTheClear(plan, sample);
    expect(difference(plan, results[0] ?? new Map<string, Float64Array>(), expected)).toBeLessThan(1e-3);
  });

  test('reports progress up to the end, and times', async () => {
    const fractions: number[] = [];
    const onProgress = (fraction: number): void => void fractions.push(fraction);
    const { timings } = await served.session.evaluate(client.encrypt([sample]), { onProgress });
    expect(fractions.length).toBeGreaterThan(5);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
    expect(fractions.at(-1)).toBeLessThanOrEqual(1);
    expect(timings.evaluate).toBeGreaterThan(0);
    expect(timings.keys).toBeLessThan(timings.evaluate);
  });

  test('stops on request, and goes on afterwards', async () => {
    const inputs = client.encrypt([sample]);
    const controller = new AbortController();
    const stopped = served.evaluate(inputs, {
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    await expect(served.evaluate(inputs, { signal: controller.signal })).rejects.toThrow('enough');
    const [result = new Map<string, Float64Array>()] = client.decrypt(await served.evaluate(inputs), { raw: true });
    expect(difference(plan, result, await inTheClear(plan, sample))).toBeLessThan(1e-3);
  });

  test('runs evaluations that are asked for at once one after another', async () => {
    const inputs = client.encrypt([sample]);
    const [first, second] = await Promise.all([served.evaluate(inputs), served.evaluate(inputs)]);
    expect(Buffer.compare(first, second)).toBe(0);
  });

  test('is refused with keys that it cannot use, before a worker starts', async () => {
    await expect(Server.create(plan, { engine: 'seal-wasm', threads: 65 })).rejects.toThrow(/H634/);
    const server = await Server.create(plan, { engine: 'seal-wasm' });
    await expect(server.openSession(keys.secretKey)).rejects.toThrow(/H603.*got a secret key/);
    await server.close();
  });

  // That of simd is in both suites.
  if (isNightly)
    test('is refused by other keys of the same parameters', async () => {
      const other = await Client.create(plan.client);
      const otherKeys = other.generateKeys();
      const foreign = other.encrypt([sample]);
      other.close();
      await withServer(plan, keys, {}, async (server) => {
        await expect(server.evaluate(foreign)).rejects.toThrow(/H606/);
      });
      await withServer(plan, otherKeys, {}, async (server) => {
        const outputs = await server.evaluate(foreign);
        expect(() => client.decrypt(outputs)).toThrow(/H606/);
      });
    });

  test('refuses a ciphertext with a residue beyond its prime in a worker; the session goes on', async () => {
    const inputs = client.encrypt([sample]);
    // The envelope's digest would catch the change; it is written anew, as an attacker would.
    const damaged = damage(openFile(inputs, 'inputs', plan), 1, (section) => section.fill(255, 200, 208));
    const failure: unknown = await served.evaluate(damaged).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(HepcError);
    expect(String(failure)).toMatch(/H610.*input ciphertext 1/);
    expect(await served.evaluate(inputs)).toBeInstanceOf(Uint8Array);
  });
});

describe('encrypted weights', () => {
  function weightPlan(): Plan {
    const writer = new ProgramWriter(smallParameters, 2 ** 28);
    const x = writer.input();
    const weight = writer.weight(writer.plaintext([0.5, -1, 2, 0.25]), 1);
    writer.output(writer.relinearize(writer.multiply(x, weight)));
    return writer.plan();
  }

  test('run once they are bound to the key, and with no other', { timeout: 120_000 }, async () => {
    const plan = weightPlan();
    await expect(Server.create(plan)).rejects.toThrow(/H630/);
    await withClient(plan, async (client, keys) => {
      const bound = { ...plan, bound: await bindWeights(plan, keys.publicKey) };
      const sample = randomSample(plan, 3);
      const inputs = client.encrypt([sample]);
      const outputs = await withServer(bound, keys, {}, (server) => server.evaluate(inputs));
      const [got = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
      expect(difference(plan, got, await inTheClear(plan, sample))).toBeLessThan(1e-3);

      const others = client.generateKeys();
      const server = await Server.create(bound);
      await expect(server.openSession(others.evaluationKeys)).rejects.toThrow(/H606/);
      await server.close();
      const cut = { publicKeyDigest: bound.bound.publicKeyDigest, ciphertexts: [new Uint8Array(10)] };
      await expect(Server.create({ ...plan, bound: cut })).rejects.toThrow(/H608/);
    });
    expect(liveHandles()).toBe(0);
  });
});

test('a weight that rounds to zero is one unit in the last place', async () => {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  writer.output(writer.rescale(writer.multiplyPlain(x, writer.plaintext([1e-12]))));
  const plan = writer.plan();
  await withClient(plan, async (client, keys) => {
    const sample = randomSample(plan, 4);
    const outputs = await withServer(plan, keys, {}, (server) => server.evaluate(client.encrypt([sample])));
    const [got = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
    expect(difference(plan, got, await inTheClear(plan, sample))).toBeLessThan(1e-3);
  });
});
