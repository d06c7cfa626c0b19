/**
 * What ciphertext operations cost on an engine: the compiler weighs plans by it, an engine shares out its work and shows
 * its progress by it. With L primes left an operation takes base + perPrime · L + perPair · L² milliseconds: a key
 * switch transforms every prime for every digit, and the special prime once; everything else touches each prime once.
 */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { Parameters, PolyModulusDegree } from '../ir/parameters.ts';
import { type HeOpCost, heOpNames, heOps } from '../ir/he/ops.ts';
import type { EngineName } from '../ir/plan/plan.ts';
import { switchingWork } from './switching-work.ts';

/** Milliseconds of an inverse transform of one limb, and of a term of a conversion for one limb; both are `base`. */
export const switchingParts = ['inverse', 'convert'] as const;

/** Work that is no operation of the `he` level. */
const partsOfOperations = ['decompose', 'encode', 'rotate-hoisted', 'mod-down', ...switchingParts] as const;

/**
 * What has a cost: the operations of the `he` level, of which several may have the same; the encoding of a plaintext; and where an engine hoists, what is
 * left of a rotation when several of one value share its decomposition (`rotate-hoisted`), that decomposition
 * (`decompose`), and the division that ends a rotation, which sums of rotations can share (`mod-down`). An engine that
 * does not hoist decomposes and divides within each rotation: both are free for it. The last two are of key switches with
 * several special primes (`switching-work.ts`), and free for an engine that has none.
 */
export type CostedOp = HeOpCost | (typeof partsOfOperations)[number];

export const costedOps: readonly CostedOp[] = [
  ...new Set(heOpNames.map((name) => heOps[name].cost)),
  ...partsOfOperations,
];

export interface OpCost {
  /** Milliseconds whatever the level. */
  readonly base: number;
  /** Milliseconds for each prime that is left. */
  readonly perPrime: number;
  /** Milliseconds for each pair of primes. */
  readonly perPair: number;
}

/** At one polynomial modulus degree. */
export type DegreeCosts = { readonly [K in CostedOp]: OpCost };

/** By polynomial modulus degree: those that the engine takes. */
export type CostTable = { readonly [D in PolyModulusDegree]?: DegreeCosts };

/** Throws `InternalError` for a degree that the engine of the table does not take. */
export function degreeCosts(table: CostTable, degree: PolyModulusDegree): DegreeCosts {
  const costs = table[degree];
  if (costs === undefined) throw new InternalError(`there are no costs at N = ${degree}`);
  return costs;
}

export function cost(base: number, perPrime: number, perPair: number): OpCost {
  return { base, perPrime, perPair };
}

/**
 * node-seal 7.0.0 on one core of an AMD EPYC server (family 26, 2.6 GHz), as `hepc measure-costs` measures it; at degree
 * 32768 with up to 8 primes. For what plans spend their time in (rotations, relinearisations, products, rescales, inputs,
 * encodings) measurements on a quiet machine agree to 3 %, and a single level is missed by 5 % at most; for the others,
 * which take a hundredth of that, by up to half. Constants, so that compilation is deterministic.
 */
export const sealCostTable: CostTable = {
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
    decompose: cost(0.00355, 0.00236, 0),
    encode: cost(0.0625, 0.0823, 0),
    'rotate-hoisted': cost(0.235, 0.203, 0.098),
    'mod-down': cost(0, 0, 0),
    inverse: cost(0, 0, 0),
    convert: cost(0, 0, 0),
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
    decompose: cost(0, 0.00766, 0),
    encode: cost(0.106, 0.175, 0),
    'rotate-hoisted': cost(0.395, 0.534, 0.181),
    'mod-down': cost(0, 0, 0),
    inverse: cost(0, 0, 0),
    convert: cost(0, 0, 0),
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
    decompose: cost(0, 0.0154, 0),
    encode: cost(0.273, 0.358, 0),
    'rotate-hoisted': cost(0.717, 1.27, 0.356),
    'mod-down': cost(0, 0, 0),
    inverse: cost(0, 0, 0),
    convert: cost(0, 0, 0),
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
    decompose: cost(0, 0.0323, 0),
    encode: cost(0.641, 0.704, 0),
    'rotate-hoisted': cost(1.82, 2.44, 0.723),
    'mod-down': cost(0, 0, 0),
    inverse: cost(0, 0, 0),
    convert: cost(0, 0, 0),
  },
};

/**
 * The engine `simd` on one core of the same processor, as `hepc measure-costs` measures it on a quiet machine; two
 * measurements agree to 5 % in what plans spend their time in. `inverse` and `convert` are what divisions by several special
 * primes take beyond one by a single prime, on that machine. At degree 65536 they are those of 32768 times what both were of each
 * other on another day, when all took some four fifths: 2.0 to 2.3 times.
 */
