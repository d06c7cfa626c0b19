/** What becomes of a plan where the engine `simd` cannot run: another engine takes over, and says so. */
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { engineReplaced, engineUnfit } from '../../ir/diagnostics/runtime.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import type { Engine, EngineOptions, PreparedPlan } from './engine.ts';

/** That the engine `simd` cannot run on this machine or with these primes, whatever the keys are. */
export class UnfitError extends HepcError {
  readonly reason: string;

  constructor(reason: string) {
    super([engineUnfit({ reason })]);
    this.reason = reason;
  }
}

export interface OpenedEngine {
  /** Name of the engine that runs. */
  readonly engine: string;
  readonly prepared: PreparedPlan<Uint8Array>;
  /** Warnings: that it is not the engine that was wanted, and what the plan says. */
  readonly remarks: readonly Diagnostic[];
}

/**
 * Opens `first`, or `second` where the first is unfit. Throws `HepcError` for everything else; where the second fails,
 * with the problems of both.
 */
export async function openWithFallback(
  first: Engine<Uint8Array>,
  second: Engine<Uint8Array>,
  plan: Plan,
  options: EngineOptions,
): Promise<OpenedEngine> {
  try {
    const prepared = await first.open(plan, options);
    return { engine: first.name, prepared, remarks: prepared.remarks };
  } catch (error) {
    if (!(error instanceof UnfitError)) throw error;
    const prepared = await second.open(plan, options).catch((failure: unknown) => {
      throw failure instanceof HepcError ? new HepcError([...error.diagnostics, ...failure.diagnostics]) : failure;
    });
    const remarks = [engineReplaced({ used: second.name, reason: error.reason }), ...prepared.remarks];
    return { engine: second.name, prepared, remarks };
  }
}
