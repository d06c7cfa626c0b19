/** Primes for the number-theoretic transform. */
import { modularPower } from '../../ir/maths/modular.ts';

/** Bases that make Miller–Rabin exact below 3.3·10^24 (Sorenson and Webster, 2015). */
const witnesses = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];

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

export function isPrime(n: bigint): boolean {
  if (n < 2n) return false;
  for (const p of witnesses) if (n % p === 0n) return n === p;
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  return witnesses.every((base) => {
    let x = modularPower(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}
