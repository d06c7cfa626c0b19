/**
 * What ciphertext operations cost: milliseconds of node-seal 7.0.0 at N = 8192 on one core of an EPYC server, medians of
 * 12 with 1 to 6 primes left. A key switch transforms every prime for every digit, everything else touches each prime
 * once. The compiler weighs layouts by them, an engine shares out its work and shows its progress by them.
 */
import type { HeOpName } from './ops.ts';

/** For each prime that is left. An input is half expanded from a seed. */
const costPerPrime: { readonly [K in HeOpName]: number } = {
  input: 0.18,
  weight: 0.02,
  add: 0.01,
  'add-plain': 0.01,
  multiply: 0.2,
  'multiply-plain': 0.11,
  relinearize: 0.69,
  rescale: 0.27,
  'mod-switch': 0.002,
  rotate: 0.69,
  output: 0.02,
};

/** Of a key switch, for each pair of primes on top. */
const keySwitchPerPair = 0.15;

/** The cost of `op` on operands at `level`, of which level + 1 primes are left. */
export function opCost(op: HeOpName, level: number): number {
  const primes = level + 1;
  const pairs = op === 'rotate' || op === 'relinearize' ? keySwitchPerPair * primes ** 2 : 0;
  return costPerPrime[op] * primes + pairs;
}
