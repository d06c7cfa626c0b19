/** Primes for the number-theoretic transform. */
import { isPrime } from '../../ir/maths/modular.ts';

/**
 * The largest primes of the given bits that are 1 modulo 2·degree, one for each entry, all distinct; of equal bits the
 * earlier entry gets the larger prime. Undefined where there are not enough of them: of 20 bits a degree of 16384 has
 * hardly any, and a degree of 65536 has 12 of 24 bits.
 */
export function nttPrimes(bits: readonly number[], degree: number): number[] | undefined {
  const taken = new Map<number, number>();
  const primes: number[] = [];
  for (const size of bits) {
    const rank = taken.get(size) ?? 0;
    const prime = primesOf(size, degree).at(rank);
    if (prime === undefined) return undefined;
    taken.set(size, rank + 1);
    primes.push(prime);
  }
  return primes;
}

/** Primes of so many bits that are 1 modulo 2·degree, from the largest on, as far as they were asked for. */
class PrimeList {
  private readonly found: number[] = [];
  private readonly step: bigint;
  private readonly least: bigint;
  private candidate: bigint;

  constructor(bits: number, degree: number) {
    this.step = 2n * BigInt(degree);
    this.least = 1n << BigInt(bits - 1);
    this.candidate = (1n << BigInt(bits)) + 1n - this.step;
  }

  /** The prime after `rank` larger ones; undefined where there are no more of as many bits. */
  at(rank: number): number | undefined {
    while (this.found.length <= rank && this.candidate > this.least) {
      if (isPrime(this.candidate)) this.found.push(Number(this.candidate));
      this.candidate -= this.step;
    }
    return this.found[rank];
  }
}

/** By degree and bits: a search for chains asks for the same primes again and again. */
const lists = new Map<string, PrimeList>();

function primesOf(bits: number, degree: number): PrimeList {
  const key = `${degree} ${bits}`;
  const list = lists.get(key) ?? new PrimeList(bits, degree);
  lists.set(key, list);
  return list;
}
