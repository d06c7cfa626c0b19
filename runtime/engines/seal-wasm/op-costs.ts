/** Modelled costs of SEAL's operations, relative to one another: for sharing work and showing progress only. */
import { opCost } from '../../../ir/he/op-costs.ts';
import { heOpNames } from '../../../ir/he/ops.ts';
import type { HeColumns } from '../../../ir/he/module.ts';

/** Saving a ciphertext in one worker and loading it in another. */
const transferPerPrime = 0.05;

export function rowCost({ op, level }: HeColumns, row: number): number {
  const name = heOpNames[op[row] ?? -1];
  return name === undefined ? 0 : opCost(name, level[row] ?? 0);
}

export function transferCost({ level }: HeColumns, row: number): number {
  return transferPerPrime * ((level[row] ?? 0) + 1);
}
