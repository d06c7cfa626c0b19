/** What the workers of a plan are asked. Each request but `stop` has exactly one answer, besides progress. */
import type { PlaintextPool } from '../../../../ir/he/plaintexts.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../../../../ir/ckks/switching-keys.ts';
import type { SharedState } from '../../exchange/exchange.ts';
import type { ProgramPlan } from './memory-plan.ts';
import type { TeamMemory } from './team-memory.ts';

/** The same for all members but for its number. */
export interface PrepareRequest {
  readonly kind: 'prepare';
  readonly member: number;
  readonly members: number;
  readonly kernels: WebAssembly.Module;
  /** What the kernels of all members work on; undefined where memory cannot be shared, and there is one member. */
  readonly shared: TeamMemory | undefined;
  readonly plan: ProgramPlan;
  /** Sets of keys to have room for, where the member makes the memory; it may find room for fewer. */
  readonly places: number;
  readonly parameters: Parameters;
  readonly slots: number;
  readonly plaintexts: PlaintextPool;
  readonly packed: readonly { readonly shape: readonly number[]; readonly data: Float64Array }[];
  /** By the index of an output. */
  readonly outputScales: readonly number[];
  /** Indices of inputs that are saved with all polynomials. */
  readonly wholeInputs: readonly number[];
  readonly keyNeeds: EvaluationKeyNeeds;
  /** Saved ciphertexts by row of the `weight` op, and how the others come. */
  readonly weights: ReadonlyMap<number, Uint8Array>;
  readonly weightStream: SharedState;
}

/**
 * Bytes of the shared memory. A view would not do: V8 passes the lower 32 bits of its offset in a message (Node 24.21, where
 * one across 4 GiB cannot be read at all).
 */
export interface SharedBytes {
  readonly address: number;
  readonly length: number;
}

/** Some digits of keys, of which the program has a list. */
export interface LoadRequest {
  readonly kind: 'load';
  /** Of the keys, from 0 on. */
  readonly place: number;
  readonly first: number;
  readonly count: number;
  /** Saved, one after another; there only until the request is answered. In shared memory their place. */
  readonly bytes: Uint8Array | SharedBytes;
}

export interface EvaluateRequest {
  readonly kind: 'evaluate';
  /** Whether one member is asked, who does the run in its lane. */
  readonly isAlone: boolean;
  /** Of the keys. */
  readonly place: number;
  readonly stage: number;
  /** Saved ciphertexts by the index of the `input` op. */
  readonly inputs: readonly Uint8Array[];
}

/** Ends an evaluation, if one is under way, of a member that shares no memory; the others see it in the words of the team. */
export interface StopRequest {
  readonly kind: 'stop';
}

export type WorkRequest = PrepareRequest | LoadRequest | EvaluateRequest;
export type Request = WorkRequest | StopRequest;
