/** What a run of a plan has taken: written by `hepc run --trace`, shown beside the modelled times by `hepc inspect`. */
import { sha256Hex } from '../digest.ts';
import type { HeModule } from '../he/module.ts';

/** Milliseconds. A run takes up to as many samples as the plan's batch. */
export interface RunTimings {
  readonly keygenMs: number;
  /** Contexts, loading of plan and keys, encoding of weights: once. */
  readonly prepareMs: number;
  /** Of each run. */
  readonly encryptMs: readonly number[];
  /** Of each run, from input ciphertexts to output ciphertexts. */
  readonly evaluateMs: readonly number[];
  readonly decryptMs: readonly number[];
  /**
   * Of the last evaluation: what part of the modelled cost was done after how many milliseconds, both ascending. Empty where
   * the engine does not say.
   */
  readonly marks: readonly (readonly [fraction: number, milliseconds: number])[];
}

export interface RunTrace extends RunTimings {
  readonly format: 'hepc-trace';
  readonly version: 1;
  /** Name and version of the program that measured. */
  readonly madeBy: string;
  /** `programDigest` of the plan that was run. */
  readonly program: string;
  /** That has run, which may be another than the plan was made for. */
  readonly engine: string;
  readonly threads: number;
}

/** Names a program: its operations and their operands, whatever its weights. */
export function programDigest({ columns, slots }: Pick<HeModule, 'columns' | 'slots'>): string {
  const { op, a, b, imm, level } = columns;
  const parts = [Int32Array.of(slots), op, a, b, imm, level];
  const bytes = new Uint8Array(parts.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let from = 0;
  for (const { buffer, byteOffset, byteLength } of parts) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), from);
    from += byteLength;
  }
  return sha256Hex(bytes);
}
