/** What layouts cost, relative to one another: the seam at which a measured cost model enters. */
import { opCost } from '../../ir/he/op-costs.ts';
import type { KernelCounts } from '../kernels/candidate.ts';

/** Costs at a level, of which level + 1 primes are left. */
export interface OperationCosts {
  readonly rotate: number;
  readonly relinearize: number;
  readonly multiplyPlain: number;
  readonly add: number;
  readonly multiply: number;
  readonly rescale: number;
  /** An input ciphertext from its bytes: half of it is expanded from a seed. */
  readonly load: number;
}

export type CostModel = (level: number) => OperationCosts;

export const defaultCosts: CostModel = (level) => ({
  rotate: opCost('rotate', level),
  relinearize: opCost('relinearize', level),
  multiplyPlain: opCost('multiply-plain', level),
  add: opCost('add', level),
  multiply: opCost('multiply', level),
  rescale: opCost('rescale', level),
  load: opCost('input', level),
});

/** A linear kernel whose operand is at `level`. */
export function kernelCost(counts: KernelCounts, level: number, model: CostModel): number {
  const here = model(level);
  const later = model(Math.max(0, level - 1));
  return (
    counts.babyRotations * here.rotate +
    counts.lateRotations * later.rotate +
    counts.products * (here.multiplyPlain + here.add) +
    counts.rescales * here.rescale
  );
}

/** Input ciphertexts whose first products are at `level`. */
export function packingCost(ciphertexts: number, level: number, model: CostModel): number {
  return ciphertexts * model(level).load;
}

/** `products` ciphertext products of `ciphertexts` ciphertexts each. */
export function productCost(products: number, ciphertexts: number, level: number, model: CostModel): number {
  const { multiply, relinearize, rescale } = model(level);
  return products * ciphertexts * (multiply + relinearize + rescale);
}
