/** Primes for the number-theoretic transform. */
import { isPrime } from '../../ir/maths/modular.ts';

/**
 * The largest primes of the given bits that are 1 modulo 2·degree, one for each entry, all distinct; of equal bits the
 * earlier entry gets the larger prime. Undefined where there are not enough of them: of 20 bits a degree of 16384 has
 * hardly any.
 */
export function nttPrimes(bits: readonly number[], degree: number): number[] | undefined {
  const next = new Map<number, bigint>();
  const step = 2n * BigInt(degree);
  const primes: number[] = [];
  for (const size of bits) {
    let candidate = next.get(size) ?? (1n << BigInt(size)) + 1n - step;
    while (candidate > 1n << BigInt(size - 1) && !isPrime(candidate)) candidate -= step;
    if (candidate <= 1n << BigInt(size - 1)) return undefined;
    next.set(size, candidate - step);
    primes.push(Number(candidate));
  }
  return primes;
}
