/**
 * A prepared plan on SEAL workers. Owns the workers and the shared memory; one evaluation at a time.
 *
 * An evaluation ends when all workers have answered. Whichever fails first, or an abort, sets the stop flag, so that
 * the others answer soon; only then does the promise settle.
 */
import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { outOfMemory, sealRefuses } from '../../../ir/diagnostics/runtime.ts';
import type { EvaluateOptions, Evaluation, Session } from '../../base/engine.ts';
import { describeError } from '../../seal/library/exceptions.ts';
import { shareBytes } from '../threads/shared-memory.ts';
import type { WorkerEntry } from '../threads/worker-thread.ts';
import { resetSharedState, type SharedState, STOP } from '../exchange/exchange.ts';
import type { Answer, Failure, PrepareRequest } from './protocol.ts';
import { WorkerProxy } from './worker-proxy.ts';

/** How long workers may take to notice that they should stop: many times the longest single operation. */
const patienceMilliseconds = 30_000;

/** What comes to the workers while they run, besides the inputs. */
export interface Feed {
  readonly stream: SharedState;
  /** Hands it over for one run; rejects where it cannot. Resolves too when the run is stopped. */
  readonly run: () => Promise<void>;
}

export class SealWasmSession implements Session<Uint8Array> {
  private readonly workers: readonly WorkerProxy[];
  private readonly shared: SharedState;
  private readonly totalCost: number;
  private readonly feed: Feed;
  private residentHandles: readonly number[] = [];
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  /**
   * Starts one worker `entry` for each request. Rejects, with all workers ended, where one cannot be
   * prepared.
   */
  static async start(
    entry: WorkerEntry,
    requests: readonly PrepareRequest[],
    shared: SharedState,
    totalCost: number,
    feed: Feed,
  ): Promise<SealWasmSession> {
    const started = requests.map((request) => ({ request, worker: new WorkerProxy(entry) }));
    const session = new SealWasmSession(
      started.map(({ worker }) => worker),
      shared,
      totalCost,
      feed,
    );
    const answers = await Promise.all(started.map(({ worker, request }) => worker.request(request)));
    await session.throwFailures(answers);
    session.residentHandles = session.workers.map((worker) => worker.liveHandles);
    return session;
  }

  private constructor(workers: readonly WorkerProxy[], shared: SharedState, totalCost: number, feed: Feed) {
    this.workers = workers;
    this.shared = shared;
    this.totalCost = totalCost;
    this.feed = feed;
  }

  evaluate(inputs: readonly Uint8Array[], options: EvaluateOptions = {}): Promise<Evaluation<Uint8Array>> {
    const evaluation = this.queue.then(() => this.evaluateNow(inputs, options));
    this.queue = evaluation.catch(() => undefined);
    return evaluation;
  }

  async close(): Promise<void> {
    // What was asked for before is finished first; an owner in a hurry aborts it.
    await this.queue;
    if (this.closed) return;
    this.closed = true;
    await Promise.all(this.workers.map((worker) => worker.request({ kind: 'close' })));
    const leaked = this.workers.reduce((sum, worker) => sum + (worker.isDead ? 0 : worker.liveHandles), 0);
    await this.terminate();
    if (leaked > 0) throw new InternalError(`${leaked} SEAL objects were left behind`);
  }

  private async evaluateNow(
    inputs: readonly Uint8Array[],
    { signal, onProgress }: EvaluateOptions,
  ): Promise<Evaluation<Uint8Array>> {
    if (this.closed) throw new InternalError('the session is closed');
    signal?.throwIfAborted();
    resetSharedState(this.shared);
    resetSharedState(this.feed.stream);
    let patience: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      Atomics.store(this.shared.control, 0, STOP);
      patience ??= setTimeout(() => void this.giveUp(), patienceMilliseconds);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let unfed: Error | undefined;
    const feeding = this.feed.run().catch((error: unknown) => {
      unfed = error instanceof Error ? error : new InternalError(describeError(error));
      stop();
    });
    const answers = await this.askAll(inputs.map(shareBytes), stop, onProgress);
    await feeding;
    signal?.removeEventListener('abort', stop);
    clearTimeout(patience);

    await this.throwFailures(answers, signal, unfed);
    await this.checkHandles();
    const outputs: Uint8Array[] = [];
    let start = Infinity;
    let end = -Infinity;
    for (const answer of answers) {
      if (answer.kind !== 'done') throw new InternalError(`a worker answered ${answer.kind} to evaluate`);
      for (const { index, bytes } of answer.outputs) outputs[index] = bytes;
      start = Math.min(start, answer.start);
      end = Math.max(end, answer.end);
    }
    return { outputs, milliseconds: end - start };
  }

  private async askAll(
    inputs: readonly Uint8Array[],
    stop: () => void,
    onProgress: EvaluateOptions['onProgress'],
  ): Promise<Answer[]> {
    let done = 0;
    return Promise.all(
      this.workers.map(async (worker) => {
        worker.onProgress = (cost) => {
          done += cost;
          onProgress?.(Math.min(1, done / this.totalCost));
        };
        const answer = await worker.request({ kind: 'evaluate', inputs });
        if (answer.kind === 'failed') stop();
        return answer;
      }),
    );
  }

  /**
   * Throws the cause where one of `answers` is a failure, having closed the session unless it can go on. `unfed` is why
   * the workers were stopped, if they were for want of something.
   */
  private async throwFailures(answers: readonly Answer[], signal?: AbortSignal, unfed?: Error): Promise<void> {
    const failures = answers.flatMap((answer, worker) =>
      answer.kind === 'failed' ? [{ worker, failure: answer.failure }] : [],
    );
    // Those that were only told to stop are no cause.
    const cause = failures.find(({ failure }) => failure.reason !== 'stopped');
    if (cause === undefined) {
      if (failures.length === 0) return;
      await this.checkHandles();
      signal?.throwIfAborted();
      if (unfed !== undefined) throw unfed;
      throw new InternalError('workers stopped without a reason');
    }
    const preparing = this.residentHandles.length === 0;
    if (cause.failure.reason === 'refused' && !preparing) await this.checkHandles();
    else await this.terminate();
    throw errorOf(cause.failure, cause.worker);
  }

  /** Every ciphertext of a run is deleted when it ends, however it ends. */
  private async checkHandles(): Promise<void> {
    const leaking = this.workers.findIndex((worker, w) => worker.liveHandles !== this.residentHandles[w]);
    if (leaking === -1) return;
    await this.terminate();
    throw new InternalError(`worker ${leaking} left SEAL objects behind`);
  }

  private async giveUp(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.giveUp()));
  }

  private async terminate(): Promise<void> {
    this.closed = true;
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }
}

function errorOf(failure: Failure, worker: number): Error {
  switch (failure.reason) {
    case 'refused':
      return new HepcError([sealRefuses({ what: failure.what, reason: failure.text })]);
    case 'out-of-memory':
      return new HepcError([outOfMemory({ worker })]);
    case 'internal':
      return new InternalError(failure.text);
    case 'stopped':
      return new InternalError('a worker stopped without a reason');
  }
}
