/**
 * What the client's work costs. It runs SEAL whatever engine the server has: makes keys once, encodes and encrypts every
 * input ciphertext, decrypts and decodes every output. Costs grow with primes as those of engines do (`op-costs.ts`).
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
 * node-seal 7.0.0 on one core of an AMD EPYC server (family 26, 2.6 GHz), in time of the processor: other programs ran
 * meanwhile, so that these are upper bounds, by a tenth or so. At degree 32768 with up to 8 primes.
 */
const sealClientCosts: ClientCostTable = {
  4096: {
    encrypt: cost(0.371, 0.33, 0),
    decrypt: cost(0, 0.367, 0),
    'galois-key': cost(0.17, 0.483, 0.259),
    'relinearization-key': cost(0, 0.549, 0.217),
  },
  8192: {
    encrypt: cost(0.552, 0.719, 0),
    decrypt: cost(0, 0.754, 0),
    'galois-key': cost(0.291, 0.807, 0.556),
    'relinearization-key': cost(0, 0.887, 0.507),
  },
  16384: {
    encrypt: cost(0.957, 1.53, 0),
    decrypt: cost(0, 1.57, 0),
    'galois-key': cost(0.696, 1.29, 1.27),
    'relinearization-key': cost(0, 1.67, 1.07),
  },
  32768: {
    encrypt: cost(2.36, 3.01, 0),
    decrypt: cost(0, 3.23, 0),
    'galois-key': cost(0.963, 3.38, 2.45),
    'relinearization-key': cost(0, 3.4, 2.24),
  },
};

export const clientProfile: ClientProfile = { name: 'client', costs: sealClientCosts };

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
