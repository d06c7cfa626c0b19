/**
 * The chain that a program will have, about, before it has one: as many primes, all alike. What key switches take depends on
 * how many primes there are, data and special, and hardly on their bits.
 */
import type { Parameters, PolyModulusDegree } from '../ir/parameters.ts';
import { maxModulusBits } from '../ir/ckks/security.ts';
import type { EngineCapabilities } from './profiles.ts';

/** Data primes of fewer bits are hardly accurate enough; more special primes would leave them no more. */
const leastBits = 40;

/** Stands for any prime. */
const prime = 2 ** 44;

/** With the special primes for which the budget leaves enough bits, and that make digits fewer. */
export function likelyChain(
  polyModulusDegree: PolyModulusDegree,
  length: number,
  { specialPrimes: most }: Pick<EngineCapabilities, 'specialPrimes'>,
): Parameters {
  let specials = 1;
  for (let more = 2; more <= Math.min(most, length); more++) {
    if (maxModulusBits[polyModulusDegree] / (length + more) < leastBits) break;
    if (Math.ceil(length / more) < Math.ceil(length / specials)) specials = more;
  }
  const of = (count: number): number[] => Array<number>(count).fill(prime);
  return { polyModulusDegree, primes: of(length), specialPrimes: of(specials) };
}
