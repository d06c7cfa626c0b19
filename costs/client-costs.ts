/**
 * What the client's work costs, whatever engine the server has: it makes keys once, encodes and encrypts every input
 * ciphertext, decrypts and decodes every output. Costs grow with primes as those of engines do (`op-costs.ts`).
 */
import { keyNeeds } from '../ir/he/keys.ts';
import type { HeModule } from '../ir/he/module.ts';
import { portRows } from '../ir/he/ports.ts';
import { type Parameters, type PolyModulusDegree, topLevel } from '../ir/parameters.ts';
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
 * each the lowest decile of several repetitions counts. At degree 32768 with up to 8 primes.
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
  const { galoisSteps, relinearization } = keyNeeds(columns);
  const top = topLevel(parameters);
  return {
    keys: galoisSteps.length * cost('galois-key', top) + (relinearization ? cost('relinearization-key', top) : 0),
    encryption: sumOf('encrypt', 'input'),
    decryption: sumOf('decrypt', 'output'),
  };
}
