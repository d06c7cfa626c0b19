/** Why a job failed, as its record and the answer to its caller have it. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { diagnosticRegistry } from '../../ir/diagnostics/registry.ts';
import { givenUp } from '../../ir/diagnostics/service/jobs.ts';
import type { Problem } from '../../runtime/protocol/problem.ts';

/** Of the service, not of what was sent: trying again may help. */
const transient = new Set([
  // Memory that is exhausted, and sessions that are lost with it.
  'H632',
  'H641',
  // The store: no room, damaged, gone.
  'H807',
  'H808',
  'H811',
  'H812',
]);

/** Whether another attempt may end otherwise. Errors of ours may, and are not tried for ever. */
export function isTransient(error: unknown): boolean {
  return !(error instanceof HepcError) || error.diagnostics.some(({ code }) => transient.has(code));
}

/** The first of the diagnostics. `status` is that of HTTP. */
export function problemOf({ diagnostics: [first] }: HepcError, status: number): Problem {
  const code = first?.code ?? givenUp.declaration.code;
  return {
    type: `urn:hepc:${code}`,
    title: diagnosticRegistry.get(code)?.title ?? code,
    status,
    detail: first?.message ?? '',
    code,
    notes: [...(first?.notes ?? [])],
  };
}

/** For the record and the caller: an error of ours may say anything, and goes to the log alone. */
export function describeFailure(error: unknown): string {
  if (error instanceof HepcError)
    return error.diagnostics.map(({ code, message }) => `${message} (${code})`).join('; ');
  return 'of an error of the service';
}
