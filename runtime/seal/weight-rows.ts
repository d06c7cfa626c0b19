/** Encrypted weights of a plan: the rows of the `weight` ops, in the order in which bound ciphertexts stand. */
import type { HeColumns } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';

export function weightRows({ op }: HeColumns): number[] {
  return Array.from(op.keys()).filter((row) => op[row] === HE.weight);
}
