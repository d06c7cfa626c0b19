/** Plans whose workers do as they are told, well or badly: what becomes of their sessions, and that all is given back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WorkerPlan } from '../../../../../runtime/engines/sessions/worker-plan.ts';
import type { Work } from '../../../../../runtime/engines/sessions/work.ts';
import { liveWorkers } from '../../../../../runtime/engines/threads/worker-thread.ts';
import { script, type ScriptedRequest } from './scripted-requests.ts';

const entry = new URL('./scripted-worker.ts', import.meta.url);
const keys = { keyId: 'key' };
let released = 0;
let feed: () => Promise<void>;

beforeEach(() => {
  released = 0;
  feed = () => Promise.resolve();
});

/** Two workers, and places for two keys. */
function work(fails = false): Work<ScriptedRequest> {
  const word = new Int32Array(new SharedArrayBuffer(4));
  return {
    entry,
    members: 2,
    sign: {
      stop: () => {
        Atomics.store(word, 0, 1);
      },
      reset: () => {
        Atomics.store(word, 0, 0);
      },
    },
    feed: { reset: () => undefined, run: () => feed() },
    remarks: [],
    prepare: (member) => ({ kind: 'prepare', fails: fails && member === 1, word }),
    places: () => 2,
    load: (place) => [{ kind: 'load', place }],
    drop: (place) => ({ kind: 'drop', place }),
    evaluate: (place, inputs) => ({ kind: 'evaluate', place, inputs }),
    clear: { kind: 'clear' },
    release: () => {
      released++;
    },
  };
}

let plan: WorkerPlan<ScriptedRequest>;

function order(name: keyof typeof script): readonly Uint8Array[] {
  return [Uint8Array.of(script[name])];
}

test('a worker that cannot be prepared ends all, and what they work on is released', async () => {
  await expect(WorkerPlan.open(work(true))).rejects.toThrow('cannot be prepared');
  expect({ workers: liveWorkers(), released }).toEqual({ workers: 0, released: 1 });
});

describe('a plan', () => {
  beforeEach(async () => {
    plan = await WorkerPlan.open(work());
  });
  afterEach(async () => {
    await plan.close();
    expect({ workers: liveWorkers(), released }).toEqual({ workers: 0, released: 1 });
  });

  test('empties a place before it is taken by another session', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => plan.openSession(() => keys)));
    for (const session of [...sessions, ...sessions.reverse()]) {
      const { outputs, timings } = await session.evaluate(order('answer'));
      expect(outputs).toHaveLength(1);
      expect(timings.evaluate).toBe(2);
    }
    // Three were opened; then each of the first two finds its place taken, and the first once more at the end.
    expect(plan.usage).toEqual({ sessions: 3, loadedKeys: 2, keyPlaces: 2, keyLoads: 7 });
    await Promise.all(sessions.map((session) => session.close()));
    expect(plan.usage).toMatchObject({ sessions: 0, loadedKeys: 0 });
  });

  test.each([
    ['die', /exit code 3/],
    ['fail', /told to/],
    ['leak', /worker 0 left SEAL objects behind/],
  ] as const)('that is told to %s ends with all of its sessions', async (name, reason) => {
    const [first, second] = await Promise.all([plan.openSession(() => keys), plan.openSession(() => keys)]);
    const failing = first.evaluate(order(name));
    const waiting = second.evaluate(order('answer'));
    await expect(failing).rejects.toThrow(reason);
    await expect(waiting).rejects.toThrow(/H641/);
    await expect(second.evaluate(order('answer'))).rejects.toThrow(/H641/);
    await expect(plan.openSession(() => keys)).rejects.toThrow(/H641/);
    expect(plan.isClosed).toBe(true);
    await Promise.all([first.close(), second.close()]);
  });

  test('goes on after an abort', async () => {
    const session = await plan.openSession(() => keys);
    const controller = new AbortController();
    const fractions: number[] = [];
    const stopped = session.evaluate(order('wait'), {
      signal: controller.signal,
      onProgress: (fraction) => {
        fractions.push(fraction);
        if (fraction === 1) controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
    expect(fractions).toEqual([0.5, 1]);
    expect((await session.evaluate(order('answer'))).outputs).toHaveLength(1);
  });

  test('ends an opening that is aborted at once, though the workers are not free', async () => {
    const session = await plan.openSession(() => keys);
    const [running, opening] = [new AbortController(), new AbortController()];
    const evaluated = session.evaluate(order('wait'), { signal: running.signal });
    const opened = plan.openSession(() => keys, { signal: opening.signal });
    opening.abort(new Error('no more'));
    await expect(opened).rejects.toThrow('no more');
    expect(plan.usage).toMatchObject({ sessions: 1, loadedKeys: 1, keyLoads: 1 });
    running.abort(new Error('enough'));
    await expect(evaluated).rejects.toThrow('enough');
  });

  test('goes on after progress that throws, now or later', async () => {
    const session = await plan.openSession(() => keys);
    const thrown = new Error('thrown');
    const sync = session.evaluate(order('wait'), {
      onProgress: () => {
        throw thrown;
      },
    });
    await expect(sync).rejects.toBe(thrown);
    const rejecting = (): unknown => Promise.reject(thrown);
    await expect(session.evaluate(order('wait'), { onProgress: rejecting })).rejects.toBe(thrown);
    // Too late to matter, for this run or for the next one.
    const late = Promise.withResolvers<never>();
    const controller = new AbortController();
    const onProgress = (): unknown => {
      controller.abort(new Error('enough'));
      return late.promise;
    };
    const aborted = session.evaluate(order('wait'), { signal: controller.signal, onProgress });
    await expect(aborted).rejects.toThrow('enough');
    late.reject(thrown);
    expect((await session.evaluate(order('answer'))).outputs).toHaveLength(1);
  });

  test('goes on after weights that cannot be read', async () => {
    const session = await plan.openSession(() => keys);
    feed = () => Promise.reject(new Error('the disk is gone'));
    await expect(session.evaluate(order('wait'))).rejects.toThrow('the disk is gone');
    feed = () => Promise.resolve();
    expect((await session.evaluate(order('answer'))).outputs).toHaveLength(1);
  });

  test('that is closed finishes what was asked for, and refuses the rest', async () => {
    const session = await plan.openSession(() => keys);
    const asked = session.evaluate(order('answer'));
    const closed = plan.close();
    await expect(session.evaluate(order('answer'))).rejects.toThrow(/H640/);
    await expect(plan.openSession(() => keys)).rejects.toThrow(/H640/);
    expect((await asked).outputs).toHaveLength(1);
    await closed;
    await expect(plan.openSession(() => keys)).rejects.toThrow(/H640/);
  });
});
