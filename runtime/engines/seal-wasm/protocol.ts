/** Messages between a session and its workers. Each request but `close` has exactly one answer, besides progress. */
import type { HeColumns } from '../../../ir/he/module.ts';
import type { PlaintextPool } from '../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../ir/parameters.ts';
import type { Output } from './executor.ts';
import type { SharedState } from '../exchange/exchange.ts';
import type { PlaintextRoom } from './plaintext-store.ts';

export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly worker: number;
  /** SEAL's code; undefined where the worker fetches it. */
  readonly compiled: WebAssembly.Module | undefined;
  readonly parameters: Parameters;
  readonly slots: number;
  /** The divided program. */
  readonly columns: HeColumns;
  readonly plaintexts: PlaintextPool;
  readonly packed: readonly { readonly shape: readonly number[]; readonly data: Float64Array }[];
  readonly workerOf: Uint8Array;
  readonly shared: SharedState;
  readonly relinKeys: Uint8Array | undefined;
  readonly galoisKeys: Uint8Array | undefined;
  /** Saved ciphertexts by row of the `weight` op, and how the others come. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: SharedState;
  readonly plaintextRoom: PlaintextRoom;
}

export interface EvaluateRequest {
  readonly kind: 'evaluate';
  readonly inputs: readonly Uint8Array[];
}

export type Request = PrepareRequest | EvaluateRequest | { readonly kind: 'close' };

export type Failure =
  | { readonly reason: 'stopped' }
  | { readonly reason: 'refused'; readonly what: string; readonly text: string }
  | { readonly reason: 'out-of-memory' }
  | { readonly reason: 'internal'; readonly text: string };

export type Answer =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'done';
      readonly outputs: readonly Output[];
      /** Milliseconds since the epoch, comparable between workers. */
      readonly start: number;
      readonly end: number;
    }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'closed' };

/** Both directions. */
export interface SessionProtocol {
  readonly request: Request;
  readonly reply: Reply;
}

export type Reply =
  | { readonly kind: 'progress'; readonly cost: number }
  /** `liveHandles`: SEAL objects that exist in the worker after the request. */
  | { readonly kind: 'answer'; readonly answer: Answer; readonly liveHandles: number };
