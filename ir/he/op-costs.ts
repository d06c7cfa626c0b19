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

function cost(base: number, perPrime: number, perPair: number): OpCost {
  return { base, perPrime, perPair };
}

/**
 * node-seal 7.0.0 on one core of an AMD EPYC server (family 26, 2.6 GHz), as `hepc measure-costs` measures it; at degree
 * 32768 with up to 8 primes. For what plans spend their time in (rotations, relinearisations, products, rescales, inputs,
 * encodings) measurements on a quiet machine agree to 3 %, and a single level is missed by 5 % at most; for the others,
 * which take a hundredth of that, by up to half. Constants, so that compilation is deterministic.
 */
export const defaultCostTable: CostTable = {
  4096: {
    input: cost(0.0331, 0.0879, 0),
    weight: cost(0.0103, 0.0061, 0),
    add: cost(0.0035, 0.00367, 0),
    'add-plain': cost(0.00639, 0.00248, 0),
    multiply: cost(0.00998, 0.115, 0),
    'multiply-plain': cost(0.00246, 0.0568, 0),
    relinearize: cost(0.251, 0.184, 0.0996),
    rescale: cost(0, 0.142, 0),
    'mod-switch': cost(0.00155, 0.0034, 0),
    rotate: cost(0.235, 0.203, 0.098),
    output: cost(0, 0.0424, 0),
    'rotate-many': cost(0.00355, 0.00236, 0),
    encode: cost(0.0625, 0.0823, 0),
  },
  8192: {
    input: cost(0.0125, 0.187, 0),
    weight: cost(0, 0.0216, 0),
    add: cost(0.00109, 0.00924, 0),
    'add-plain': cost(0.00478, 0.00551, 0),
    multiply: cost(0, 0.239, 0),
    'multiply-plain': cost(0, 0.114, 0),
    relinearize: cost(0.353, 0.57, 0.171),
    rescale: cost(0, 0.305, 0),
    'mod-switch': cost(0, 0.00757, 0),
    rotate: cost(0.395, 0.534, 0.181),
    output: cost(0.00294, 0.023, 0),
    'rotate-many': cost(0, 0.00766, 0),
    encode: cost(0.106, 0.175, 0),
  },
  16384: {
    input: cost(0.0337, 0.358, 0),
    weight: cost(0, 0.0438, 0),
    add: cost(0.0012, 0.0182, 0),
    'add-plain': cost(0.00925, 0.00942, 0),
    multiply: cost(0, 0.482, 0),
    'multiply-plain': cost(0, 0.23, 0),
    relinearize: cost(0.733, 1.25, 0.349),
    rescale: cost(0, 0.655, 0),
    'mod-switch': cost(0, 0.0151, 0),
    rotate: cost(0.717, 1.27, 0.356),
    output: cost(0.00843, 0.0481, 0),
    'rotate-many': cost(0, 0.0154, 0),
    encode: cost(0.273, 0.358, 0),
  },
  32768: {
    input: cost(0.0235, 0.715, 0),
    weight: cost(0, 0.093, 0),
    add: cost(0.00299, 0.0349, 0),
    'add-plain': cost(0.00944, 0.0175, 0),
    multiply: cost(0, 0.951, 0),
    'multiply-plain': cost(0.0046, 0.444, 0),
    relinearize: cost(1.81, 2.35, 0.72),
    rescale: cost(0, 1.35, 0),
    'mod-switch': cost(0, 0.0297, 0),
    rotate: cost(1.82, 2.44, 0.723),
    output: cost(0.00825, 0.1, 0),
    'rotate-many': cost(0, 0.0323, 0),
    encode: cost(0.641, 0.704, 0),
  },
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
