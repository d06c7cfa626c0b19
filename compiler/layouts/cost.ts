/**
 * What operations cost, relative to one another: the seam at which a measured cost model enters. The defaults are
 * milliseconds of node-seal 7.0.0 at N = 8192 on one core of an EPYC server, medians of 12 with 1 to 6 primes left. A key
 * switch transforms every limb for every digit, everything else touches each limb once.
 */
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

export const defaultCosts: CostModel = (level) => {
  const limbs = level + 1;
  const keySwitch = 0.15 * limbs ** 2 + 0.69 * limbs;
  return {
    rotate: keySwitch,
    relinearize: keySwitch,
    multiplyPlain: 0.11 * limbs,
    add: 0.01 * limbs,
    multiply: 0.2 * limbs,
    rescale: 0.27 * limbs,
    load: 0.18 * limbs,
  };
};

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
