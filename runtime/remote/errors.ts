/** What a server says when it does not do what it was asked for. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { jobFailed, refusedByServer } from '../../ir/diagnostics/service/remote.ts';
import type { Problem } from '../protocol/problem.ts';

/** The code of a request under keys that a server does not have. */
export const keysGone = 'H841';
/** The code of what is damaged at a server. */
export const storedIsDamaged = 'H808';

/** A request that is refused (H870), with what the server says about it. */
export class RefusedError extends HepcError {
  readonly status: number;
  /** Code of the diagnostic, where the server gave one. */
  readonly code: string | undefined;

  constructor(url: string, status: number, problem: Problem | undefined, fallback: string) {
    const detail = problem?.detail ?? fallback;
    super([refusedByServer({ url, status, code: problem?.code, detail, notes: problem?.notes ?? [] })]);
    this.status = status;
    this.code = problem?.code;
  }
}

/** A request that was accepted, and whose evaluation has failed (H875), with what the server says about it. */
export class FailedJobError extends HepcError {
  /** Code of the diagnostic, where the server gave one. */
  readonly code: string | undefined;

  constructor(state: string, problem: Problem | undefined) {
    const reason = problem?.detail ?? `the job was ${state}`;
    super([jobFailed({ reason, code: problem?.code, notes: problem?.notes ?? [] })]);
    this.code = problem?.code;
  }
}

/** The code that the server gave. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof RefusedError || error instanceof FailedJobError ? error.code : undefined;
}
