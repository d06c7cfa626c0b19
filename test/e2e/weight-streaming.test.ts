/** Encrypted weights that are read while the plan runs, against the same weights in memory. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { bytesAccess, type RandomAccess } from '../../runtime/format/random-access.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { liveHandles } from '../../runtime/seal/library/handles.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Server, type ServerOptions } from '../../runtime/server.ts';
import { type Served, withServer as serve } from '../support/serve-plans.ts';
import { isNightly } from '../support/setup/suite.ts';
import { bindToBytes, manyWeights, openBytes } from '../unit/runtime/engines/exchange/weight-plans.ts';

const plan = manyWeights(30);
let client: Client;
let keys: KeySet;
let bytes: Uint8Array;
let inputs: Uint8Array;
let expected: Uint8Array;

beforeAll(async () => {
  client = await Client.create(plan.client);
  keys = client.generateKeys();
  bytes = await bindToBytes(plan, keys.publicKey);
  const x = Float64Array.from({ length: plan.program.slots }, (_, s) => Math.sin(s));
  inputs = client.encrypt([new Map([['x0', x]])]);
  expected = await withServer(readHep(bytes, 'bound.hep'), {}, (server) => server.evaluate(inputs));
  const [got = new Map<string, Float64Array>()] = client.decrypt(expected, { raw: true });
  const sum = 0.5 * 1 + 30 * 31 * 0.5 * 0.125;
  expect(got.get('y0')?.[2]).toBeCloseTo(Math.sin(2) * sum, 2);
}, 120_000);

afterAll(() => {
  client.close();
  expect(liveHandles()).toBe(0);
});

function withServer<T>(bound: Plan, options: ServerOptions, use: (served: Served) => Promise<T>): Promise<T> {
  return serve(bound, keys, options, use);
}

/** The file, with a hook that is asked before each read. */
function hooked(before: (offset: number, length: number) => Promise<void>): RandomAccess {
  const { size, read } = bytesAccess(bytes);
  return {
    size,
    read: async (offset, length) => {
      await before(offset, length);
      return read(offset, length);
    },
  };
}

const ways = [
  { threads: 1, memoryBudgetBytes: 0 },
  { threads: 3, memoryBudgetBytes: 3e6 },
  { threads: 2, memoryBudgetBytes: 0 },
  { threads: 2, memoryBudgetBytes: 1e9 },
];

test.each(isNightly ? ways : ways.slice(0, 2))(
  'the answer is the same to the last bit: %o',
  { timeout: 60_000 },
  async (options) => {
    const bound = await openBytes(bytes);
    await withServer(bound, options, async (server) => {
      for (let run = 0; run < 2; run++) expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
    });
  },
);

test('weights in memory beyond the budget pass through the same ring', { timeout: 60_000 }, async () => {
  const options = { threads: 2, memoryBudgetBytes: 0 };
  const got = await withServer(readHep(bytes, 'bound.hep'), options, (server) => server.evaluate(inputs));
  expect(Buffer.compare(got, expected)).toBe(0);
});

test('each weight is read once, and one at a time, also from a slow disk', { timeout: 60_000 }, async () => {
  let ready = false;
  let [reads, most] = [0, 0];
  const source = hooked(async (_, length) => {
    if (!ready || length < 1e5) return;
    reads++;
    most = Math.max(most, length);
    // The disk is slower than the workers.
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  const bound = await openBytes(bytes, source);
  ready = true;
  await withServer(bound, { threads: 2, memoryBudgetBytes: 0 }, async (server) => {
    expect(reads).toBe(0);
    expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
  });
  // The weights of level 1: each once, and the shared one once more where the workers read it at different times.
  expect(reads).toBeGreaterThanOrEqual(61);
  expect(reads).toBeLessThanOrEqual(62);
  expect(most).toBeLessThan(140_000);
});

describe('a ciphertext that is damaged while the plan runs', () => {
  test.each(isNightly ? [1, 2] : [2])(
    'is refused before SEAL reads it, and the session goes on: %i threads',
    async (threads) => {
      const changing = bytes.slice();
      const bound = await openBytes(changing);
      await withServer(bound, { threads, memoryBudgetBytes: 0 }, async (server) => {
        const at = changing.length >> 1;
        changing[at] = (changing[at] ?? 0) ^ 1;
        const failure: unknown = await server.evaluate(inputs).catch((error: unknown) => error);
        expect(failure).toBeInstanceOf(HepcError);
        expect(String(failure)).toMatch(/H504\b.*bound\/\d+\.ct.*altered/);
        changing[at] = (changing[at] ?? 0) ^ 1;
        expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
      });
    },
  );

  test('or before it runs, where it is to be kept', async () => {
    const changing = bytes.slice();
    const bound = await openBytes(changing);
    changing[changing.length >> 1] = (changing[changing.length >> 1] ?? 0) ^ 1;
    await expect(Server.create(bound)).rejects.toThrow(/H504/);
  });
});

test('a source that fails ends the run with its error', async () => {
  let broken = false;
  const source = hooked(() => (broken ? Promise.reject(new Error('the disk is gone')) : Promise.resolve()));
  const bound = await openBytes(bytes, source);
  await withServer(bound, { threads: 2, memoryBudgetBytes: 0 }, async (server) => {
    broken = true;
    await expect(server.evaluate(inputs)).rejects.toThrow('the disk is gone');
    broken = false;
    expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
  });
});

test('an abort ends the reading too', async () => {
  const controller = new AbortController();
  let [ready, reads] = [false, 0];
  const source = hooked((_, length) => {
    if (ready && length > 1e5 && ++reads === 10) controller.abort(new Error('enough'));
    return Promise.resolve();
  });
  const bound = await openBytes(bytes, source);
  ready = true;
  await withServer(bound, { threads: 2, memoryBudgetBytes: 0 }, async (server) => {
    await expect(server.evaluate(inputs, { signal: controller.signal })).rejects.toThrow('enough');
    expect(reads).toBeLessThan(30);
    expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
  });
});