const simdCostTable: CostTable = {
  4096: {
    input: cost(0.00554, 0.0858, 0),
    weight: cost(0.000673, 0.00486, 0),
    add: cost(0.000744, 0.00334, 0),
    'add-plain': cost(0.000985, 0.00293, 0),
    multiply: cost(0.000745, 0.00743, 0),
    'multiply-plain': cost(0, 0.00712, 0),
    relinearize: cost(0.0467, 0.0578, 0.0175),
    rescale: cost(0, 0.0285, 0),
    'mod-switch': cost(0, 0.00218, 0),
    rotate: cost(0.0373, 0.0583, 0.016),
    output: cost(0.00127, 0.00426, 0),
    decompose: cost(0.000264, 0.0141, 0.013),
    encode: cost(0.0156, 0.00973, 0),
    'rotate-hoisted': cost(0.0396, 0.0394, 0.00412),
    'mod-down': cost(0.0269, 0.0296, 0),
    inverse: cost(0.0125, 0, 0),
    convert: cost(0.0014, 0, 0),
  },
  8192: {
    input: cost(0.00257, 0.174, 0),
    weight: cost(8.41e-6, 0.01, 0),
    add: cost(0, 0.00842, 0),
    'add-plain': cost(0, 0.0069, 0),
    multiply: cost(0, 0.0152, 0),
    'multiply-plain': cost(0, 0.0173, 0),
    relinearize: cost(0.0851, 0.105, 0.0491),
    rescale: cost(0, 0.0618, 0),
    'mod-switch': cost(0, 0.00393, 0),
    rotate: cost(0.0872, 0.0964, 0.0452),
    output: cost(0, 0.00932, 0),
    decompose: cost(0.00309, 0.0251, 0.0294),
    encode: cost(0.0126, 0.0298, 0),
    'rotate-hoisted': cost(0.0735, 0.0863, 0.00803),
    'mod-down': cost(0.0489, 0.0692, 0),
    inverse: cost(0.028, 0, 0),
    convert: cost(0.0029, 0, 0),
  },
  16384: {
    input: cost(0.0032, 0.346, 0),
    weight: cost(0.000107, 0.0199, 0),
    add: cost(0, 0.0203, 0),
    'add-plain': cost(0, 0.0151, 0),
    multiply: cost(0, 0.0304, 0),
    'multiply-plain': cost(0, 0.0312, 0),
    relinearize: cost(0.199, 0.185, 0.106),
    rescale: cost(0, 0.13, 0),
    'mod-switch': cost(0, 0.00766, 0),
    rotate: cost(0.235, 0.149, 0.114),
    output: cost(0, 0.0192, 0),
    decompose: cost(0.00727, 0.0515, 0.0638),
    encode: cost(0.0402, 0.0609, 0),
    'rotate-hoisted': cost(0.237, 0.0824, 0.0467),
    'mod-down': cost(0.124, 0.139, 0),
    inverse: cost(0.07, 0, 0),
    convert: cost(0.0052, 0, 0),
  },
  32768: {
    input: cost(0.00487, 0.692, 0),
    weight: cost(0.00104, 0.0396, 0),
    add: cost(0, 0.0603, 0),
    'add-plain': cost(0, 0.0373, 0),
    multiply: cost(0.00811, 0.0629, 0),
    'multiply-plain': cost(0, 0.0872, 0),
    relinearize: cost(0.46, 0.419, 0.2),
    rescale: cost(0, 0.282, 0),
    'mod-switch': cost(0, 0.0149, 0),
    rotate: cost(0.455, 0.448, 0.213),
    output: cost(0, 0.0404, 0),
    decompose: cost(0.00272, 0.139, 0.135),
    encode: cost(0.099, 0.124, 0),
    'rotate-hoisted': cost(0.295, 0.42, 0.071),
    'mod-down': cost(0.313, 0.287, 0),
    inverse: cost(0.13, 0, 0),
    convert: cost(0.012, 0, 0),
  },
  65536: {
    input: cost(0, 1.4, 0),
    weight: cost(0.00209, 0.0797, 0),
    add: cost(0, 0.121, 0),
    'add-plain': cost(0, 0.0752, 0),
    multiply: cost(0.0162, 0.131, 0),
    'multiply-plain': cost(0, 0.175, 0),
    relinearize: cost(1.07, 0.909, 0.421),
    rescale: cost(0, 0.63, 0),
    'mod-switch': cost(0, 0.0302, 0),
    rotate: cost(1.14, 1, 0.446),
    output: cost(0, 0.0808, 0),
    decompose: cost(0.0203, 0.32, 0.29),
    encode: cost(0.198, 0.286, 0),
    'rotate-hoisted': cost(0.685, 0.997, 0.14),
    'mod-down': cost(0.65, 0.646, 0),
    inverse: cost(0.283, 0, 0),
    convert: cost(0.0276, 0, 0),
  },
};

export const costTables: Readonly<Record<EngineName, CostTable>> = {
  simd: simdCostTable,
  'seal-wasm': sealCostTable,
};

/** Of the engine that runs plans unless told otherwise. */
export const defaultCostTable: CostTable = simdCostTable;

/**
 * Milliseconds of `op` on operands at `level`, of which level + 1 primes are left.
 * @param parameters with one special prime where they are left out
 */
export function opCost(
  op: CostedOp,
  level: number,
  degree: PolyModulusDegree = 8192,
  table = defaultCostTable,
  parameters?: Parameters,
): number {
  const primes = level + 1;
  const costs = degreeCosts(table, degree);
  const { base, perPrime, perPair } = costs[op];
  const work = parameters && switchingWork(op, level, parameters);
  if (work === undefined) return base + perPrime * primes + perPair * primes ** 2;
  const parts = work.terms * costs.convert.base + work.inverses * costs.inverse.base;
  return base + perPrime * primes + perPair * work.pairs + parts;
}

/** Whether rotations of one value cost less together than one by one. */
export function hoists(table: CostTable, degree: PolyModulusDegree): boolean {
  return opCost('rotate-hoisted', 0, degree, table) < opCost('rotate', 0, degree, table);
}
