/** What a `WorkerClient` and its worker tell each other. Every call has an answer, but for those that were aborted. */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { GivenSample } from '../../ir/given-samples.ts';
import type { Answer, ModelPort } from '../../ir/interface.ts';
import type { Failure } from '../engines/sessions/protocol.ts';
import type { KeySet } from '../seal/keys.ts';

/** What the client is for, as its owner may ask. */
export interface Opened {
  readonly inputs: readonly ModelPort[];
  readonly outputs: readonly ModelPort[];
}

/** By the name of a call: what it is given, and what it gives. */
export interface Calls {
  readonly open: { readonly given: Uint8Array; readonly result: Opened };
  readonly generateKeys: { readonly given: undefined; readonly result: KeySet };
  readonly loadKeys: { readonly given: Uint8Array; readonly result: undefined };
  readonly encrypt: { readonly given: readonly GivenSample[]; readonly result: Uint8Array };
  readonly decrypt: {
    readonly given: { readonly outputs: Uint8Array; readonly raw: boolean };
    readonly result: readonly Answer[];
  };
}

export type CallName = keyof Calls;

export type Call = {
  readonly [Name in CallName]: { readonly id: number; readonly name: Name; readonly given: Calls[Name]['given'] };
}[CallName];

export interface ClientProtocol {
  readonly request: Call | { readonly abort: number };
  readonly reply:
    | { readonly id: number; readonly result: Calls[CallName]['result']; readonly warnings: readonly Diagnostic[] }
    | { readonly id: number; readonly progress: number }
    | { readonly id: number; readonly failure: Failure };
}
