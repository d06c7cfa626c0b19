/** Plans whose workers do as they are told, well or badly: what becomes of their sessions, and that all is given back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Crew, type StopSign } from '../../../../../runtime/engines/sessions/crew.ts';
import { WorkerPlan } from '../../../../../runtime/engines/sessions/worker-plan.ts';
import type { Work } from '../../../../../runtime/engines/sessions/work.ts';
import type { Evaluation } from '../../../../../runtime/base/engine.ts';
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
function work({ fails = false, lanes = 0 } = {}): Work<ScriptedRequest> {
  const [word = new Int32Array(1), ...own] = [0, 1, 2].map(() => new Int32Array(new SharedArrayBuffer(4)));
  const signOf = (of: Int32Array): StopSign => ({
    stop: () => {
      Atomics.store(of, 0, 1);
    },
    reset: () => {
      Atomics.store(of, 0, 0);
    },
  });
  return {
    crew: new Crew<ScriptedRequest>(entry, 2),
    sign: signOf(word),
    lanes: own.slice(0, lanes).map(signOf),
    feed: { reset: () => undefined, run: () => feed() },
    remarks: [],
    prepare: (member) => ({ kind: 'prepare', fails: fails && member === 1, word, ownWord: own[member] ?? word }),
    places: () => 2,
    load: (place) => [{ kind: 'load', place }],
    drop: (place) => ({ kind: 'drop', place }),
    evaluate: (place, inputs, lane) => ({ kind: 'evaluate', place, inputs, isAlone: lane !== undefined }),
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
  await expect(WorkerPlan.open(work({ fails: true }))).rejects.toThrow('cannot be prepared');
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

  test('reads keys once for evaluations that are asked for at once', async () => {
    let reads = 0;
    const read = (): Promise<typeof keys> => {
      reads++;
      return Promise.resolve(keys);
    };
    const first = await plan.openSession(read);
    await Promise.all([1, 2].map(() => plan.openSession(() => keys)));
    expect({ reads, ...plan.usage }).toMatchObject({ reads: 1, loadedKeys: 2 });
    await Promise.all([1, 2, 3].map(() => first.evaluate(order('answer'))));
    expect({ reads, loads: plan.usage.keyLoads }).toEqual({ reads: 2, loads: 4 });
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

  test('gives no outputs after an abort that the workers were too fast to see', async () => {
    const session = await plan.openSession(() => keys);
    const controller = new AbortController();
    const onProgress = (): void => {
      controller.abort(new Error('enough'));
    };
    const aborted = session.evaluate(order('tell'), { signal: controller.signal, onProgress });
    await expect(aborted).rejects.toThrow('enough');
    expect((await session.evaluate(order('tell'))).outputs).toHaveLength(1);
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

describe('a plan with a lane for each worker', () => {
  beforeEach(async () => {
    plan = await WorkerPlan.open(work({ lanes: 2 }));
  });
  afterEach(async () => {
    await plan.close();
    expect({ workers: liveWorkers(), released }).toEqual({ workers: 0, released: 1 });
  });

  /** Of an evaluation: the place of the keys that it ran with, and whether one worker did it. */
  async function ranAt(evaluation: Promise<Evaluation<Uint8Array>>): Promise<readonly number[]> {
    return [...((await evaluation).outputs[0] ?? [])];
  }

  test('does runs of different keys side by side, and one that comes alone with all workers', async () => {
    const [first, second] = await Promise.all([plan.openSession(() => keys), plan.openSession(() => keys)]);
    expect(first.runsAtOnce).toBe(3);
    expect(await Promise.all([first, second].map((one) => ranAt(one.evaluate(order('answer')))))).toEqual([
      [0, 1],
      [1, 1],
    ]);
    expect(await ranAt(second.evaluate(order('answer')))).toEqual([1, 0]);
  });

  test('loads keys that have no place once both are free, and has all workers run with them', async () => {
    const sessions = await Promise.all([1, 2, 3].map(() => plan.openSession(() => keys)));
    const ran = await Promise.all(sessions.map((session) => ranAt(session.evaluate(order('answer')))));
    // The first one's place went to the third when that was opened.
    expect(ran.map(([, isAlone]) => isAlone)).toEqual([0, 1, 1]);
    expect(plan.usage).toMatchObject({ loadedKeys: 2, keyPlaces: 2 });
  });

  test('ends the run in one lane by an abort, and not that in the other', async () => {
    const [first, second] = await Promise.all([plan.openSession(() => keys), plan.openSession(() => keys)]);
    const [one, other] = [new AbortController(), new AbortController()];
    const runs = [
      first.evaluate(order('wait'), { signal: one.signal }),
      second.evaluate(order('wait'), { signal: other.signal }),
    ].map((run) => run.catch((error: unknown) => (error instanceof Error ? error.message : error)));
    await new Promise((resolve) => setTimeout(resolve, 50));
    one.abort(new Error('enough'));
    expect(await runs[0]).toBe('enough');
    const next = [first, first].map((session) => ranAt(session.evaluate(order('answer'))));
    expect(await next[0]).toEqual([0, 1]);
    expect(await Promise.race([runs[1], Promise.resolve('still there')])).toBe('still there');
    other.abort(new Error('enough, too'));
    expect(await runs[1]).toBe('enough, too');
    await Promise.all(next);
    expect(await ranAt(second.evaluate(order('answer')))).toEqual([1, 0]);
  });

  test.each(['die', 'fail', 'leak'] as const)('where one is told to %s all end', async (name) => {
    const [first, second] = await Promise.all([plan.openSession(() => keys), plan.openSession(() => keys)]);
    const other = second.evaluate(order('wait'));
    const failing = first.evaluate(order(name));
    const waiting = second.evaluate(order('answer'));
    const failures = await Promise.allSettled([failing, other, waiting]);
    expect(failures.map((result) => (result.status === 'rejected' ? String(result.reason) : ''))).toEqual([
      expect.stringMatching(/exit code 3|told to|left SEAL objects behind/),
      expect.stringMatching(/H641/),
      expect.stringMatching(/H641/),
    ]);
    expect(plan.isClosed).toBe(true);
    expect({ workers: liveWorkers(), released }).toEqual({ workers: 0, released: 1 });
  });

  test('that is closed finishes what was asked for', async () => {
    const session = await plan.openSession(() => keys);
    const asked = [1, 2, 3].map(() => ranAt(session.evaluate(order('answer'))));
    await plan.close();
    expect(await Promise.all(asked)).toHaveLength(3);
  });
});
