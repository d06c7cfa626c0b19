/** The keys of a client on a server. */
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { isClosed, wrongRuns } from '../ir/diagnostics/runtime.ts';
import type { ClientPart } from '../ir/plan/plan.ts';
import type { EngineSession, EvaluateOptions, EvaluationTimings } from './base/engine.ts';
import { freeBytes } from './base/free-bytes.ts';
import { ownBytes } from './base/own-bytes.ts';
import { Pending } from './base/pending.ts';
import { evaluateRuns } from './evaluate-runs.ts';
import type { RandomAccess } from './format/random-access.ts';
import type { Append } from './format/zip-writer.ts';
import {
  CiphertextReader,
  CiphertextWriter,
  readCiphertexts,
  writeCiphertexts,
} from './seal/bytes/ciphertext-files.ts';
import { openTogether, summed } from './seal/bytes/files-together.ts';

/** Of one call of `evaluate`. */
export interface EvaluatedFile {
  /** A file of encrypted outputs. */
  readonly outputs: Uint8Array;
  /** All runs of the file together. */
  readonly timings: EvaluationTimings;
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
  private readonly pending = new Pending();
  private closing: Promise<void> | undefined;

  /** For `Server.openSession`. */
  constructor(part: ClientPart, keyId: string, engine: EngineSession<Uint8Array>, onClosed: () => void) {
    this.part = part;
    this.keyId = keyId;
    this.engine = engine;
    this.onClosed = onClosed;
  }

  /**
   * Evaluates a file of encrypted inputs, of which it makes a copy at once. Any number of evaluations may be asked for;
   * the runs of all sessions of a server take turns, or are done side by side where as many wait as there are threads.
   *
   * Rejects with `HepcError` for files that are damaged, of another plan or another key, for a session that is closed or was
   * lost with others (H641) and where memory runs out; with the reason of `signal` once it aborts, and with what
   * `onProgress` throws. All but a loss and want of memory leave the session usable.
   */
  async evaluate(inputs: Uint8Array, options: EvaluateOptions = {}): Promise<EvaluatedFile> {
    if (this.closing !== undefined) throw new HepcError([isClosed({ what: 'the session' })]);
    return this.pending.track(this.evaluateNow(inputs, options));
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

  private async evaluateNow(inputs: Uint8Array, options: EvaluateOptions): Promise<EvaluatedFile> {
    const { part, keyId } = this;
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

  private async evaluateStream(
    inputs: RandomAccess,
    append: Append,
    options: EvaluateStreamOptions,
  ): Promise<EvaluatedStream> {
    const { part, keyId } = this;
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
