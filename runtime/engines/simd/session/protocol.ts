/** Messages between a session and its workers. Each request but `stop` has exactly one answer, besides progress. */
import type { Diagnostic } from '../../../../ir/diagnostics/diagnostic.ts';
import type { HeColumns } from '../../../../ir/he/module.ts';
import type { PlaintextPool } from '../../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import type { SharedState } from '../../exchange/exchange.ts';
import type { Output } from '../bytes/ciphertext-io.ts';
import type { TeamMemory } from './team-memory.ts';

/** The same for all members but for its number. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly member: number;
  readonly members: number;
  readonly kernels: WebAssembly.Module;
  /** What the kernels of all members work on; undefined where memory cannot be shared, and there is one member. */
  readonly shared: TeamMemory | undefined;
  /** Most bytes of plaintexts to keep; with it every member comes to the same plan of the memory. */
  readonly budgetBytes: number;
  readonly parameters: Parameters;
  readonly slots: number;
  readonly columns: HeColumns;
  readonly plaintexts: PlaintextPool;
  readonly packed: readonly { readonly shape: readonly number[]; readonly data: Float64Array }[];
  /** Of the Galois keys, ascending. */
  readonly rotationSteps: readonly number[];
  /** Saved, there only until they are loaded (`lend-memory.ts`). */
  readonly relinKeys: Uint8Array | undefined;
  readonly galoisKeys: Uint8Array | undefined;
  /** Saved ciphertexts by row of the `weight` op, and how the others come. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: SharedState;
}

export interface EvaluateRequest {
  readonly kind: 'evaluate';
  /** Saved ciphertexts by the index of the `input` op. */
  readonly inputs: readonly Uint8Array[];
}

/** Ends an evaluation, if one is under way, of a member that shares no memory; the others see it in the words of the team. */
export interface StopRequest {
  readonly kind: 'stop';
}

export type Request = PrepareRequest | EvaluateRequest | StopRequest;

export type Failure =
  /** Told to, by the owner or because of another member. */
  | { readonly reason: 'stopped' }
  | { readonly reason: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  /** The kernels do not compute here what they should. */
  | { readonly reason: 'unfit'; readonly text: string }
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
  | { readonly kind: 'failed'; readonly failure: Failure };

export type Reply = Answer | { readonly kind: 'progress'; readonly fraction: number };

/** Both directions. */
export interface SimdProtocol {
  readonly request: Request;
  readonly reply: Reply;
}
