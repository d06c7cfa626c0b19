/** The keys of a client on a server. */
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { notPaused, refreshesWanted } from '../ir/diagnostics/refresh/messages.ts';
import { isClosed, wrongRuns } from '../ir/diagnostics/runtime.ts';
import type { ClientPart } from '../ir/plan/plan.ts';
import type { EngineSession, EvaluateOptions, EvaluationTimings } from './base/engine.ts';
import { freeBytes } from './base/free-bytes.ts';
import { ownBytes } from './base/own-bytes.ts';
import { Pending } from './base/pending.ts';
import { untilAborted } from './base/until-aborted.ts';
import { evaluateRuns } from './evaluate-runs.ts';
import type { RandomAccess } from './format/random-access.ts';
import type { Append } from './format/zip-writer.ts';
import {
  CiphertextReader,
  CiphertextWriter,
  readCiphertexts,
  writeCiphertexts,
} from './seal/bytes/ciphertext-files.ts';
import { identityOf } from './refresh/messages.ts';
import type { PausedState } from './refresh/paused-evaluation.ts';
import { openTogether, summed } from './seal/bytes/files-together.ts';
import { StagedEvaluation, type StagedStep, type Staging } from './staged-evaluation.ts';

/** Of one call of `evaluate`. */
export interface EvaluatedFile {
  /** A file of encrypted outputs. */
  readonly outputs: Uint8Array;
  /** All runs of the file together. */
  readonly timings: EvaluationTimings;
}

export interface EvaluateFileOptions extends EvaluateOptions {
  /**
   * Of plans that their clients refresh: has a client answer a request (`Client.refresh`), once for each round trip of the plan.
   * What it rejects with ends the evaluation; who waits for a client bounds the time.
   */
  readonly refresh?: ((request: Uint8Array) => Promise<Uint8Array>) | undefined;
}

/** An evaluation is over, or waits for its client. */
export type EvaluationStep =
  | EvaluatedFile
  /** `request` is for the client, whose answer resumes `paused`. */
  | { readonly request: Uint8Array; readonly paused: PausedEvaluation; readonly timings: EvaluationTimings };

/** What the server keeps of an evaluation that waits for its client. */
export interface PausedEvaluation {
  /** Of the round trip that it waits for, from 0 on. */
  readonly round: number;
  /** The bytes of a file, for `ServerSession.restore`. Not for the client: with it the client could read intermediate values. */
  save(): Uint8Array;
  /** Goes on with the answer of the client. Rejects with `HepcError` for answers that are damaged or to another request (H663). */
  resume(answer: Uint8Array, options?: EvaluateOptions): Promise<EvaluationStep>;
}

export interface EvaluateStreamOptions extends EvaluateOptions {
  /**
   * The runs that are evaluated, from the first to before the last; all of them unless given. The outputs are a file of their
   * samples alone.
   */
  readonly runs?: { readonly first: number; readonly end: number };
}

/** Of one call of `evaluateTo`. */
export interface EvaluatedStream {
  /** Size of the file of encrypted outputs. */
  readonly bytes: number;
  /** All runs of the file together. */
  readonly timings: EvaluationTimings;
}

/**
 * The keys of a client on a server (`Server.openSession`): evaluates what that client has encrypted.
 *
 * @example
 * const { outputs, timings } = await session.evaluate(inputs, { signal: AbortSignal.timeout(10_000) });
 * await session.close();
 */
export class ServerSession {
  /** SHA-256 of the public key that the keys belong to. */
  readonly keyId: string;
  private readonly part: ClientPart;
  private readonly engine: EngineSession<Uint8Array>;
  private readonly onClosed: () => void;
  /** Undefined for plans of one stage. */
  private readonly staged: StagedEvaluation | undefined;
  private readonly pending = new Pending();
  private closing: Promise<void> | undefined;

  /** For `Server.openSession`. */
  constructor(
    part: ClientPart,
    keyId: string,
    engine: EngineSession<Uint8Array>,
    onClosed: () => void,
    staging?: Staging,
  ) {
    this.part = part;
    this.keyId = keyId;
    this.engine = engine;
    this.onClosed = onClosed;
    this.staged = staging && new StagedEvaluation(part, engine, staging);
  }

