/** What becomes of a plan where the engine `simd` cannot run: another engine takes over, and says so. */
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { engineReplaced, engineUnfit } from '../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import type { Engine, EngineOptions, EvaluationKeys, Session } from './engine.ts';

/** That the engine `simd` cannot run on this machine or with these primes, whatever the keys are. */
export class UnfitError extends HepcError {
  readonly reason: string;

  constructor(reason: string) {
    super([engineUnfit({ reason })]);
    this.reason = reason;
  }
}

export interface PreparedEngine {
  /** Name of the engine that runs. */
  readonly engine: string;
  readonly session: Session<Uint8Array>;
  /** Warnings: that it is not the engine that was wanted, and what the session says. */
  readonly remarks: readonly Diagnostic[];
}

/**
 * Prepares `first`, or `second` where the first is unfit. Throws `HepcError` for everything else; where the second fails,
 * with the problems of both.
 */
export async function prepareWithFallback(
  first: Engine<Uint8Array>,
  second: Engine<Uint8Array>,
  plan: Plan,
  keys: EvaluationKeys,
  options: EngineOptions,
): Promise<PreparedEngine> {
  try {
    const session = await first.prepare(plan, keys, options);
    return { engine: first.name, session, remarks: session.remarks ?? [] };
  } catch (error) {
    if (!(error instanceof UnfitError)) throw error;
    const session = await second.prepare(plan, keys, options).catch((failure: unknown) => {
      throw failure instanceof HepcError ? new HepcError([...error.diagnostics, ...failure.diagnostics]) : failure;
    });
    const remarks = [engineReplaced({ used: second.name, reason: error.reason }), ...(session.remarks ?? [])];
    return { engine: second.name, session, remarks };
  }
}
