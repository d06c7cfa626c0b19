/**
 * What ciphertext operations cost on an engine: the compiler weighs plans by it, an engine shares out its work and shows
 * its progress by it. With L primes left an operation takes perPrime · L + perPair · L² milliseconds: a key switch
 * transforms every prime for every digit, everything else touches each prime once.
 */
import type { PolyModulusDegree } from '../parameters.ts';
import type { HeOpName } from './ops.ts';

/** Operations with a cost: those of the `he` level, and the encoding of a plaintext. */
export type CostedOp = HeOpName | 'encode';

export interface OpCost {
  /** Milliseconds for each prime that is left. */
  readonly perPrime: number;
  /** Milliseconds for each pair of primes. */
  readonly perPair: number;
}

/** By polynomial modulus degree. */
export type CostTable = { readonly [D in PolyModulusDegree]: { readonly [K in CostedOp]: OpCost } };

/** Medians of 12 with 1 to 6 primes at N = 8192. */
const at8192: CostTable[8192] = {
  input: { perPrime: 0.18, perPair: 0 },
  weight: { perPrime: 0.02, perPair: 0 },
  add: { perPrime: 0.01, perPair: 0 },
  'add-plain': { perPrime: 0.01, perPair: 0 },
  multiply: { perPrime: 0.2, perPair: 0 },
  'multiply-plain': { perPrime: 0.11, perPair: 0 },
  relinearize: { perPrime: 0.69, perPair: 0.15 },
  rescale: { perPrime: 0.27, perPair: 0 },
  'mod-switch': { perPrime: 0.002, perPair: 0 },
  rotate: { perPrime: 0.69, perPair: 0.15 },
  output: { perPrime: 0.02, perPair: 0 },
  encode: { perPrime: 0.2, perPair: 0 },
};

/** Every operation is a few transforms: in proportion to N log N. */
function scaledTo(degree: PolyModulusDegree): CostTable[8192] {
  const ratio = (degree * Math.log2(degree)) / (8192 * Math.log2(8192));
  const entries = Object.entries(at8192).map(([op, { perPrime, perPair }]) => [
    op,
    { perPrime: perPrime * ratio, perPair: perPair * ratio },
  ]);
  return Object.fromEntries(entries) as CostTable[8192];
}

/** node-seal 7.0.0 on one core of an EPYC server. */
export const defaultCostTable: CostTable = {
  4096: scaledTo(4096),
  8192: at8192,
  16384: scaledTo(16384),
  32768: scaledTo(32768),
};

/** Milliseconds of `op` on operands at `level`, of which level + 1 primes are left. */
export function opCost(op: CostedOp, level: number, degree: PolyModulusDegree = 8192, table = defaultCostTable): number {
  const primes = level + 1;
  const { perPrime, perPair } = table[degree][op];
  return perPrime * primes + perPair * primes ** 2;
}
