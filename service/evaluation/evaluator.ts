/**
 * Evaluates jobs in a process of its own, so that whatever happens to the engine, the process that talks to the network
 * stays: it does not wait for checks of keys, and a crash is an answer.
 */
import type { EvaluationTimings } from '../../runtime/base/engine.ts';

/** Files are named by their paths; the evaluator reads them, and checks whatever it reads. */
export interface EvaluationRequest {
  readonly plan: { readonly digest: string; readonly path: string };
  readonly keys: { readonly digest: string; readonly path: string };
  /**
   * Encrypted inputs under these keys, and which of their runs. Several files have one run each, with samples at places
   * that no other has: they are evaluated as one run, of which each gets its own samples.
   */
  readonly inputs: readonly { readonly path: string; readonly first: number; readonly end: number }[];
  /** Of a plan with refreshes, of which there is one file of inputs. */
  readonly staged?: {
    /** What is resumed, where the inputs are the answer to its request. */
    readonly resumes?: string;
    /** Where what it is resumed from is written if the evaluation waits for its client: the outputs are a request then. */
    readonly pauses: string;
  };
  /** Where the encrypted outputs of the runs of each are written, whole or not at all. */
  readonly outputs: readonly string[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (fraction: number) => void;
}

export interface EvaluationResult {
  readonly outputs: readonly { readonly bytes: number; readonly digest: string }[];
  /** Of an evaluation that waits for its client. */
  readonly paused?: { readonly round: number; readonly bytes: number; readonly digest: string };
  /** Milliseconds; `wait` is for other requests to finish. */
  readonly timings: EvaluationTimings;
  /** Milliseconds for preparing the plan and opening the session, 0 where they were open. */
  readonly openMs: number;
}

/** What is in its memory now. */
export interface EvaluatorUsage {
  readonly budgetBytes: number;
  /** How often the process has ended by itself. */
  readonly crashes: number;
  readonly plans: readonly {
    readonly digest: string;
    readonly bytes: number;
    readonly sessions: number;
    readonly loadedKeys: number;
    readonly keyPlaces: number;
    readonly keyLoads: number;
  }[];
}

export interface Evaluator {
  /**
   * Rejects with `HepcError` for inputs, keys and plans that are refused, H812 where the process has ended meanwhile (the
   * next request starts another), with the reason of `signal`, and with what `onProgress` throws.
   */
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
  /**
   * Checks a file of evaluation keys against a plan, and gives its identity. Rejects with `HepcError`: H805 for another SHA-256
   * than `digest`.
   */
  checkKeys(plan: EvaluationRequest['plan'], path: string, digest: string): Promise<{ readonly keyId: string }>;
  /** Whether plan and keys are in memory: 2 for both, 1 for the plan alone, 0. Known without asking the process. */
  holds(plan: string, keys: string): number;
  usage(): Promise<EvaluatorUsage>;
  /** Forgets the keys, whose file is about to go. */
  forget(keys: string): Promise<void>;
  /** Evaluations that are under way finish first. */
  close(): Promise<void>;
}
