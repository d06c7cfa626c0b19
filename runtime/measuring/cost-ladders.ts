/** Chains that costs are measured on, by polynomial modulus degree. */
import type { PolyModulusDegree } from '../../ir/parameters.ts';
import type { ProbeChain } from '../engines/seal-wasm/probe/cost-probe.ts';

/** What is measured at one polynomial modulus degree. */
export interface CostLadder extends Omit<ProbeChain, 'degree'> {
  /** Numbers of primes, up to that of the chain. */
  readonly rungs: readonly number[];
  readonly repetitions: number;
}

export type CostLadders = { readonly [D in PolyModulusDegree]: CostLadder };

/**
 * The longest chains of large primes that are secure, and of the two largest degrees a third and a fifth of that: their keys
 * would take gigabytes, and costs of longer chains follow from the fit.
 */
export const costLadders: CostLadders = {
  4096: { primes: 3, bits: 27, rungs: [1, 2, 3], repetitions: 40 },
  8192: { primes: 6, bits: 31, rungs: [1, 2, 3, 4, 5, 6], repetitions: 25 },
  16384: { primes: 8, bits: 47, rungs: [1, 2, 3, 5, 8], repetitions: 15 },
  32768: { primes: 8, bits: 47, rungs: [1, 2, 4, 8], repetitions: 7 },
  65536: { primes: 8, bits: 47, rungs: [1, 2, 4, 8], repetitions: 5 },
};

/** A rough look in a few seconds. */
export const quickCostLadders: CostLadders = {
  4096: { primes: 3, bits: 27, rungs: [1, 2, 3], repetitions: 8 },
  8192: { primes: 4, bits: 43, rungs: [1, 2, 4], repetitions: 8 },
  16384: { primes: 4, bits: 47, rungs: [1, 2, 4], repetitions: 5 },
  32768: { primes: 3, bits: 47, rungs: [1, 2, 3], repetitions: 4 },
  65536: { primes: 3, bits: 47, rungs: [1, 2, 3], repetitions: 3 },
};
