/** What the workers of a plan are asked. Each request has exactly one answer, besides progress. */
import type { HeColumns } from '../../../ir/he/module.ts';
import type { PlaintextPool } from '../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../ir/parameters.ts';
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
  /** Of all workers together, for progress. */
  readonly totalCost: number;
  readonly shared: SharedState;
  /** Saved ciphertexts by row of the `weight` op, and how the others come. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: SharedState;
  readonly plaintextRoom: PlaintextRoom;
}

export interface LoadRequest {
  readonly kind: 'load';
  /** An empty one. */
  readonly place: number;
  /** Saved; there only until the request is answered. */
  readonly relinKeys: Uint8Array | undefined;
  readonly galoisKeys: Uint8Array | undefined;
}

/** Frees the keys of a place, if there are any. */
export interface DropRequest {
  readonly kind: 'drop';
  readonly place: number;
}

export interface EvaluateRequest {
  readonly kind: 'evaluate';
  /** Of the keys. */
  readonly place: number;
  readonly inputs: readonly Uint8Array[];
}

/** Frees everything. */
export interface ClearRequest {
  readonly kind: 'clear';
}

export type Request = PrepareRequest | LoadRequest | DropRequest | EvaluateRequest | ClearRequest;
