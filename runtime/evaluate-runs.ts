/** The runs of a file on an engine: several asked for at once where it does them side by side, their outputs in order. */
import type { EngineSession, Evaluation, EvaluationTimings, RunOptions } from './base/engine.ts';

type Value = Uint8Array;

/**
 * Evaluates the inputs of `runs` runs that `read` gives, and hands their outputs to `write`, run by run. Rejects with what the
 * first of them rejects with that fails, once all that have been asked for are over. Times are of all runs together, of which
 * those that overlap count once.
 */
export async function evaluateRuns(
  engine: EngineSession<Value>,
  runs: number,
  options: RunOptions,
  read: (run: number) => readonly Value[] | Promise<readonly Value[]>,
  write: (outputs: Value[]) => void | Promise<void>,
): Promise<EvaluationTimings> {
  if (runs === 1) {
    const { outputs, timings } = await engine.evaluate(await read(0), options);
    await write(outputs);
    return timings;
  }
  const { signal, onProgress, stage = 0 } = options;
  const over = new AbortController();
  const signals = signal === undefined ? over.signal : AbortSignal.any([signal, over.signal]);
  let done = 0;
  const evaluate = async (inputs: readonly Value[]): Promise<Ended> => {
    const asked = performance.now();
    let own = 0;
    const advance = (fraction: number): void => {
      done += fraction - own;
      own = fraction;
    };
    const tell = (fraction: number): unknown => {
      advance(fraction);
      // What it gives may be a promise that rejects.
      return onProgress?.(Math.min(1, done / runs));
    };
    const evaluation = await engine.evaluate(inputs, {
      signal: signals,
      stage,
      ...(onProgress === undefined ? {} : { onProgress: tell }),
    });
    advance(1);
    return { evaluation, asked, ended: performance.now() };
  };
  const underWay: Promise<Ended>[] = [];
  const times = new Times();
  try {
    for (let asked = 0, run = 0; run < runs; run++) {
      for (; asked < Math.min(runs, run + engine.runsAtOnce); asked++) {
        const evaluated = evaluate(await read(asked));
        // It is waited for later.
        evaluated.catch(() => undefined);
        underWay.push(evaluated);
      }
      const ended = await underWay.shift();
      if (ended === undefined) break;
      times.add(ended);
      await write(ended.evaluation.outputs);
    }
  } catch (error) {
    over.abort(error);
    await Promise.allSettled(underWay);
    throw error;
  }
  return times.all;
}

interface Ended {
  readonly evaluation: Evaluation<Value>;
  /** Milliseconds of `performance.now()`. */
  readonly asked: number;
  readonly ended: number;
}

/** Times of runs, which were asked for and begun one after another. */
class Times {
  private readonly total = new Covered();
  private readonly evaluated = new Covered();
  private keys = 0;

  add({ evaluation: { timings }, asked, ended }: Ended): void {
    this.total.add(asked, ended);
    this.evaluated.add(ended - timings.evaluate, ended);
    this.keys += timings.keys;
  }

  get all(): EvaluationTimings {
    const { keys } = this;
    const evaluate = this.evaluated.length;
    return { wait: Math.max(0, this.total.length - keys - evaluate), keys, evaluate };
  }
}

/** The length of the union of spans with ascending starts. */
class Covered {
  length = 0;
  private end = -Infinity;

  add(start: number, end: number): void {
    this.length += Math.max(0, end - Math.max(start, this.end));
    this.end = Math.max(this.end, end);
  }
}
