/** Engines where workers cannot share memory, as in a page that is not cross-origin isolated: one worker, or none. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { defaultEngineOptions } from '../../runtime/base/engine.ts';
import { sealWasm } from '../../runtime/engines/seal-wasm/engine.ts';
import { createSimd } from '../../runtime/engines/simd/session/engine.ts';
import { openWithFallback } from '../../runtime/base/fallback.ts';
import { bindWeights } from '../../runtime/cipher/bind-weights.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Server } from '../../runtime/server.ts';
import { mixedPlan, randomSample, withServer } from '../support/serve-plans.ts';
import { ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { manyWeights } from '../unit/runtime/engines/exchange/weight-plans.ts';

const plan = mixedPlan();
let client: Client;
let keys: KeySet;
let inputs: Uint8Array;
let expected: Uint8Array;

beforeAll(async () => {
  client = await Client.create(plan.client);
  keys = client.generateKeys();
  inputs = client.encrypt([randomSample(plan, 7)]);
  expected = await withServer(plan, keys, {}, (server) => server.evaluate(inputs));
});
afterAll(() => client.close());

/** As in such a page: whoever constructs a shared buffer fails. */
function hideSharedMemory(): void {
  vi.stubGlobal('crossOriginIsolated', false);
  vi.stubGlobal('SharedArrayBuffer', undefined);
}

beforeEach(hideSharedMemory);
afterEach(() => vi.unstubAllGlobals());

test('one worker gives the same bytes, and a remark where more were asked for', async () => {
  await withServer(plan, keys, { threads: 1 }, async (server) => {
    expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
    expect(server.server.remarks).toEqual([]);
  });
  for (const engine of ['auto', 'simd'] as const) {
    await withServer(plan, keys, { engine, threads: 3, memoryBudgetBytes: 0 }, async (server) => {
      expect(Buffer.compare(await server.evaluate(inputs), expected)).toBe(0);
      expect(server.server.engineName).toBe('simd');
      expect(server.server.remarks.map(({ code, severity }) => ({ code, severity }))).toEqual([
        { code: 'H637', severity: 'warning' },
      ]);
      expect(server.server.remarks[0]?.message).toMatch(/^3 threads/);
    });
  }
});

test('an evaluation stops on request, and the session goes on', async () => {
  const { long, longClient, longKeys } = await longProgram();
  const sample = longClient.encrypt([randomSample(long, 1)]);
  await withServer(long, longKeys, {}, async (server) => {
    const controller = new AbortController();
    const fractions: number[] = [];
    const stopped = server.evaluate(sample, {
      signal: controller.signal,
      onProgress: (fraction) => {
        fractions.push(fraction);
        controller.abort(new Error('enough'));
      },
    });
    const next = server.evaluate(sample);
    await expect(stopped).rejects.toThrow('enough');
    expect(fractions.at(-1)).toBeLessThan(1);
    expect(await next).toBeInstanceOf(Uint8Array);
  });
  longClient.close();
});

/** Some hundred milliseconds of work. */
async function longProgram(): Promise<{ long: Plan; longClient: Client; longKeys: KeySet }> {
  const writer = new ProgramWriter(smallParameters, 2 ** 30);
  let x = writer.input();
  for (let k = 0; k < 1000; k++) x = writer.rotate(x, 1);
  writer.output(x);
  const long = writer.plan();
  const longClient = await Client.create(long.client);
  return { long, longClient, longKeys: longClient.generateKeys() };
}

test('encrypted weights have to fit the budget, for they cannot come one by one', async () => {
  const encrypted = manyWeights(4);
  const owner = await Client.create(encrypted.client);
  const own = owner.generateKeys();
  const bound = { ...encrypted, bound: await bindWeights(encrypted, own.publicKey) };
  const x = new Map([['x0', new Float64Array(encrypted.program.slots).fill(0.5)]]);
  const outputs = await withServer(bound, own, {}, (server) => server.evaluate(owner.encrypt([x])));
  const [got = new Map<string, Float64Array>()] = owner.decrypt(outputs, { raw: true });
  expect(got.get('y0')?.[2]).toBeCloseTo(0.5 * (0.5 * 1 + 4 * 5 * 0.5 * 0.125), 2);
  await expect(Server.create(bound, { memoryBudgetBytes: 1e5 })).rejects.toThrow(/H639/);
  owner.close();
});

test('seal-wasm is refused; as a fallback, with the reason of the other engine', async () => {
  await expect(Server.create(plan, { engine: 'seal-wasm' })).rejects.toThrow(/H638/);
  const refusing = createSimd({ compile: () => Promise.reject(new WebAssembly.CompileError('no relaxed SIMD')) });
  const opened = openWithFallback(refusing, sealWasm, plan, defaultEngineOptions);
  await expect(opened).rejects.toThrow(/H635.*no relaxed SIMD[^]*H638/);
});
