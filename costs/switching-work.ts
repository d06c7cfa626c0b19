/**
 * What a key switch takes with several special primes, counted against one with a single one. There, digits are primes: with
 * L of them left, L digits are transformed for L + 1 primes, which `perPair` of a cost counts as L² pairs. With α special primes
 * fewer digits are transformed for L + α; what a digit of several primes and the division by α of them take beside that is
 * conversions and inverse transforms.
 */
import type { Parameters } from '../ir/parameters.ts';
import { keyDigitsAt } from '../ir/ckks/switching-keys.ts';

export interface SwitchingWork {
  /** In place of L²: digits times the primes that each is transformed for, less one. */
  readonly pairs: number;
  /** Terms of conversions: for each prime that is converted to, the sources and the quotient. */
  readonly terms: number;
  /** Inverse transforms, beyond those with one special prime. */
  readonly inverses: number;
}

/** Which parts of a key switch an operation has. */
const partsOf: ReadonlyMap<string, 'decomposition' | 'division' | 'both'> = new Map([
  ['rotate', 'both'],
  ['relinearize', 'both'],
  ['decompose', 'decomposition'],
  ['rotate-hoisted', 'division'],
  ['mod-down', 'division'],
]);

/** Of a costed operation (`op-costs.ts`) at a level; undefined for one without key switch, and with one special prime. */
export function switchingWork(op: string, level: number, parameters: Parameters): SwitchingWork | undefined {
  const parts = partsOf.get(op);
  const specials = parameters.specialPrimes.length;
  if (parts === undefined || specials === 1) return undefined;
  const digits = keyDigitsAt(parameters, level);
  const primes = level + 1;
  let terms = 0;
  if (parts !== 'division') {
    for (const { from, to } of digits) if (to - from > 1) terms += (primes + specials - (to - from)) * (to - from + 1);
  }
  if (parts !== 'decomposition') terms += 2 * primes * (specials + 1);
  return {
    pairs: digits.length * (primes + specials - 1),
    terms,
    inverses: parts === 'decomposition' ? 0 : 2 * (specials - 1),
  };
}
