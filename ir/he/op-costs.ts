/**
 * What ciphertext operations cost on an engine: the compiler weighs plans by it, an engine shares out its work and shows
 * its progress by it. With L primes left an operation takes base + perPrime · L + perPair · L² milliseconds: a key
 * switch transforms every prime for every digit, and the special prime once; everything else touches each prime once.
 */
import type { PolyModulusDegree } from '../parameters.ts';
import { type HeOpName, heOpNames } from './ops.ts';

/** Operations with a cost: those of the `he` level, and the encoding of a plaintext. */
export type CostedOp = HeOpName | 'encode';

export const costedOps: readonly CostedOp[] = [...heOpNames, 'encode'];

export interface OpCost {
  /** Milliseconds whatever the level. */
  readonly base: number;
  /** Milliseconds for each prime that is left. */
  readonly perPrime: number;
  /** Milliseconds for each pair of primes. */
  readonly perPair: number;
}

/** By polynomial modulus degree. */
export type CostTable = { readonly [D in PolyModulusDegree]: { readonly [K in CostedOp]: OpCost } };

/** Medians of 12 with 1 to 6 primes at N = 8192. */
const at8192: CostTable[8192] = {
  input: { base: 0, perPrime: 0.18, perPair: 0 },
  weight: { base: 0, perPrime: 0.02, perPair: 0 },
  add: { base: 0, perPrime: 0.01, perPair: 0 },
  'add-plain': { base: 0, perPrime: 0.01, perPair: 0 },
  multiply: { base: 0, perPrime: 0.2, perPair: 0 },
  'multiply-plain': { base: 0, perPrime: 0.11, perPair: 0 },
  relinearize: { base: 0, perPrime: 0.69, perPair: 0.15 },
  rescale: { base: 0, perPrime: 0.27, perPair: 0 },
  'mod-switch': { base: 0, perPrime: 0.002, perPair: 0 },
  rotate: { base: 0, perPrime: 0.69, perPair: 0.15 },
  output: { base: 0, perPrime: 0.02, perPair: 0 },
  // SEAL decomposes anew for every rotation.
  'rotate-many': { base: 0, perPrime: 0, perPair: 0 },
  encode: { base: 0, perPrime: 0.2, perPair: 0 },
};

/** Every operation is a few transforms: in proportion to N log N. */
function scaledTo(degree: PolyModulusDegree): CostTable[8192] {
  const ratio = (degree * Math.log2(degree)) / (8192 * Math.log2(8192));
  const entries = Object.entries(at8192).map(([op, { perPrime, perPair }]) => [
    op,
    { base: 0, perPrime: perPrime * ratio, perPair: perPair * ratio },
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
export function opCost(
  op: CostedOp,
  level: number,
  degree: PolyModulusDegree = 8192,
  table = defaultCostTable,
): number {
  const primes = level + 1;
  const { base, perPrime, perPair } = table[degree][op];
  return base + perPrime * primes + perPair * primes ** 2;
}
