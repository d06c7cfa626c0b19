/**
 * Servers with many sessions: independent of each other, on one set of workers and weights, and nothing stays behind. The
 * tests of sessions run on seal-wasm at night.
 */
import type { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { bytesAccess } from '../../runtime/format/random-access.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { liveWorkers } from '../../runtime/engines/threads/worker-thread.ts';
import { teamMemoryInUse } from '../../runtime/engines/simd/session/team-memory.ts';
import { liveHandles } from '../../runtime/seal/library/handles.ts';
import { Server, type ServerOptions } from '../../runtime/server.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import { damage, openFile } from '../support/damaged-files.ts';
import { randomSample } from '../support/serve-plans.ts';
import { isNightly } from '../support/setup/suite.ts';
import { ProgramWriter, smallParameters } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { bindToBytes, manyWeights, openBytes } from '../unit/runtime/engines/exchange/weight-plans.ts';

const engines = ['simd', 'seal-wasm'] as const;
const plan = smallPlan();

function smallPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const [x, y] = [writer.input(), writer.input()];
  const sum = [1, 5].reduce((total, step) => writer.sum(total, writer.rotate(x, step)), y);
  writer.output(writer.rescale(writer.relinearize(writer.multiply(sum, y))));
  writer.output(writer.multiplyPlain(writer.rotate(x, 7), writer.plaintext([0.5, -1]), 2 ** 28));
  return writer.plan();
}

/** A client with its keys, inputs of one run and of three, and what these give. */
interface Party {
  readonly keys: KeySet;
  readonly inputs: Uint8Array;
  readonly threeRuns: Uint8Array;
  readonly expected: Uint8Array;
}

let client: Client;
let parties: Party[];

beforeAll(async () => {
  client = await Client.create(plan.client);
  expect(plan.client.batch).toBe(1);
  const server = await Server.create(plan, { engine: 'simd' });
  parties = [];
  for (let k = 0; k < 3; k++) {
    const keys = client.generateKeys();
    const inputs = client.encrypt([randomSample(plan, k)]);
    const threeRuns = client.encrypt([1, 2, 3].map((seed) => randomSample(plan, seed)));
    const session = await server.openSession(keys.evaluationKeys);
    const { outputs } = await session.evaluate(inputs);
    await session.close();
    parties.push({ keys, inputs, threeRuns, expected: outputs });
  }
  await server.close();
}, 120_000);
afterAll(() => {
  client.close();
});

/** Of each kind of resource, what there is. */
afterEach(() => {
  expect({ workers: liveWorkers(), bytes: teamMemoryInUse() }).toEqual({ workers: 0, bytes: 0 });
});

function party(k: number): Party {
  const one = parties[k];
  if (one === undefined) throw new Error(`no party ${k}`);
  return one;
}

async function withSessions(
  options: ServerOptions,
  count: number,
  use: (sessions: readonly ServerSession[], server: Server) => Promise<void>,
): Promise<void> {
  const server = await Server.create(plan, options);
  try {
    const keys = Array.from({ length: count }, (_, k) => party(k).keys.evaluationKeys);
    await use(await Promise.all(keys.map((own) => server.openSession(own))), server);
  } finally {
    await server.close();
  }
}

/** That a session of party `k` still gives what it should, up to noise that differs between engines. */
async function expectAnswer(session: ServerSession | undefined, k: number, engine: ServerOptions['engine']) {
  const outputs = (await session?.evaluate(party(k).inputs))?.outputs ?? new Uint8Array();
  if (engine === 'simd') expect(Buffer.compare(outputs, party(k).expected)).toBe(0);
  else expect(outputs.length).toBe(party(k).expected.length);
}

/** The codes of what a promise rejects with. */
async function codesOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'resolved';
  } catch (error) {
    return error instanceof HepcError ? error.diagnostics.map(({ code }) => code).join(' ') : String(error);
  }
}

