/** Arithmetic modulo an integer. */

/** `base ** exponent` modulo `modulus`, for a base and an exponent of at least 0. */
export function modularPower(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let left = exponent; left > 0n; left >>= 1n) {
    if ((left & 1n) === 1n) result = (result * square) % modulus;
    square = (square * square) % modulus;
  }
  return result;
}

/** 1/x modulo the prime q, between −q/2 and q/2. x is not a multiple of q. */
export function balancedInverse(x: number, q: number): number {
  const modulus = BigInt(q);
  const inverse = Number(modularPower(BigInt(x), modulus - 2n, modulus));
  return inverse > q / 2 ? inverse - q : inverse;
}

/** x modulo the odd q, between −q/2 and q/2, for integers that doubles hold. */
export function balancedRemainder(x: number, q: number): number {
  const remainder = modulo(x, q);
  return remainder > q / 2 ? remainder - q : remainder;
}

/** x modulo m, in [0, m) for negative x as well. */
export function modulo(x: number, m: number): number {
  return ((x % m) + m) % m;
}

/** Bases that make Miller–Rabin exact below 3.3·10^24 (Sorenson and Webster, 2015). */
const witnesses = [2n, 3n, 5n, 7n, 11n, 13n, 17n, 19n, 23n, 29n, 31n, 37n];
/** Below this the first seven do (Jaeschke, 1993). */
const ofSevenWitnesses = 341_550_071_728_321n;

/** Exact below 3.3·10^24. */
export function isPrime(n: bigint): boolean {
  if (n < 2n) return false;
  for (const p of witnesses) if (n % p === 0n) return n === p;
  let odd = n - 1n;
  let twos = 0;
  for (; odd % 2n === 0n; odd /= 2n) twos++;
  return witnesses.slice(0, n < ofSevenWitnesses ? 7 : undefined).every((base) => {
    let x = modularPower(base, odd, n);
    if (x === 1n || x === n - 1n) return true;
    for (let i = 1; i < twos; i++) {
      x = (x * x) % n;
      if (x === n - 1n) return true;
    }
    return false;
  });
}
