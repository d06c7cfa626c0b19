/** The transforms: against values of the polynomial in big integers, and there and back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import {
  balanced,
  evaluatePolynomial,
  openPrimes,
  primesFor,
  randomLimb,
  readLimb,
  reverseBits,
  writeLimb,
} from '../../../../support/simd.ts';

/** The smallest primitive 2n-th root of unity modulo q, by trying. */
function smallestRoot(n: number, q: number): bigint {
  const modulus = BigInt(q);
  const power = (x: bigint, exponent: bigint): bigint => {
    let result = 1n;
    for (let base = x, e = exponent; e > 0n; e >>= 1n, base = (base * base) % modulus)
      if (e & 1n) result = (result * base) % modulus;
    return result;
  };
  let root = 0n;
  for (let x = 2n; root === 0n; x++) {
    const candidate = power(x, (modulus - 1n) / BigInt(2 * n));
    if (power(candidate, BigInt(n)) === modulus - 1n) root = candidate;
  }
  const square = (root * root) % modulus;
  let smallest = root;
  for (let k = 0, x = root; k < n; k++, x = (x * square) % modulus) if (x < smallest) smallest = x;
  return smallest;
}

/** Extremes and random residues. */
function edgyLimb(seed: number, n: number, q: number): Float64Array {
  const random = seededRandom(seed);
  const half = (q - 1) / 2;
  return randomLimb(random, n, q).map((x) => [x, x, half, -half][random.integer(0, 3)] ?? x);
}

const shape = fc.record({
  logN: fc.integer({ min: 4, max: 11 }),
  bits: fc.integer({ min: 20, max: 48 }),
  seed: fc.nat(),
});

describe('transforms', () => {
  test('are the values at the odd powers of the smallest root, in reversed order, and go back', async () => {
    await fc.assert(
      fc.asyncProperty(shape, async ({ logN, bits, seed }) => {
        const n = 2 ** logN;
        const [q = 0] = primesFor(n, bits, 1);
        const { kernels, memory, heap, records } = await openPrimes(n, [q], limbStride(n));
        const [record = 0] = records;
        const coefficients = edgyLimb(seed, n, q);
        writeLimb(memory, heap, coefficients);
        kernels.forward(heap, record);
        const values = readLimb(memory, heap, n);
        const root = smallestRoot(n, q);
        for (const j of [0, 1, 2, n / 2 - 1, n - 1]) {
          let point = 1n;
          for (let k = 0; k < 2 * reverseBits(j, logN) + 1; k++) point = (point * root) % BigInt(q);
          expect(balanced(BigInt(values[j] ?? 0), q)).toBe(
            balanced(BigInt(evaluatePolynomial(coefficients, point, q)), q),
          );
        }
        expect(values.every((x) => Math.abs(x) <= (q + 1) / 2)).toBe(true);
        kernels.inverse(heap, record);
        expect(readLimb(memory, heap, n)).toEqual(coefficients);
      }),
      { numRuns: 60 },
    );
  });

  test.each([4096, 8192, 16384, 32768, 65536])('go back for n = %i with the largest primes', async (n) => {
    const primes = primesFor(n, 48, 2);
    const { kernels, memory, heap, records } = await openPrimes(n, primes, 2 * limbStride(n));
    for (const [k, q] of primes.entries()) {
      const record = records[k] ?? 0;
      const coefficients = edgyLimb(k, n, q);
      writeLimb(memory, heap, coefficients);
      kernels.forwardFrom(heap, 0, heap + limbStride(n), record);
      kernels.inverseFrom(heap + limbStride(n), heap, record);
      expect(readLimb(memory, heap, n)).toEqual(coefficients);
    }
  });

  test('lift digits of another prime', async () => {
    const n = 64;
    const [p = 0, q = 0] = primesFor(n, 40, 2);
    const { kernels, memory, heap, records } = await openPrimes(n, [p, q], 2 * limbStride(n));
    const digits = edgyLimb(3, n, p);
    writeLimb(memory, heap, digits);
    const other = heap + limbStride(n);
    kernels.forwardFrom(heap, p, other, records[1] ?? 0);
    kernels.inverse(other, records[1] ?? 0);
    const lifted = digits.map((x) => balanced(BigInt(x < 0 ? x + p : x), q));
    expect(readLimb(memory, other, n)).toEqual(lifted);
  });
});