  /** Round trips to the client of one evaluation. */
  get rounds(): number {
    return this.part.refreshes?.length ?? 0;
  }

  /**
   * Evaluates a file of encrypted inputs, of which it makes a copy at once. Any number of evaluations may be asked for;
   * the runs of all sessions of a server take turns, or are done side by side where as many wait as there are threads.
   *
   * Rejects with `HepcError` for files that are damaged, of another plan or another key, for a plan with refreshes without
   * `refresh` (H661), for a session that is closed or was
   * lost with others (H641) and where memory runs out; with the reason of `signal` once it aborts, and with what
   * `onProgress` throws. All but a loss and want of memory leave the session usable.
   */
  async evaluate(inputs: Uint8Array, options: EvaluateFileOptions = {}): Promise<EvaluatedFile> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.evaluateNow(inputs, options));
  }

  /**
   * As `evaluate`, up to the first time that the client is needed; for who asks it in another process, or much later. Takes the
   * round trips of the plan and one step more. Plans without refreshes are over at once.
   */
  async start(inputs: Uint8Array, options: EvaluateOptions = {}): Promise<EvaluationStep> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.startNow(inputs, options));
  }

  /** An evaluation that was saved while it waited. Throws `HepcError` for bytes that are damaged, of another plan or another key. */
  restore(paused: Uint8Array): PausedEvaluation {
    const { staged } = this;
    if (staged === undefined) throw new HepcError([notPaused({})]);
    return this.pausedAt(staged, staged.restore(ownBytes(paused, 'the paused evaluation'), this.keyId));
  }

  /**
   * As `evaluate`, of files that may be larger than memory: all inputs are checked first, then read, evaluated and their
   * outputs appended run by run. Where it rejects, what has been appended is no file. Rejects with H649 for runs that the file
   * does not have.
   */
  async evaluateTo(
    inputs: RandomAccess,
    append: Append,
    options: EvaluateStreamOptions = {},
  ): Promise<EvaluatedStream> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.evaluateStream(inputs, append, options));
  }

  /**
   * Evaluates several files, whose samples are at different places of one run (`Client.encrypt` with a `place`), in one run:
   * the sum of their ciphertexts. Appends to each file of outputs that of its samples. The noise of their encryption adds up,
   * and answers come from one ciphertext that all of them get: whoever has the key can read them all.
   *
   * Rejects as `evaluateTo` does, and with H652 for files that do not go together: without a place, at places that others
   * have, and more than the plan's bound of the error allows. Which of the files was damaged is not told.
   */
  async evaluateTogether(
    files: readonly { readonly inputs: RandomAccess; readonly append: Append }[],
    options: EvaluateOptions = {},
  ): Promise<{ readonly bytes: number[]; readonly timings: EvaluationTimings }> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.evaluateShared(files, options));
  }

  /** Gives up the keys. Evaluations that are under way finish first. */
  close(): Promise<void> {
    this.closing ??= this.closeNow();
    return this.closing;
  }

  private async closeNow(): Promise<void> {
    await this.pending.settled();
    try {
      await this.engine.close();
    } finally {
      this.onClosed();
    }
  }

  private async evaluateNow(inputs: Uint8Array, { refresh, ...options }: EvaluateFileOptions): Promise<EvaluatedFile> {
    const { part, keyId } = this;
    if (part.refreshes !== undefined)
      return this.evaluateStaged(inputs, part.refreshes.length, { refresh, ...options });
    const bytes = ownBytes(inputs, 'the file of encrypted inputs');
    const { samples, place, runs } = readCiphertexts(bytes, 'inputs', part, keyId);
    const results: Uint8Array[][] = [];
    const timings = await evaluateRuns(
      this.engine,
      runs.length,
      options,
      (run) => runs[run] ?? [],
      (outputs) => {
        results.push(outputs);
      },
    );
    return { outputs: writeCiphertexts('outputs', part, { keyId, samples, place, runs: results }), timings };
  }

  /** Times are those of all stages together, without what the client takes. */
  private async evaluateStaged(
    inputs: Uint8Array,
    rounds: number,
    { refresh, ...options }: EvaluateFileOptions,
  ): Promise<EvaluatedFile> {
    if (refresh === undefined) throw new HepcError([refreshesWanted({ rounds })]);
    let step = await this.startNow(inputs, options);
    let { wait, keys, evaluate } = step.timings;
    while ('request' in step) {
      const answer = await untilAborted(refresh(step.request), options.signal);
      step = await step.paused.resume(answer, options);
      wait += step.timings.wait;
      keys += step.timings.keys;
      evaluate += step.timings.evaluate;
    }
    return { outputs: step.outputs, timings: { wait, keys, evaluate } };
  }

  private async startNow(inputs: Uint8Array, options: EvaluateOptions): Promise<EvaluationStep> {
    const { part, keyId, staged } = this;
    if (staged === undefined) return this.evaluateNow(inputs, options);
    const bytes = ownBytes(inputs, 'the file of encrypted inputs');
    const file = readCiphertexts(bytes, 'inputs', part, keyId);
    return this.stepOf(staged, await staged.start(file, identityOf(bytes), options));
  }

  private stepOf(staged: StagedEvaluation, step: StagedStep): EvaluationStep {
    const { timings } = step;
    if ('outputs' in step) return { outputs: writeCiphertexts('outputs', this.part, step.outputs), timings };
    return { request: step.request, paused: this.pausedAt(staged, step.paused), timings };
  }

  private pausedAt(staged: StagedEvaluation, state: PausedState): PausedEvaluation {
    const resume = async (answer: Uint8Array, options: EvaluateOptions): Promise<EvaluationStep> => {
      const own = ownBytes(answer, 'the refreshed values');
      return this.stepOf(staged, await staged.resume(state, own, options));
    };
    return {
      round: state.round,
      save: () => staged.save(state),
      resume: async (answer, options = {}) => {
        if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
        return this.pending.track(resume(answer, options));
      },
    };
  }

  private async evaluateStream(
    inputs: RandomAccess,
    append: Append,
    options: EvaluateStreamOptions,
  ): Promise<EvaluatedStream> {
    const { part, keyId } = this;
    if (part.refreshes !== undefined) throw new HepcError([refreshesWanted({ rounds: part.refreshes.length })]);
    const file = await CiphertextReader.open(inputs, 'inputs', part, keyId);
    const { first, end } = options.runs ?? { first: 0, end: file.runs };
    if (!Number.isInteger(first) || !Number.isInteger(end) || first < 0 || end <= first || end > file.runs)
      throw new HepcError([wrongRuns({ first, end, runs: file.runs })]);
    // The run of a file of one is checked when it is read, before anything else is done.
    if (end - first > 1) await file.check({ first, end }, options.signal);
    const samples = Math.min(file.samples, end * part.batch) - first * part.batch;
    const writer = new CiphertextWriter('outputs', part, { keyId, samples, place: file.place }, append);
    const timings = await evaluateRuns(
      this.engine,
      end - first,
      options,
      (run) => file.read(first + run),
      async (outputs) => {
        await writer.add(outputs);
        for (const bytes of outputs) freeBytes(bytes);
      },
    );
    return { bytes: await writer.finish(), timings };
  }

  private async evaluateShared(
    files: readonly { readonly inputs: RandomAccess; readonly append: Append }[],
    options: EvaluateOptions,
  ): Promise<{ readonly bytes: number[]; readonly timings: EvaluationTimings }> {
    const { part, keyId } = this;
    const readers = await openTogether(
      files.map(({ inputs }) => inputs),
      part,
      keyId,
    );
    const writers = readers.map(({ samples, place }, k) => {
      const append: Append = (bytes) => files[k]?.append(bytes) ?? Promise.resolve();
      return new CiphertextWriter('outputs', part, { keyId, samples, place }, append);
    });
    const timings = await evaluateRuns(
      this.engine,
      1,
      options,
      () => summed(readers),
      async (outputs) => {
        for (const writer of writers) await writer.add(outputs);
      },
    );
    const bytes: number[] = [];
    for (const writer of writers) bytes.push(await writer.finish());
    return { bytes, timings };
  }
}
