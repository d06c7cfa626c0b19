/** One run of the program, on all workers or on one: progress, abort, patience, and what comes to them meanwhile. */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { EvaluateOptions } from '../../base/engine.ts';
import type { Asked } from './crew.ts';
import { type Answer, causeOf, errorOf } from './protocol.ts';
import type { Feed } from './work.ts';

/** How long workers may take to notice that they should stop: many times the longest single operation. */
export const patienceMilliseconds = 30_000;

export class Run<Request extends object> {
  private readonly workers: Asked<Request>;
  private readonly feed: Feed | undefined;
  private readonly options: EvaluateOptions;
  private patience: ReturnType<typeof setTimeout> | undefined;
  /** What went wrong here, not in a worker. */
  private thrown: { readonly error: unknown } | undefined;
  /** What happens after the run must not stop the next one. */
  private over = false;

  /** @param feed undefined where nothing comes to them but the request */
  constructor(workers: Asked<Request>, feed: Feed | undefined, options: EvaluateOptions) {
    this.workers = workers;
    this.feed = feed;
    this.options = options;
  }

  /** Resolves once all workers have answered; never rejects. To be called before the signal aborts. */
  async ask(request: Request): Promise<Answer[]> {
    const { workers, feed } = this;
    const { signal, onProgress } = this.options;
    workers.reset();
    feed?.reset();
    const stop = (): void => {
      this.stop();
    };
    signal?.addEventListener('abort', stop, { once: true });
    let done = 0;
    const hear = (part: number): void => {
      done += part;
      if (onProgress !== undefined && this.thrown === undefined) this.tell(onProgress, Math.min(1, done));
    };
    const feeding = feed?.run().catch((error: unknown) => {
      this.fail(error);
    });
    const answers = await workers.ask(request, hear);
    await feeding;
    this.over = true;
    signal?.removeEventListener('abort', stop);
    clearTimeout(this.patience);
    return answers;
  }

  /** The outputs, or throws why there are none. */
  collect(answers: readonly Answer[]): { readonly outputs: Uint8Array[]; readonly milliseconds: number } {
    const cause = causeOf(answers);
    if (cause?.failure.reason === 'refused') throw errorOf(cause.failure, cause.worker);
    // What a callback or a source throws is passed on as it is.
    if (this.thrown !== undefined) throw this.thrown.error;
    // Workers may have done all before they could see an abort; it was one all the same.
    this.options.signal?.throwIfAborted();
    if (cause !== undefined) throw errorOf(cause.failure, cause.worker);
    const outputs: Uint8Array[] = [];
    let start = Infinity;
    let end = -Infinity;
    for (const answer of answers) {
      if (answer.kind !== 'done') throw new InternalError(`a worker answered ${answer.kind} to a run`);
      for (const { index, bytes } of answer.outputs) outputs[index] = bytes;
      start = Math.min(start, answer.start);
      end = Math.max(end, answer.end);
    }
    return { outputs, milliseconds: end - start };
  }

  /** A caller's function may throw, or be an async one that rejects; neither may end the process. */
  private tell(onProgress: (fraction: number) => unknown, fraction: number): void {
    try {
      const result = onProgress(fraction);
      if (result instanceof Promise)
        result.catch((error: unknown) => {
          this.fail(error);
        });
    } catch (error) {
      this.fail(error);
    }
  }

  private fail(error: unknown): void {
    if (this.over) return;
    this.thrown ??= { error };
    this.stop();
  }

  private stop(): void {
    this.workers.stop();
    this.patience ??= setTimeout(() => void this.workers.giveUp(), patienceMilliseconds);
  }
}
