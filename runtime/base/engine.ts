/**
 * Engines: what runs a plan's program on a server. `prepare` does everything that does not depend on the inputs
 * (workers, keys, encoding of weights), so that `evaluate` is evaluation alone.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../../ir/plan/plan.ts';

/** Evaluation keys as checked SEAL bytes; a key that the plan does not need is absent. */
export interface EvaluationKeys {
  /** SHA-256 of the public key that they belong to. */
  readonly keyId: string;
  readonly relinKeys?: Uint8Array;
  readonly galoisKeys?: Uint8Array;
}

export interface EngineOptions {
  /** Workers that share the program. */
  readonly threads: number;
  /**
   * Most bytes of encoded weights that a worker keeps; the others are encoded at each use. Of encrypted weights, most
   * bytes that are in memory for all workers together; the others are read from where they are at each use. A few
   * ciphertexts are in memory whatever the budget.
   */
  readonly memoryBudgetBytes: number;
}

export interface EvaluateOptions {
  /** Evaluation ends soon after it aborts, and rejects with its reason; the session stays usable. */
  readonly signal?: AbortSignal;
  /** Called with the part that is done, 0 to 1, by modelled cost. */
  readonly onProgress?: (fraction: number) => void;
}

export interface Evaluation<Value> {
  /** By the index of the `output` ops. */
  readonly outputs: Value[];
  /** From input ciphertexts in memory to output ciphertexts in memory. */
  readonly milliseconds: number;
}

/** A prepared plan. Evaluations that are asked for at once run one after another. */
export interface Session<Value> {
  /** Warnings of the preparation. */
  readonly remarks?: readonly Diagnostic[];
  /**
   * Runs the program on inputs by the index of the `input` ops.
   * Throws `HepcError` for inputs that do not fit and for lack of memory, `InternalError` for failures of ours. After
   * anything but refused inputs and an abort the session is closed.
   */
  evaluate(inputs: readonly Value[], options?: EvaluateOptions): Promise<Evaluation<Value>>;
  close(): Promise<void>;
}

/** `Value` is what stands for a ciphertext: saved SEAL bytes, or slots in the clear. */
export interface Engine<Value, Keys = EvaluationKeys> {
  readonly name: string;
  prepare(plan: Plan, keys: Keys, options: EngineOptions): Promise<Session<Value>>;
}

export const defaultEngineOptions: EngineOptions = { threads: 1, memoryBudgetBytes: 1.5 * 2 ** 30 };
