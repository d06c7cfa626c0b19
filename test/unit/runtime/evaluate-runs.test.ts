/** Runs of a file on an engine that does several at once. */
import { expect, test } from 'vitest';
import type { EngineSession, EvaluateOptions, Evaluation } from '../../../runtime/base/engine.ts';
import { evaluateRuns } from '../../../runtime/evaluate-runs.ts';

const timings = { wait: 0, keys: 0, evaluate: 0 };

/** An engine whose evaluations end when they are told to; the number of a run is its input. */
class Engine implements EngineSession<Uint8Array> {
  readonly runsAtOnce: number;
  readonly asked: number[] = [];
  private readonly underWay = new Map<number, PromiseWithResolvers<Evaluation<Uint8Array>>>();
  private readonly options = new Map<number, EvaluateOptions>();

  constructor(runsAtOnce: number) {
    this.runsAtOnce = runsAtOnce;
  }

  evaluate([input]: readonly Uint8Array[], options: EvaluateOptions = {}): Promise<Evaluation<Uint8Array>> {
    const run = input?.[0] ?? -1;
    this.asked.push(run);
    const ends = Promise.withResolvers<Evaluation<Uint8Array>>();
    this.underWay.set(run, ends);
    this.options.set(run, options);
    options.signal?.addEventListener('abort', () => {
      ends.reject(options.signal?.reason);
    });
    return ends.promise;
  }

  async end(run: number): Promise<void> {
    this.underWay.get(run)?.resolve({ outputs: [Uint8Array.of(run)], timings });
    await settle();
  }

  async fail(run: number, error: Error): Promise<void> {
    this.underWay.get(run)?.reject(error);
    await settle();
  }

  progress(run: number, fraction: number): void {
    this.options.get(run)?.onProgress?.(fraction);
  }

  signal(run: number): AbortSignal | undefined {
    return this.options.get(run)?.signal;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

function start(engine: Engine, runs: number, options: EvaluateOptions = {}) {
  const written: number[] = [];
  const over = evaluateRuns(
    engine,
    runs,
    options,
    (run) => [Uint8Array.of(run)],
    ([output]) => void written.push(output?.[0] ?? -1),
  );
  return { written, over };
}

test('as many are asked for as the engine does at once, and their outputs come in order', async () => {
  const engine = new Engine(3);
  const fractions: number[] = [];
  const { written, over } = start(engine, 5, { onProgress: (fraction) => void fractions.push(fraction) });
  await settle();
  expect(engine.asked).toEqual([0, 1, 2]);
  engine.progress(1, 0.5);
  await engine.end(1);
  expect({ asked: engine.asked, written }).toEqual({ asked: [0, 1, 2], written: [] });
  engine.progress(0, 0.5);
  await engine.end(0);
  expect(engine.asked).toEqual([0, 1, 2, 3, 4]);
  expect(written).toEqual([0, 1]);
  for (const run of [4, 3, 2]) await engine.end(run);
  expect(written).toEqual([0, 1, 2, 3, 4]);
  expect(fractions).toEqual([0.1, 0.3]);
  await over;
});

test('where one is done at a time, the next is asked for when it is written', async () => {
  const engine = new Engine(1);
  const { written, over } = start(engine, 2);
  await settle();
  expect(engine.asked).toEqual([0]);
  await engine.end(0);
  expect({ asked: engine.asked, written }).toEqual({ asked: [0, 1], written: [0] });
  await engine.end(1);
  await over;
});

test('one that fails ends those that are under way, and is what the caller hears of', async () => {
  const engine = new Engine(3);
  const { written, over } = start(engine, 9);
  const outcome = over.catch((error: unknown) => error);
  await settle();
  await engine.end(0);
  await engine.fail(1, new Error('refused'));
  expect(await outcome).toEqual(new Error('refused'));
  expect([2, 3].map((run) => engine.signal(run)?.aborted)).toEqual([true, true]);
  expect({ asked: engine.asked, written }).toEqual({ asked: [0, 1, 2, 3], written: [0] });
});

test('an abort of the caller ends all with its reason', async () => {
  const engine = new Engine(2);
  const controller = new AbortController();
  const { over } = start(engine, 4, { signal: controller.signal });
  await settle();
  const reason = new Error('enough');
  controller.abort(reason);
  await expect(over).rejects.toBe(reason);
  expect(engine.asked).toEqual([0, 1]);
});

test('a file of one run has the times of that run', async () => {
  const engine = new Engine(3);
  const { over } = start(engine, 1);
  await settle();
  await engine.end(0);
  expect(await over).toBe(timings);
});
