/** Which failures of an attempt may be followed by another, and what is said of them. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

/** Of the service, not of what was sent: trying again may help. */
const transient = new Set([
  // Memory that is exhausted, and sessions that are lost with it, or closed because of another request.
  'H632',
  'H640',
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

/** No room, or damaged: what the caller is told says more than that it was tried so often. */
export function isOfStore(error: unknown): boolean {
  return error instanceof HepcError && error.diagnostics.some(({ code }) => code === 'H807' || code === 'H808');
}

/** For the record: an error of ours may say anything, and goes to the log alone. */
export function describeFailure(error: unknown): string {
  if (error instanceof HepcError)
    return error.diagnostics.map(({ code, message }) => `${message} (${code})`).join('; ');
  return 'of an error of the service';
}