describe.each(isNightly ? engines : engines.slice(0, 1))('on %s', (engine) => {
  test('sessions opened at once are as many sessions, whose evaluations take turns', async () => {
    await withSessions({ engine, threads: 2 }, 3, async (sessions, server) => {
      expect(server.usage).toMatchObject({ sessions: 3, loadedKeys: 3, keyLoads: 3 });
      await Promise.all([...sessions, ...sessions].map((session, k) => expectAnswer(session, k % 3, engine)));
      expect(server.usage.keyLoads).toBe(3);
      // One that is closed leaves the others alone, and its place to the next.
      await sessions[0]?.close();
      expect(server.usage).toMatchObject({ sessions: 2, loadedKeys: 2 });
      await expectAnswer(sessions[1], 1, engine);
      const again = await server.openSession(party(0).keys.evaluationKeys);
      await expectAnswer(again, 0, engine);
      expect(server.usage).toMatchObject({ sessions: 3, loadedKeys: 3, keyLoads: 4 });
    });
  });

  test('keys beyond the budget make room for each other, the least recently used first', async () => {
    // The keys of one session are there whatever the budget.
    await withSessions({ engine, memoryBudgetBytes: 0 }, 2, async ([first, second], server) => {
      expect(server.usage).toMatchObject({ sessions: 2, loadedKeys: 1, keyPlaces: 1, keyLoads: 2 });
      const before = server.usage.keyLoads;
      for (let k = 0; k < 2; k++) {
        await expectAnswer(first, 0, engine);
        await expectAnswer(first, 0, engine);
        await expectAnswer(second, 1, engine);
      }
      // The second one's keys were opened last, so that each change of turns is a load.
      expect(server.usage.keyLoads - before).toBe(4);
      expect((await first?.evaluate(party(0).inputs))?.timings.keys).toBeGreaterThan(0);
      expect((await first?.evaluate(party(0).inputs))?.timings.keys).toBeLessThan(1);
    });
  });

  test('evicted keys come from where they are, checked again', async () => {
    const server = await Server.create(plan, { engine, memoryBudgetBytes: 0 });
    let file = party(0).keys.evaluationKeys;
    let reads = 0;
    const first = await server.openSession(() => {
      reads++;
      return Promise.resolve(file);
    });
    const second = await server.openSession(party(1).keys.evaluationKeys);
    expect(reads).toBe(1);
    await expectAnswer(first, 0, engine);
    expect(reads).toBe(2);
    await expectAnswer(second, 1, engine);
    file = party(2).keys.evaluationKeys;
    expect(await codesOf(first.evaluate(party(0).inputs))).toBe('H606');
    file = party(0).keys.secretKey;
    expect(await codesOf(first.evaluate(party(0).inputs))).toBe('H603');
    file = party(0).keys.evaluationKeys;
    await expectAnswer(first, 0, engine);
    await server.close();
  });

  test('closing a session or the server waits for an evaluation of several runs, and refuses new ones', async () => {
    await withSessions({ engine, threads: 2 }, 2, async ([first, second], server) => {
      const [one, two] = [first?.evaluate(party(0).threeRuns), second?.evaluate(party(1).threeRuns)];
      const closed = first?.close();
      expect(await codesOf(Promise.resolve(first?.evaluate(party(0).inputs)))).toBe('H640');
      const over = server.close();
      expect(await codesOf(server.openSession(party(0).keys.evaluationKeys))).toBe('H640');
      expect(await codesOf(Promise.resolve(second?.evaluate(party(1).inputs)))).toBe('H640');
      await over;
      await closed;
      const [outputs] = await Promise.all([one, two]);
      expect(outputs?.outputs.length).toBeGreaterThan(0);
    });
  });

  test('an abort ends an evaluation of several runs, and one that waits for its turn at once', async () => {
    await withSessions({ engine, threads: 2 }, 2, async ([first, second]) => {
      const running = new AbortController();
      const waiting = new AbortController();
      const one = first?.evaluate(party(0).threeRuns, {
        signal: running.signal,
        onProgress: () => {
          waiting.abort(new Error('no more'));
          running.abort(new Error('enough'));
        },
      });
      // Two more, of which one may have a worker for itself.
      const third = second?.evaluate(party(1).inputs);
      const two = second?.evaluate(party(1).inputs, { signal: waiting.signal });
      await expect(two).rejects.toThrow('no more');
      await expect(one).rejects.toThrow('enough');
      await third;
      await expectAnswer(first, 0, engine);
      await expectAnswer(second, 1, engine);
    });
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('thrown by onProgress');
      },
    ],
    ['rejects', () => Promise.reject(new Error('thrown by onProgress'))],
  ] as const)('onProgress that %s ends its evaluation, not the process', async (_, onProgress) => {
    await withSessions({ engine, threads: 2 }, 1, async ([session]) => {
      const options = { onProgress: () => void onProgress() };
      const asynchronous = { onProgress: onProgress as () => void };
      await expect(session?.evaluate(party(0).threeRuns, asynchronous)).rejects.toThrow('thrown by onProgress');
      if (_ === 'throws') await expect(session?.evaluate(party(0).inputs, options)).rejects.toThrow('thrown by');
      await expectAnswer(session, 0, engine);
    });
  });

  test('bytes that change after the call do not change what is read', async () => {
    const server = await Server.create(plan, { engine, memoryBudgetBytes: 0 });
    const keys = new Uint8Array(party(0).keys.evaluationKeys);
    const opening = server.openSession(keys);
    keys.fill(255);
    const session = await opening;
    const inputs = new Uint8Array(party(0).threeRuns);
    const evaluating = session.evaluate(inputs);
    inputs.fill(255);
    expect((await evaluating).outputs.length).toBeGreaterThan(0);
    // And when the keys are loaded again.
    const other = await server.openSession(party(1).keys.evaluationKeys);
    await expectAnswer(session, 0, engine);
    await other.close();
    await server.close();
  });

  test('openings that fail leave nothing', { timeout: 60_000 }, async () => {
    const broken = damage(openFile(party(0).keys.evaluationKeys, 'evaluation-keys', plan), 1, (section) => {
      section.fill(255, section.length >> 1, (section.length >> 1) + 64);
    });
    await withSessions({ engine, threads: 2 }, 1, async ([session], server) => {
      const before = server.usage;
      const failures = await Promise.all(
        Array.from({ length: 20 }, (_, k) =>
          codesOf(server.openSession(k % 2 === 0 ? broken : () => Promise.reject(new Error('the disk is gone')))),
        ),
      );
      expect(new Set(failures).size).toBe(2);
      expect(failures[0]).toMatch(/^H6\d\d$/);
      expect(failures[1]).toBe('Error: the disk is gone');
      expect(server.usage).toMatchObject({ sessions: before.sessions, loadedKeys: before.loadedKeys });
      await expectAnswer(session, 0, engine);
    });
  });

  test('an abort ends an opening, also while the keys are on their way', async () => {
    await withSessions({ engine }, 1, async ([session], server) => {
      const open = (signal: AbortSignal) => server.openSession(() => new Promise<never>(() => undefined), { signal });
      const controller = new AbortController();
      const opening = open(controller.signal);
      controller.abort(new Error('enough'));
      await expect(opening).rejects.toThrow('enough');
      await expect(open(controller.signal)).rejects.toThrow('enough');
      const late = new AbortController();
      const loading = server.openSession(party(1).keys.evaluationKeys, { signal: late.signal });
      late.abort(new Error('enough'));
      await expect(loading).rejects.toThrow('enough');
      expect(server.usage).toMatchObject({ sessions: 1, loadedKeys: 1 });
      await expectAnswer(session, 0, engine);
    });
  });

  test('closing the server during openings ends them', async () => {
    const server = await Server.create(plan, { engine, threads: 2 });
    const openings = [
      ...parties.map(({ keys }) => server.openSession(keys.evaluationKeys)),
      server.openSession(() => new Promise<never>(() => undefined)),
    ].map(codesOf);
    await Promise.all([server.close(), server.close()]);
    expect((await Promise.all(openings)).filter((outcome) => outcome !== 'H640')).toEqual([]);
  });

  test('opening and closing at once, in any order', { timeout: 60_000 }, async () => {
    await withSessions({ engine, threads: 2, memoryBudgetBytes: 0 }, 1, async ([own], server) => {
      await Promise.all(
        Array.from({ length: 12 }, async (_, k) => {
          const session = await server.openSession(party(k % 3).keys.evaluationKeys);
          const evaluated = k % 2 === 0 ? expectAnswer(session, k % 3, engine) : undefined;
          await session.close();
          await evaluated;
        }),
      );
      expect(server.usage.sessions).toBe(1);
      await expectAnswer(own, 0, engine);
    });
  });
});

