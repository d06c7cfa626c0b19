/**
 * The evaluation of a plan that its client refreshes: stage by stage for all runs of a file, with one round trip between two stages.
 * What waits is in memory, or with its owner as bytes.
 */
import { sha256Hex } from '../ir/digest.ts';
import type { ClientPart } from '../ir/plan/plan.ts';
import type { Stage } from '../ir/plan/stages.ts';
import type { EngineSession, EvaluateOptions, EvaluationTimings } from './base/engine.ts';
import { evaluateRuns } from './evaluate-runs.ts';
import { freshMaskSeed, type Masks } from './refresh/masks.ts';
import { readAnswer, type RefreshPoint, writeRequest } from './refresh/messages.ts';
import { type PausedState, readPaused, writePaused } from './refresh/paused-evaluation.ts';
import { StagedRun } from './refresh/staged-run.ts';
import type { CiphertextFile } from './seal/bytes/ciphertext-files.ts';

/** What a session needs to evaluate in stages. */
export interface Staging {
  readonly stages: readonly Stage[];
  /** Of the client, inspected. */
  readonly publicKey: Uint8Array;
  readonly masks: () => Promise<Masks>;
}

/** An evaluation is over, or waits for its client. */
export type StagedStep =
  | { readonly outputs: CiphertextFile; readonly timings: EvaluationTimings }
  | { readonly request: Uint8Array; readonly paused: PausedState; readonly timings: EvaluationTimings };

export class StagedEvaluation {
  private readonly part: ClientPart;
  private readonly engine: EngineSession<Uint8Array>;
  private readonly staging: Staging;

  constructor(part: ClientPart, engine: EngineSession<Uint8Array>, staging: Staging) {
    this.part = part;
    this.engine = engine;
    this.staging = staging;
  }

  /** The first stage. @param inputs identity of the file */
  start({ runs, ...file }: CiphertextFile, inputs: string, options: EvaluateOptions): Promise<StagedStep> {
    const staged = runs.map((run) => new StagedRun(this.staging.stages, run));
    return this.evaluate({ ...file, inputs, round: 0 }, staged, options);
  }

  /**
   * The next stage. Rejects with `HepcError` for an answer to another request, and for ciphertexts that are damaged: the evaluation can
   * then be resumed with a good one.
   */
  async resume(paused: PausedState, answer: Uint8Array, options: EvaluateOptions): Promise<StagedStep> {
    const { runs, seed, round } = paused;
    const refreshed = readAnswer(answer, this.part, paused).map((run) => run.map((bytes) => bytes.slice()));
    const masks = await this.staging.masks();
    let number = 0;
    for (const [k, run] of refreshed.entries()) {
      for (const bytes of run) masks.unmask(bytes, number++, seed);
      runs[k]?.accept(round + 1, run);
    }
    return this.evaluate({ ...paused, round: round + 1 }, runs, options);
  }

  save(paused: PausedState): Uint8Array {
    return writePaused(this.part, paused);
  }

  /** Throws `HepcError` for bytes that are damaged, of another plan or another key. */
  restore(bytes: Uint8Array, keyId: string): PausedState {
    return readPaused(bytes, this.part, this.staging.stages, keyId);
  }

  private async evaluate(
    { keyId, samples, place, inputs, round }: RefreshPoint,
    runs: readonly StagedRun[],
    options: EvaluateOptions,
  ): Promise<StagedStep> {
    const { stages, publicKey } = this.staging;
    const wanted: Uint8Array[][] = [];
    const onProgress =
      options.onProgress && ((fraction: number) => options.onProgress?.((round + fraction) / stages.length));
    const timings = await evaluateRuns(
      this.engine,
      runs.length,
      { ...options, ...(onProgress && { onProgress }), stage: round },
      (run) => runs[run]?.inputsOf(round) ?? [],
      (outputs) => {
        wanted.push(runs[wanted.length]?.take(round, outputs) ?? []);
      },
    );
    if (round + 1 === stages.length)
      return { outputs: { keyId, samples, place, runs: runs.map((run) => run.outputs) }, timings };
    const seed = freshMaskSeed();
    const masked = (await this.staging.masks()).mask(wanted.flat(), publicKey, seed);
    const each = wanted[0]?.length ?? 0;
    const point = { keyId, samples, place, inputs, round };
    const request = writeRequest(this.part, {
      ...point,
      runs: wanted.map((_, run) => masked.slice(run * each, (run + 1) * each)),
    });
    return { request, paused: { ...point, request: sha256Hex(request), seed, runs }, timings };
  }
}
