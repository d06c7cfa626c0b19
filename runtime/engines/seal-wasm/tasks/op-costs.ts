/**
 * Modelled costs of SEAL's operations, relative to one another: for sharing work and showing progress only. Those of
 * degree 8192, since between degrees their ratios hardly differ.
 */
import type { HeColumns } from '../../../../ir/he/module.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { opCost, sealCostTable } from '../../../../costs/op-costs.ts';
import { rowCost as costOfRow } from '../../../../costs/program-cost.ts';

/** Costs of SEAL depend on nothing else. */
const degree: Parameters = { polyModulusDegree: 8192, primes: [], specialPrimes: [0] };

export function rowCost(columns: HeColumns, row: number): number {
  return costOfRow(columns, row, degree, sealCostTable);
}

/** Saving a ciphertext in one worker and loading it in another. */
export function transferCost({ level }: HeColumns, row: number): number {
  const own = level[row] ?? 0;
  const cost = (op: 'output' | 'weight'): number => opCost(op, own, degree.polyModulusDegree, sealCostTable);
  return cost('output') + cost('weight');
}