test('a server whose workers have died prepares the plan again for the next session', async () => {
  const threads: Worker[] = [];
  const collect = (worker: Worker): void => void threads.push(worker);
  process.on('worker', collect);
  const server = await Server.create(plan, { threads: 2 });
  process.off('worker', collect);
  const old = await server.openSession(party(0).keys.evaluationKeys);
  await threads[1]?.terminate();
  await expect(old.evaluate(party(0).inputs)).rejects.toThrow(/exit code 1/);
  expect(await codesOf(old.evaluate(party(0).inputs))).toBe('H641');
  const [first, second] = await Promise.all([0, 1].map((k) => server.openSession(party(k).keys.evaluationKeys)));
  await expectAnswer(first, 0, 'simd');
  await expectAnswer(second, 1, 'simd');
  expect(server.usage).toMatchObject({ sessions: 2, keyLoads: 2 });
  expect(await codesOf(old.evaluate(party(0).inputs))).toBe('H641');
  await server.close();
});

test('what is not bytes, an engine or a budget is refused with a diagnostic', async () => {
  // As a caller without types may call.
  const anything = (value: unknown): never => value as never;
  expect(await codesOf(Server.create(plan, { engine: anything('simt') }))).toBe('H642');
  await expect(Server.create(plan, { engine: anything('simt') })).rejects.toThrow(/simd/);
  expect(await codesOf(Server.create(plan, { engine: anything('toString') }))).toBe('H642');
  expect(await codesOf(Server.create(plan, { engine: anything(null) }))).toBe('H642');
  for (const memoryBudgetBytes of [NaN, -1, '1e9', null])
    expect(await codesOf(Server.create(plan, { memoryBudgetBytes: anything(memoryBudgetBytes) }))).toBe('H643');
  for (const threads of [0, 1.5, NaN, '2'])
    expect(await codesOf(Server.create(plan, { threads: anything(threads) }))).toBe('H634');
  const server = await Server.create(plan);
  for (const value of [null, undefined, 'keys', {}, new ArrayBuffer(8), () => null])
    expect(await codesOf(server.openSession(anything(value)))).toBe('H644');
  const detached = new Uint8Array(party(0).keys.evaluationKeys);
  structuredClone(detached, { transfer: [detached.buffer] });
  expect(await codesOf(server.openSession(detached))).toBe('H601');
  const session = await server.openSession(Buffer.from(party(0).keys.evaluationKeys));
  expect(await codesOf(session.evaluate(anything(null)))).toBe('H644');
  await expectAnswer(session, 0, 'simd');
  await server.close();
});

test.each(engines)('servers that cannot be created leave nothing: %s', { timeout: 60_000 }, async (engine) => {
  const weighty = manyWeights(4);
  const owner = await Client.create(weighty.client);
  const bytes = await bindToBytes(weighty, owner.generateKeys().publicKey);
  owner.close();
  const before = liveHandles();
  let isGone = false;
  const { size, read } = bytesAccess(bytes);
  const bound = await openBytes(bytes, {
    size,
    read: (offset, length) => (isGone ? Promise.reject(new Error('the disk is gone')) : read(offset, length)),
  });
  isGone = true;
  for (let k = 0; k < 20; k++)
    await expect(Server.create(bound, { engine, threads: 2 })).rejects.toThrow('the disk is gone');
  expect(liveHandles()).toBe(before);
});
