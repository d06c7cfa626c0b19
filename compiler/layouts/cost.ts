/**
 * What layouts and kernels are estimated to cost, before anything is lowered: the seam at which an objective enters. An
 * objective is a price for each resource, so that every estimate is a sum over nodes, and a shortest path minimises it.
 */
import { type CostedOp, opCost } from '../../costs/op-costs.ts';
import { likelyChain } from '../../costs/likely-chain.ts';
import { defaultProfile, type EngineProfile } from '../../costs/profiles.ts';
import { refreshedLevel } from '../../ir/he/ops.ts';
import { type Parameters, plaintextBytes, type PolyModulusDegree } from '../../ir/parameters.ts';
import type { KernelOption, KernelCounts } from '../kernels/parts/kernel-option.ts';

/** What one unit of each resource costs. */
export interface Prices {
  /** Of evaluation on one thread. */
  readonly millisecond: number;
  readonly uploadByte: number;
  readonly downloadByte: number;
  /** In the memory of the engine: Galois keys, plaintexts and results. */
  readonly memoryByte: number;
}

/** Work whose operands are at a level, of which level + 1 primes are left. */
export interface CostModel {
  linear(work: LinearWork, level: number): number;
  /** `products` products of ciphertexts on each of `ciphertexts`. */
  products(products: number, ciphertexts: number, level: number): number;
  /** Ciphertexts that the client encrypts and sends. */
  pack(ciphertexts: number, level: number): number;
  /** Ciphertexts that the server answers with. */
  unpack(ciphertexts: number): number;
  /** Ciphertexts that are bootstrapped; or, where there are none, that the client encrypts anew at a level: both ways. */
  refresh(ciphertexts: number, level: number): number;
}

/** What a linear kernel does. */
export interface LinearWork {
  readonly counts: KernelCounts;
  /** Distinct rotation steps. */
  readonly steps: number;
  /** Ciphertexts of the operand and of the result. */
  readonly inputs: number;
  readonly results: number;
}

export interface CostContext {
  readonly degree: PolyModulusDegree;
  readonly profile: EngineProfile;
  /** Data primes of the chain, on which the size of a key depends. */
  readonly primes: number;
  readonly prices: Prices;
  /** Where refreshes are bootstraps. */
  readonly bootstraps?: BootstrapPrices | undefined;
}

/** The chain that a network shares with its bootstraps. */
export interface BootstrapPrices {
  readonly parameters: Parameters;
  /** The level of the chain at which a bootstrap begins, which is level 0 to the network. */
  readonly base: number;
  /** Of the bootstrap of a ciphertext, on one thread. */
  readonly milliseconds: number;
}

export function costModel({ degree, profile, primes, prices, bootstraps }: CostContext): CostModel {
  const { costs, memory } = profile;
  const parameters = bootstraps?.parameters ?? likelyChain(degree, primes, profile.capabilities);
  const inChain = (level: number): number => level + (bootstraps?.base ?? 0);
  const time = (op: CostedOp, level: number): number =>
    prices.millisecond * opCost(op, inChain(level), degree, costs, parameters);
  /** On the line: one polynomial, half a ciphertext. */
  const bytes = (level: number): number => plaintextBytes(parameters, inChain(level));
  const keep = (ciphertexts: number, level: number): number =>
    prices.memoryByte * ciphertexts * memory.ciphertextBytes(degree, inChain(level), 2);
  return {
    linear: ({ counts, steps, inputs, results }, level) => {
      const { products, rescales } = counts;
      const later = Math.max(0, level - 1);
      return (
        rotations({ counts, inputs, results }, level, later, time) +
        products * (time('multiply-plain', level) + time('add', level)) +
        rescales * time('rescale', level) +
        prices.memoryByte * steps * memory.keyBytes(parameters, inChain(level)) +
        prices.memoryByte * products * memory.plaintextBytes(degree, inChain(level)) +
        keep(results, later)
      );
    },
    products: (products, ciphertexts, level) =>
      products * ciphertexts * (time('multiply', level) + time('relinearize', level) + time('rescale', level)) +
      keep(ciphertexts, level),
    pack: (ciphertexts, level) =>
      ciphertexts * (time('input', level) + prices.uploadByte * bytes(level)) + keep(ciphertexts, level),
    unpack: (ciphertexts) => ciphertexts * (time('output', 0) + 2 * prices.downloadByte * bytes(0)),
    refresh: (ciphertexts, level) => {
      if (bootstraps !== undefined) return ciphertexts * prices.millisecond * bootstraps.milliseconds;
      const both =
        time('output', refreshedLevel) +
        2 * prices.downloadByte * bytes(refreshedLevel) +
        time('input', level) +
        prices.uploadByte * bytes(level);
      return ciphertexts * both;
    },
  };
}

/**
 * The rotations of a kernel, by what an engine that hoists shares (`costs/program-cost.ts`): babies the decomposition of
 * their input; babies and giants the division, for each sum that they end in; and two folds in a row both. For an engine
 * that does not hoist each rotation is one.
 */
function rotations(
  { counts, inputs, results }: Omit<LinearWork, 'steps'>,
  level: number,
  later: number,
  time: (op: CostedOp, level: number) => number,
): number {
  const { babyRotations, lateRotations, foldRotations, rescales } = counts;
  const giants = lateRotations - foldRotations;
  const decomposed = Math.min(babyRotations, inputs);
  const together = decomposed * time('decompose', level) + babyRotations * time('rotate-hoisted', level);
  const divided = (saved: number, sums: number, at: number): number =>
    Math.max(0, saved - Math.min(saved, sums)) * time('mod-down', at);
  const babies = Math.min(babyRotations * time('rotate', level), together) - divided(babyRotations, rescales, level);
  const sums = giants * time('rotate', later) - divided(giants, Math.min(giants, results), later);
  // Of the folds of a result every two are one sum of three rotations.
  const foldsOfResult = results === 0 ? 0 : foldRotations / results;
  const pairs = results * Math.floor(foldsOfResult / 2);
  const pair = time('decompose', later) + 3 * time('rotate-hoisted', later) - 2 * time('mod-down', later);
  const single = time('rotate', later);
  const folds = foldRotations * single - pairs * Math.max(0, 2 * single - pair);
  return Math.max(0, babies) + Math.max(0, sums) + folds;
}

export const latencyPrices: Prices = { millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 };

/** Time on one thread at N = 8192. */
export const defaultCosts: CostModel = costModel({
  degree: 8192,
  profile: defaultProfile,
  primes: 6,
  prices: latencyPrices,
});

/** A kernel whose operand is at `level`. */
export function kernelCost({ counts, kernel, input, output }: KernelOption, level: number, model: CostModel): number {
  const steps = new Set([...kernel.babies, ...kernel.giants, ...kernel.folds]);
  steps.delete(0);
  const [inputs, results] = [input.ciphertexts, output.ciphertexts];
  return model.linear({ counts, steps: steps.size, inputs, results }, level);
}
