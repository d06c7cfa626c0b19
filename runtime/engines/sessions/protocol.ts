/**
 * What workers of all engines answer. Each request has exactly one answer, besides progress; what requests are is the
 * engine's.
 */
import { type Diagnostic, HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { outOfMemory } from '../../../ir/diagnostics/runtime.ts';
import { UnfitError } from '../../base/fallback.ts';
import { describeError, isOutOfMemory } from '../../seal/library/exceptions.ts';
import { Stopped } from '../exchange/exchange.ts';

export type Failure =
  /** Told to, by the owner or because of another worker. */
  | { readonly reason: 'stopped' }
  /** Something from outside is not what it should be. */
  | { readonly reason: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** The engine does not compute here what it should. */
  | { readonly reason: 'unfit'; readonly text: string }
  | { readonly reason: 'out-of-memory' }
  | { readonly reason: 'internal'; readonly text: string };

export interface Ready {
  readonly kind: 'ready';
  /** Of an answer to the preparation, where the worker makes the memory itself: keys that have a place at once. */
  readonly places?: number;
}

export interface Done {
  readonly kind: 'done';
  /** Those that this worker has saved, by the index of the `output` op. */
  readonly outputs: readonly { readonly index: number; readonly bytes: Uint8Array }[];
  /** Milliseconds since the epoch, comparable between workers. */
  readonly start: number;
  readonly end: number;
}

export interface Failed {
  readonly kind: 'failed';
  readonly failure: Failure;
}

/** Requests may change `liveHandles`, the number of SEAL objects in the worker, but for a run; absent where there are none. */
export type Answer = (Ready | Done | Failed) & { readonly liveHandles?: number };

/** `part`: how much of the whole run this worker has done since it said so last, 0 to 1. */
export type Reply = Answer | { readonly kind: 'progress'; readonly part: number };

/** Both directions. */
export interface SessionProtocol<Request extends object> {
  readonly request: Request;
  readonly reply: Reply;
}

/** In a worker: what an exception comes to. */
export function failureOf(error: unknown): Failure {
  if (error instanceof Stopped) return { reason: 'stopped' };
  if (error instanceof UnfitError) return { reason: 'unfit', text: error.reason };
  if (error instanceof HepcError) return { reason: 'refused', diagnostics: error.diagnostics };
  if (isOutOfMemory(error)) return { reason: 'out-of-memory' };
  const stack = error instanceof Error && typeof error.stack === 'string' ? `\n${error.stack}` : '';
  return { reason: 'internal', text: `${describeError(error)}${stack}` };
}

/** The failure that the others follow from, if there is any, and whose it is. */
export function causeOf(answers: readonly Answer[]): { failure: Failure; worker: number } | undefined {
  const failures = answers.flatMap((answer, worker) =>
    answer.kind === 'failed' ? [{ failure: answer.failure, worker }] : [],
  );
  return failures.find(({ failure }) => failure.reason !== 'stopped') ?? failures[0];
}

/** In the owner: what a failure is to the caller. */
export function errorOf(failure: Failure, worker: number): Error {
  switch (failure.reason) {
    case 'refused':
      return new HepcError(failure.diagnostics);
    case 'unfit':
      return new UnfitError(failure.text);
    case 'out-of-memory':
      return new HepcError([outOfMemory({ worker })]);
    case 'internal':
      return new InternalError(failure.text);
    case 'stopped':
      return new InternalError('the workers stopped without a reason');
  }
}
