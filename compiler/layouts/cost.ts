/**
 * What operations cost, relative to one another: the seam at which a measured cost model enters. Milliseconds of
 * node-seal at N = 8192 with 5 data primes, scaled with the limbs at hand (a key switch transforms every limb for
 * every digit, everything else touches each limb once).
 */
import type { KernelCounts } from '../kernels/candidate.ts';

/** Costs at a level, of which level + 1 primes are left. */
export interface OperationCosts {
  readonly rotate: number;
  readonly relinearize: number;
  readonly multiplyPlain: number;
  readonly multiply: number;
  readonly rescale: number;
}

export type CostModel = (level: number) => OperationCosts;

export const defaultCosts: CostModel = (level) => {
  const limbs = level + 1;
  const keySwitch = (12 * limbs * (limbs + 1)) / 30;
  const linear = limbs / 5;
  return {
    rotate: keySwitch,
    relinearize: keySwitch,
    multiplyPlain: 1.1 * linear,
    multiply: 3 * linear,
    rescale: 2.5 * linear,
  };
};

/** To prefer fewer input ciphertexts where evaluation costs the same. */
const perInput = 0.5;

/** A linear kernel whose operand is at `level`. */
export function kernelCost(counts: KernelCounts, level: number, model: CostModel): number {
  const here = model(level);
  const later = model(Math.max(0, level - 1));
  return (
    counts.babyRotations * here.rotate +
    counts.lateRotations * later.rotate +
    counts.products * here.multiplyPlain +
    counts.rescales * here.rescale
  );
}

export function packingCost(ciphertexts: number): number {
  return perInput * ciphertexts;
}

/** `products` ciphertext products of `ciphertexts` ciphertexts each. */
export function productCost(products: number, ciphertexts: number, level: number, model: CostModel): number {
  const { multiply, relinearize, rescale } = model(level);
  return products * ciphertexts * (multiply + relinearize + rescale);
}
