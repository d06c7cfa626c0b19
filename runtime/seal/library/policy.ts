/** Pages whose content security policy forbids WebAssembly, of whatever module. */
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { wasmForbidden } from '../../../ir/diagnostics/runtime.ts';

/** How Chrome, Firefox and Safari say that a policy is the reason. */
const byPolicy = /content security policy|\bcsp\b|unsafe-eval/i;

/** Throws `HepcError` H647 where this reason of a failure to compile is a policy. */
export function refuseByPolicy(reason: string): void {
  if (byPolicy.test(reason)) throw new HepcError([wasmForbidden({ reason })]);
}
