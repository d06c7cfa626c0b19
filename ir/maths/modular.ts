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

/** x modulo m, in [0, m) for negative x as well. */
export function modulo(x: number, m: number): number {
  return ((x % m) + m) % m;
}
