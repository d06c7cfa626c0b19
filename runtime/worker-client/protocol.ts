/**
 * What a `WorkerClient` and its worker tell each other. Every call has an answer, but for those that were aborted; while it
 * is under way, the worker asks its owner for what the owner reads, and hands it what the owner writes, piece by piece.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import type { GivenSample } from '../../ir/given-samples.ts';
import type { Answer } from '../../ir/interface.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { Failure } from '../engines/sessions/protocol.ts';
import type { KeySet } from '../cipher/key-files.ts';

/** By the name of a call: what it is given, and what it gives. */
export interface Calls {
  readonly open: { readonly given: Uint8Array; readonly result: ClientPart };
  readonly generateKeys: { readonly given: undefined; readonly result: KeySet };
  readonly loadKeys: { readonly given: Uint8Array; readonly result: undefined };
  readonly encrypt: {
    readonly given: { readonly samples: readonly GivenSample[]; readonly place: number | undefined };
    readonly result: Uint8Array;
  };
  /** Of so many samples. Gives the bytes of the file. */
  readonly encryptTo: {
    readonly given: { readonly count: number; readonly place: number | undefined };
    readonly result: number;
  };
  /** A request of a server, and the answer to it. */
  readonly refresh: { readonly given: Uint8Array; readonly result: Uint8Array };
  readonly decrypt: {
    readonly given: { readonly outputs: Uint8Array; readonly raw: boolean };
    readonly result: readonly Answer[];
  };
  /** Of a file of so many bytes, which is named by `file` until it is left. */
  readonly decryptFrom: {
    readonly given: { readonly file: number; readonly size: number; readonly raw: boolean };
    readonly result: { readonly samples: number };
  };
  /** Gives nothing after the last one. */
  readonly nextRun: { readonly given: { readonly file: number }; readonly result: readonly Answer[] | undefined };
}

export type CallName = keyof Calls;

export type Call = {
  readonly [Name in CallName]: { readonly id: number; readonly name: Name; readonly given: Calls[Name]['given'] };
}[CallName];

/** By the name of a question of the worker: what it says, and what the owner answers. */
export interface Questions {
  readonly samples: {
    readonly said: { readonly first: number; readonly end: number };
    readonly answer: readonly GivenSample[];
  };
  readonly bytes: { readonly said: { readonly offset: number; readonly length: number }; readonly answer: Uint8Array };
  readonly append: { readonly said: Uint8Array; readonly answer: undefined };
  /** Whether the call is still wanted: what the owner has been told of before, it has heard by then. */
  readonly wanted: { readonly said: undefined; readonly answer: undefined };
}

export type QuestionName = keyof Questions;

/** A call has one question at a time. */
export type Question = {
  readonly [Name in QuestionName]: { readonly question: Name; readonly said: Questions[Name]['said'] };
}[QuestionName];

export interface ClientProtocol {
  readonly request:
    | Call
    | { readonly abort: number }
    | { readonly answerTo: number; readonly answer: Questions[QuestionName]['answer'] }
    /** A file of `decryptFrom`. */
    | { readonly leave: number };
  readonly reply:
    | { readonly id: number; readonly result: Calls[CallName]['result'] }
    | { readonly id: number; readonly progress: number }
    | { readonly id: number; readonly warning: Diagnostic }
    | ({ readonly id: number } & Question)
    | { readonly id: number; readonly failure: Failure };
}
