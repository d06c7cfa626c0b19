/** Plans on the engine `simd`, against the same plans in the clear and on SEAL. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { productOf } from '../../ir/parameters.ts';
import { Client } from '../../runtime/client.ts';
import type { Plan } from '../../ir/plan/plan.ts';
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

const withServer: typeof serve = (plan, keys, options, use) => serve(plan, keys, { engine: 'simd', ...options }, use);

test('random programs give what they give in the clear', { timeout: 300_000 }, async () => {
  await checkRandomPrograms('simd', casesOf({ normal: 1, nightly: 12 }));
});

test('without rotations that share a decomposition the bytes are those of SEAL', { timeout: 60_000 }, async () => {
  const writer = new ProgramWriter(smallParameters, 2 ** 30);
  const [x, y] = [writer.input(), writer.input()];
  const product = writer.relinearize(writer.multiply(writer.rotate(x, 3), y));
  writer.output(writer.rescale(writer.sum(product, writer.multiplyPlain(y, writer.plaintext([0.5, -1]), 2 ** 30))));
  writer.output(writer.rotate(writer.modSwitch(y), 5));
  const plan = writer.plan();
  await withClient(plan, async (client, keys) => {
    const inputs = client.encrypt([randomSample(plan, 2)]);
    const expected = await serve(plan, keys, { engine: 'seal-wasm' }, (server) => server.evaluate(inputs));
    const got = await withServer(plan, keys, {}, (server) => server.evaluate(inputs));
    expect(Buffer.compare(got, expected)).toBe(0);
  });
});

test(
  'conjugates have the bytes of SEAL, and with rotations of the same value the slots',
  { timeout: 60_000 },
  async () => {
    const planOf = (write: (writer: ProgramWriter, x: number) => number): Plan => {
      const writer = new ProgramWriter(smallParameters, 2 ** 30);
      const x = writer.input();
      writer.output(write(writer, x));
      return writer.plan();
    };
    const alone = planOf((writer, x) => writer.modSwitch(writer.conjugate(x)));
    expect(alone.client).toMatchObject({ rotationSteps: [0], needsRelinKeys: false });
    // Decomposed once for both, and summed in the extended basis.
    const hoisted = planOf((writer, x) =>
      writer.sum(writer.conjugate(x), writer.sum(writer.rotate(x, 3), writer.rotate(x, 5))),
    );
    expect(hoisted.client.rotationSteps).toEqual([0, 3, 5]);
    for (const plan of [alone, hoisted]) {
      await withClient(plan, async (client, keys) => {
        const sample = randomSample(plan, 6);
        const inputs = client.encrypt([sample]);
        const onSeal = await serve(plan, keys, { engine: 'seal-wasm' }, (server) => server.evaluate(inputs));
        const onSimd = await withServer(plan, keys, { threads: 2 }, (server) => server.evaluate(inputs));
        expect(Buffer.compare(onSimd, onSeal) === 0).toBe(plan === alone);
        const expected = await inTheClear(plan, sample);
        for (const outputs of [onSeal, onSimd]) {
          const [got = new Map<string, Float64Array>()] = client.decrypt(outputs, { raw: true });
          expect(difference(plan, got, expected)).toBeLessThan(switchingBound(plan === alone ? 1 : 3));
        }
      });
    }
  },
);

/**
 * Six deviations of the error of so many key switches, at the slot next to one, where it is largest: digits that are not centred have
 * the mean q_i / 2, which is q_i N / π there, times the error of their key (`ir/interpret/noise.ts`). What else there is is a
 * hundredth of it.
 */
function switchingBound(switches: number): number {
  const { polyModulusDegree: n, primes, specialPrimes } = smallParameters;
  const digits = Math.hypot(...primes) / Number(productOf(specialPrimes));
  return (6 * Math.sqrt(switches * (21 / 2) * (n / 2)) * digits * (n / Math.PI)) / 2 ** 30;
}

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
    served = await startServer(plan, keys, { engine: 'simd', threads: 2 });
  });
  afterAll(async () => {
    await served.server.close();
    client.close();
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
    expect(served.server.engineName).toBe('simd');
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

  test('is refused with threads, files and keys that it cannot use', async () => {
    await expect(Server.create(plan, { engine: 'simd', threads: 65 })).rejects.toThrow(/H634/);
    const server = await Server.create(plan, { engine: 'simd' });
    await expect(server.openSession(keys.secretKey)).rejects.toThrow(/H603.*got a secret key/);
    await server.close();
    const other = await Client.create(plan.client);
    other.generateKeys();
    const foreign = other.encrypt([sample]);
    other.close();
    await expect(served.evaluate(foreign)).rejects.toThrow(/H606/);
  });

  test.each(isNightly ? [1, 2] : [2])(
    'refuses a residue beyond its prime in an input, and goes on: %i threads',
    async (threads) => {
      const inputs = client.encrypt([sample]);
      await withServer(plan, keys, { threads }, async (server) => {
        // The second input, a residue in the middle.
        const damaged = damage(openFile(inputs, 'inputs', plan), 1, (section) => section.fill(255, 200, 208));
        const failure: unknown = await server.evaluate(damaged).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(HepcError);
        expect(String(failure)).toMatch(/H6\d\d.*input/);
        expect(await server.evaluate(inputs)).toBeInstanceOf(Uint8Array);
      });
    },
  );

  // Of the relinearisation key only what the program reads is loaded: the first digits and primes.
  test.each([
    { index: 0, place: 0.01 },
    { index: 1, place: 0.5 },
  ])('refuses a residue beyond its prime in the keys: section $index', async ({ index, place }) => {
    const damaged = damage(openFile(keys.evaluationKeys, 'evaluation-keys', plan), index, (section) => {
      const at = Math.floor(place * section.length);
      section.fill(255, at, at + 16);
    });
    const server = await Server.create(plan, { engine: 'simd', threads: 2 });
    await expect(server.openSession(damaged)).rejects.toThrow(/H6\d\d.*key/);
    await server.close();
  });
});
