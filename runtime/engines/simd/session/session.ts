/**
 * A prepared plan on workers that share one memory; one evaluation at a time.
 *
 * An evaluation ends when all workers have answered. Whichever fails first, or an abort, ends the team's work at its next
 * barrier; only then does the promise settle. A worker alone, where memory cannot be shared, works in slices and hears of
 * an abort between them.
 */
import { type Diagnostic, HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { outOfMemory } from '../../../../ir/diagnostics/runtime.ts';
import type { EvaluateOptions, Evaluation, Session } from '../../../base/engine.ts';
import { describeError } from '../../../seal/library/exceptions.ts';
import { shareBytes } from '../../threads/shared-memory.ts';
import type { WorkerEntry } from '../../threads/worker-thread.ts';
import { Crew } from './crew.ts';
import { UnfitError } from '../../../base/fallback.ts';
import type { Answer, Failure, PrepareRequest } from './protocol.ts';

/** How long workers may take to reach a barrier: many times the longest phase. */
const patienceMilliseconds = 30_000;

export interface SessionOptions {
  /** A worker that speaks the protocol. */
  readonly entry: WorkerEntry;
  readonly members: number;
  /** Words of the team; undefined for one worker that shares no memory. */
  readonly words: Int32Array | undefined;
  /** Called once all workers have ended. */
  readonly onEnd: () => void;
  /** Warnings of the preparation. */
  readonly remarks: readonly Diagnostic[];
  /** Makes what comes to the workers while they run ready for a run, and hands it over; see `weight-feeder.ts`. */
  readonly feed: { readonly reset: () => void; readonly run: () => Promise<void> };
}

export class SimdSession implements Session<Uint8Array> {
  readonly remarks: readonly Diagnostic[];
  private readonly crew: Crew;
  private readonly options: SessionOptions;
  private queue: Promise<unknown> = Promise.resolve();
  private closed = false;

  /** Starts the workers. Rejects, with all of them ended, where one cannot be prepared. */
  static async start(options: SessionOptions, request: Omit<PrepareRequest, 'member'>): Promise<SimdSession> {
    const session = new SimdSession(options);
    const answers = await session.crew.ask((member) => ({ ...request, member }));
    const cause = causeOf(answers);
    if (cause === undefined) return session;
    await session.terminate();
    throw errorOf(cause);
  }

  private constructor(options: SessionOptions) {
    this.options = options;
    this.remarks = options.remarks;
    this.crew = new Crew(options.entry, options.members, options.words);
  }

  evaluate(inputs: readonly Uint8Array[], options: EvaluateOptions = {}): Promise<Evaluation<Uint8Array>> {
    const evaluation = this.queue.then(() => this.evaluateNow(inputs, options));
    this.queue = evaluation.catch(() => undefined);
    return evaluation;
  }

  async close(): Promise<void> {
    // What was asked for before is finished first; an owner in a hurry aborts it.
    await this.queue;
    await this.terminate();
  }

  private async evaluateNow(
    inputs: readonly Uint8Array[],
    { signal, onProgress = () => undefined }: EvaluateOptions,
  ): Promise<Evaluation<Uint8Array>> {
    if (this.closed) throw new InternalError('the session is closed');
    signal?.throwIfAborted();
    const { crew } = this;
    const { feed } = this.options;
    crew.reset();
    feed.reset();
    let patience: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => {
      crew.stop();
      patience ??= setTimeout(() => void crew.giveUp(), patienceMilliseconds);
    };
    signal?.addEventListener('abort', stop, { once: true });
    let unfed: Error | undefined;
    const feeding = feed.run().catch((error: unknown) => {
      unfed = error instanceof Error ? error : new InternalError(describeError(error));
      stop();
    });
    crew.onProgress = onProgress;
    const shared = inputs.map(shareBytes);
    const answers = await crew.ask(() => ({ kind: 'evaluate', inputs: shared }));
    await feeding;
    signal?.removeEventListener('abort', stop);
    clearTimeout(patience);

    const cause = causeOf(answers);
    if (cause === undefined) return collect(answers);
    if (cause.reason === 'stopped') {
      signal?.throwIfAborted();
      if (unfed !== undefined) throw unfed;
    }
    if (cause.reason !== 'refused') await this.terminate();
    throw errorOf(cause);
  }

  private async terminate(): Promise<void> {
    const wasOpen = !this.closed;
    this.closed = true;
    await this.crew.terminate();
    if (wasOpen) this.options.onEnd();
  }
}

function collect(answers: readonly Answer[]): Evaluation<Uint8Array> {
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

/** The failure that the others follow from, if there is any. */
function causeOf(answers: readonly Answer[]): Failure | undefined {
  const failures = answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.failure] : []));
  return failures.find(({ reason }) => reason !== 'stopped') ?? failures[0];
}

function errorOf(failure: Failure): Error {
  switch (failure.reason) {
    case 'refused':
      return new HepcError(failure.diagnostics);
    case 'unfit':
      return new UnfitError(failure.text);
    case 'out-of-memory':
      return new HepcError([outOfMemory({ worker: 0 })]);
    case 'internal':
      return new InternalError(failure.text);
    case 'stopped':
      return new InternalError('the workers stopped without a reason');
  }
}
