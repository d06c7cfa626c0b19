/**
 * What the client's work costs, whatever engine the server has: it makes keys once, encodes and encrypts every input
 * ciphertext, decrypts and decodes every output. Costs grow with primes as those of engines do (`op-costs.ts`).
 */
import type { HeModule } from '../ir/he/module.ts';
import { portRows } from '../ir/he/ports.ts';
import { type Parameters, type PolyModulusDegree, topLevel } from '../ir/parameters.ts';
import { keyDigitsAt } from '../ir/ckks/switching-keys.ts';
import { evaluationKeyNeeds } from './key-levels.ts';
import { cost, type OpCost } from './op-costs.ts';

/**
 * `encrypt`: slots to a saved ciphertext; `decrypt`: a saved ciphertext to slots; `galois-key` and `relinearization-key`:
 * one key switching key, saved, of a chain with as many data primes.
 */
export const clientOps = ['encrypt', 'decrypt', 'galois-key', 'relinearization-key'] as const;
export type ClientOp = (typeof clientOps)[number];

/** By polynomial modulus degree. */
export type ClientCostTable = { readonly [D in PolyModulusDegree]: { readonly [K in ClientOp]: OpCost } };

export interface ClientProfile {
  readonly name: 'client';
  readonly costs: ClientCostTable;
}

/**
 * Our kernels on one core of an AMD EPYC server (family 26, 2.6 GHz), keys in SEAL's format. Other programs ran meanwhile: of
 * each the lowest decile of several repetitions counts. At degrees 32768 and 65536 with up to 8 primes; those
 * of 65536 are as in `op-costs.ts`.
 */
const kernelClientCosts: ClientCostTable = {
  4096: {
    encrypt: cost(0.088, 0.081, 0),
    decrypt: cost(0.127, 0.015, 0),
    'galois-key': cost(0.063, 0.104, 0.085),
    'relinearization-key': cost(0.085, 0.047, 0.104),
  },
  8192: {
    encrypt: cost(0.104, 0.196, 0),
    decrypt: cost(0.173, 0.065, 0),
    'galois-key': cost(0.083, 0, 0.314),
    'relinearization-key': cost(0.078, 0, 0.321),
  },
  16384: {
    encrypt: cost(0.177, 0.424, 0),
    decrypt: cost(0.374, 0.143, 0),
    'galois-key': cost(0.073, 0, 0.702),
    'relinearization-key': cost(0.148, 0, 0.624),
  },
  32768: {
    encrypt: cost(0.29, 0.971, 0),
    decrypt: cost(1.122, 0.284, 0),
    'galois-key': cost(0.735, 0, 1.158),
    'relinearization-key': cost(0.301, 0, 1.425),
  },
  65536: {
    encrypt: cost(0.646, 1.976, 0),
    decrypt: cost(2.616, 0.578, 0),
    'galois-key': cost(1.291, 0, 2.505),
    'relinearization-key': cost(0.351, 0, 3.172),
  },
};

export const clientProfile: ClientProfile = { name: 'client', costs: kernelClientCosts };

/** The client, with costs that were measured in place of those that hepc comes with. */
export function clientProfileOf(costs: ClientCostTable | undefined): ClientProfile {
  return costs === undefined ? clientProfile : { ...clientProfile, costs };
}

/** Milliseconds of `op` with the primes 0 … level. */
export function clientOpCost(op: ClientOp, level: number, degree: PolyModulusDegree, table: ClientCostTable): number {
  const primes = level + 1;
  const { base, perPrime, perPair } = table[degree][op];
  return base + perPrime * primes + perPair * primes ** 2;
}

/** Milliseconds of the client, on one thread. */
export interface ClientTimes {
  /** Once for a client. */
  readonly keys: number;
  /** Of one run. */
  readonly encryption: number;
  readonly decryption: number;
}

/** Of a managed program. */
export function clientTimes(
  { columns, parameters }: Pick<HeModule, 'columns'> & { readonly parameters: Parameters },
  { costs }: ClientProfile,
): ClientTimes {
  const { polyModulusDegree: degree } = parameters;
  const cost = (op: ClientOp, level: number): number => clientOpCost(op, level, degree, costs);
  const sumOf = (op: 'encrypt' | 'decrypt', port: 'input' | 'output'): number =>
    portRows(columns, port).reduce((sum, row) => sum + cost(op, columns.level[row] ?? 0), 0);
  const { rotationSteps, needsRelinKeys, keyLevels } = evaluationKeyNeeds(columns, parameters);
  const top = topLevel(parameters);
  const keyCost = (op: ClientOp, level = top): number => cost(op, level) * shareOfKey(parameters, level);
  const rotations = rotationSteps.reduce((sum, _, k) => sum + keyCost('galois-key', keyLevels?.rotations[k]), 0);
  return {
    keys: rotations + (needsRelinKeys ? keyCost('relinearization-key', keyLevels?.relinearization) : 0),
    encryption: sumOf('encrypt', 'input'),
    decryption: sumOf('decrypt', 'output'),
  };
}

/** ChaCha20 in place of BLAKE2Xb: of the time of a limb of a key with all that belongs to it. */
const ownSeedShare = 0.5;

/** A key of several special primes beside one of the same data primes with one special prime. */
function shareOfKey(parameters: Parameters, level: number): number {
  const { specialPrimes } = parameters;
  if (specialPrimes.length === 1) return 1;
  const limbs = keyDigitsAt(parameters, level).length * (level + 1 + specialPrimes.length);
  return (ownSeedShare * limbs) / ((level + 1) * (level + 2));
}
