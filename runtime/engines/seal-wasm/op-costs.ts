/** Modelled costs of SEAL's operations, relative to one another: for sharing work and showing progress only. */
import type { HeOpName } from '../../../ir/he/ops.ts';
import { heOpNames } from '../../../ir/he/ops.ts';
import type { HeColumns } from '../../../ir/he/module.ts';

/** Cost of one prime's worth of residues. */
const costPerPrime: { readonly [K in HeOpName]: number } = {
  input: 0.7,
  weight: 0.7,
  add: 1.1,
  'add-plain': 1.1,
  multiply: 3,
  'multiply-plain': 1.1,
  relinearize: 12,
  rescale: 2,
  'mod-switch': 0.3,
  rotate: 12,
  output: 0.3,
};

/** Saving a ciphertext in one worker and loading it in another. */
const transferPerPrime = 0.7;

export function rowCost({ op, level }: HeColumns, row: number): number {
  const name = heOpNames[op[row] ?? -1];
  return name === undefined ? 0 : costPerPrime[name] * ((level[row] ?? 0) + 1);
}

export function transferCost({ level }: HeColumns, row: number): number {
  return transferPerPrime * ((level[row] ?? 0) + 1);
}
