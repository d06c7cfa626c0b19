/**
 * The evaluation keys that a program needs. A Galois key is named by a step, as SEAL names it: a rotation by the step,
 * and 0 stands for the conjugation, the automorphism X → X^(2N − 1).
 */
import type { HeColumns } from './module.ts';
import { entersSparse, hasStep, isAutomorphism, relinearizes } from './traits.ts';

/** The step whose Galois key a row needs, of an op that needs one. */
export function galoisStep(op: number, imm: number): number {
  return hasStep(op) ? imm : 0;
}

export interface KeyNeeds {
  readonly relinearization: boolean;
  /** Of the Galois keys, ascending. */
  readonly galoisSteps: readonly number[];
  /** The two keys to a sparse secret and back. */
  readonly encapsulation: boolean;
}

export function keyNeeds({ op, imm }: Pick<HeColumns, 'op' | 'imm'>): KeyNeeds {
  const steps = new Set<number>();
  let relinearization = false;
  let encapsulation = false;
  for (let id = 0; id < op.length; id++) {
    const code = op[id] ?? 0;
    if (isAutomorphism(code)) steps.add(galoisStep(code, imm[id] ?? 0));
    else if (relinearizes(code)) relinearization = true;
    else if (entersSparse(code)) encapsulation = true;
  }
  return { relinearization, galoisSteps: [...steps].sort((x, y) => x - y), encapsulation };
}
