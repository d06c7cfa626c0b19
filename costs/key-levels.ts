/** Which key switching keys a managed program uses, each with the highest level of what it switches. */
import type { HeColumns } from '../ir/he/module.ts';
import { galoisStep, keyNeeds } from '../ir/he/keys.ts';
import { isAutomorphism, relinearizes } from '../ir/he/traits.ts';
import type { Parameters } from '../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../ir/ckks/switching-keys.ts';

export interface KeyLevels {
  /** Undefined where nothing is relinearised. */
  readonly relinearization: number | undefined;
  /** By Galois step (`ir/he/keys.ts`). */
  readonly rotations: ReadonlyMap<number, number>;
}

/** @param needed 1 for the rows that count; default all */
export function keyLevels({ op, a, imm, level }: HeColumns, needed?: Uint8Array): KeyLevels {
  const rotations = new Map<number, number>();
  let relinearization: number | undefined;
  for (let row = 0; row < op.length; row++) {
    if (needed !== undefined && needed[row] !== 1) continue;
    const own = level[a[row] ?? 0] ?? 0;
    const code = op[row] ?? -1;
    if (relinearizes(code)) relinearization = Math.max(relinearization ?? 0, own);
    if (!isAutomorphism(code)) continue;
    const step = galoisStep(code, imm[row] ?? 0);
    rotations.set(step, Math.max(rotations.get(step) ?? 0, own));
  }
  return { relinearization, rotations };
}

/** The keys that a client makes for a managed program. */
export function evaluationKeyNeeds(columns: HeColumns, parameters: Parameters): EvaluationKeyNeeds {
  const { galoisSteps: rotationSteps, relinearization: needsRelinKeys, encapsulation } = keyNeeds(columns);
  const needs = { parameters, rotationSteps, needsRelinKeys, ...(encapsulation && { needsEncapsulation: true }) };
  if (parameters.specialPrimes.length === 1) return needs;
  const { rotations, relinearization } = keyLevels(columns);
  const keysOfSteps = rotationSteps.map((step) => rotations.get(step) ?? 0);
  return { ...needs, keyLevels: { rotations: keysOfSteps, ...(needsRelinKeys && { relinearization }) } };
}

/** The level of each key. */
export function levelsOfKeys({ relinearization, rotations }: KeyLevels): number[] {
  return [...(relinearization === undefined ? [] : [relinearization]), ...rotations.values()];
}
