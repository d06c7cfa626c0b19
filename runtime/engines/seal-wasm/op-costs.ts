/** Modelled costs of SEAL's operations, relative to one another: for sharing work and showing progress only. */
import type { HeOpName } from '../../../ir/he/ops.ts';
import { heOpNames } from '../../../ir/he/ops.ts';
import type { HeColumns } from '../../../ir/he/module.ts';

/** Cost of one prime's worth of residues, in milliseconds at N = 8192. */
const costPerPrime: { readonly [K in HeOpName]: number } = {
  input: 0.18,
  weight: 0.02,
  add: 0.01,
  'add-plain': 0.01,
  multiply: 0.2,
  'multiply-plain': 0.11,
  relinearize: 0.69,
  rescale: 0.27,
  'mod-switch': 0.002,
  rotate: 0.69,
  output: 0.02,
};

/** A key switch transforms every prime for every digit: this for each pair of primes on top. */
const keySwitchPerPair = 0.15;

/** Saving a ciphertext in one worker and loading it in another. */
const transferPerPrime = 0.05;

export function rowCost({ op, level }: HeColumns, row: number): number {
  const name = heOpNames[op[row] ?? -1];
  if (name === undefined) return 0;
  const primes = (level[row] ?? 0) + 1;
  const pairs = name === 'rotate' || name === 'relinearize' ? keySwitchPerPair * primes ** 2 : 0;
  return costPerPrime[name] * primes + pairs;
}

export function transferCost({ level }: HeColumns, row: number): number {
  return transferPerPrime * ((level[row] ?? 0) + 1);
}
