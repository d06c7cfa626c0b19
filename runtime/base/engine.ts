/**
 * Engines: what runs a plan's program on a server. `open` does everything that depends neither on keys nor on inputs
 * (workers, encoding of weights), a session loads keys, so that `evaluate` is evaluation alone.
 */
import { plaintextBudget } from '../../costs/engine-memory.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';

/** Evaluation keys as checked SEAL bytes, which nobody else changes; a key that the plan does not need is absent. */
export interface EvaluationKeys {
  /** SHA-256 of the public key that they belong to. */
  readonly keyId: string;
  readonly relinKeys?: Uint8Array;
  readonly encapsulationKeys?: Uint8Array;
  readonly galoisKeys?: Uint8Array;
  /** Of a plan with refreshes: for encryptions of zero. */
  readonly publicKey?: Uint8Array;
}

export interface EngineOptions {
  /** Workers that share the program. */
  readonly threads: number;
  /**
   * Bytes for encoded weights and, in what these leave, evaluations side by side and keys of sessions; an engine whose workers
   * share no memory counts them for each worker. Weights beyond it are encoded at each use or, where they are encrypted, read from where they are;
   * keys beyond it make room for each other, the least recently used first. The keys of one session and a few ciphertexts
   * are in memory whatever the budget.
   */
  readonly memoryBudgetBytes: number;
}

export interface EvaluateOptions {
  /** Evaluation ends soon after it aborts, and rejects with its reason; the session stays usable. */
  readonly signal?: AbortSignal;
  /** Called with the part that is done, 0 to 1, by modelled cost. What it throws ends the evaluation. */
  readonly onProgress?: (fraction: number) => void;
}

/** Of one run of one stage. */
export interface RunOptions extends EvaluateOptions {
  /** Of a program with refreshes (`ir/plan/stages.ts`); the first, which otherwise is all of it, unless given. */
  readonly stage?: number;
}

export interface OpenSessionOptions {
  /** The opening ends soon after it aborts, and rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** Milliseconds. */
export interface EvaluationTimings {
  /** Until the workers were free. */
  readonly wait: number;
  /** Loading keys that had made room for those of other sessions; 0 where they were there. */
  readonly keys: number;
  /** From input ciphertexts in memory to output ciphertexts in memory. */
  readonly evaluate: number;
}

export interface Evaluation<Value> {
  /** By the index of the `output` ops. */
  readonly outputs: Value[];
  readonly timings: EvaluationTimings;
}

/** Keys on a prepared plan. */
export interface EngineSession<Value> {
  /** Evaluations to ask for at once, where there are many, so that no worker waits; 1 where they run one after another. */
  readonly runsAtOnce: number;
  /**
   * Runs the program, or a stage of it, on inputs by the index of the `input` ops, or in the order of those of the stage; outputs are by
   * the index of the `output` ops of all stages. Evaluations of all sessions of a plan begin in the order in
   * which they were asked for: one after another, each by all workers, or where enough of them wait one for each worker.
   * Inputs belong to the session from now on. An input of saved bytes may
   * be several seeded ciphertexts of the same size, one after another (`savedSeededBytes`): it is their sum.
   *
   * Throws `HepcError` for inputs that do not fit, weights that cannot be read, a session that is closed and for lack of
   * memory, the reason of an abort, what `onProgress` throws, `InternalError` for failures of ours. After lack of memory
   * and failures of ours the plan and all of its sessions are closed.
   */
  evaluate(inputs: readonly Value[], options?: RunOptions): Promise<Evaluation<Value>>;
  /** Finishes what was asked for before, and gives up the place of the keys. */
  close(): Promise<void>;
}

/** What a prepared plan holds. */
export interface PlanUsage {
  /** Sessions that are open. */
  readonly sessions: number;
  /** Of these, the ones whose keys are in memory, and how many there is room for. */
  readonly loadedKeys: number;
  readonly keyPlaces: number;
  /** How often keys have been loaded since the plan was opened. */
  readonly keyLoads: number;
}

/** A plan with workers and encoded weights, without keys. */
export interface PreparedPlan<Value, Keys = EvaluationKeys> {
  /** Warnings of the preparation. */
  readonly remarks: readonly Diagnostic[];
  /** Whether it is closed, by `close` or by a failure. */
  readonly isClosed: boolean;
  readonly usage: PlanUsage;
  /**
   * @param keys gives the keys: at once, and again each time when they have to be loaded anew
   * Throws `HepcError` for keys that do not fit, and what `keys` throws.
   */
  openSession(keys: () => Keys | Promise<Keys>, options?: OpenSessionOptions): Promise<EngineSession<Value>>;
  /** Closes all sessions, then ends the workers. */
  close(): Promise<void>;
}

/** `Value` is what stands for a ciphertext: saved SEAL bytes, or slots in the clear. */
export interface Engine<Value, Keys = EvaluationKeys> {
  readonly name: string;
  /** Leaves nothing behind where it rejects. */
  open(plan: Plan, options: EngineOptions): Promise<PreparedPlan<Value, Keys>>;
}

export const defaultEngineOptions: EngineOptions = { threads: 1, memoryBudgetBytes: plaintextBudget };
