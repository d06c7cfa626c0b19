/** Primes and modulus chains for every degree, depth and range that a program could ask for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { chainsFor } from '../../../compiler/parameters/chains.ts';
import { isPrime, nttPrimes } from '../../../compiler/parameters/primes.ts';
import {
  bitLength,
  maxModulusBits,
  maxPrimeBits,
  modulusBits,
  parametersSchema,
  polyModulusDegrees,
} from '../../../ir/parameters.ts';
import { headroomBits } from '../../../passes/assign-levels.ts';

const degrees = fc.constantFrom(...polyModulusDegrees);

describe('primes', () => {
  test('agree with trial division', () => {
    const divides = (n: number): boolean => Array.from({ length: n }, (_, d) => d).some((d) => d > 1 && n % d === 0);
    for (let n = 0; n < 2000; n++) expect(isPrime(BigInt(n)), String(n)).toBe(n > 1 && !divides(n));
  });

  test('are not mistaken for strong pseudoprimes', () => {
    // Of bases 2; 2 to 7; 2 to 23 (Jaeschke 1993; Jiang and Deng 2014): larger witnesses find them out.
    for (const n of [2047n, 3215031751n, 3825123056546413051n]) expect(isPrime(n)).toBe(false);
    expect(isPrime((1n << 61n) - 1n)).toBe(true);
  });

  test('are distinct, of the bits asked for, 1 modulo twice the degree, larger ones first', () => {
    fc.assert(
      fc.property(degrees, fc.array(fc.integer({ min: 24, max: maxPrimeBits }), { maxLength: 12 }), (degree, bits) => {
        const primes = nttPrimes(bits, degree);
        if (primes === undefined) {
          // Of these few, a degree of 32768 may have too few of the least bits.
          expect(degree === 32768 && Math.min(...bits) < 27).toBe(true);
          return;
        }
        expect(new Set(primes).size).toBe(bits.length);
        for (const [i, prime] of primes.entries()) {
          expect(isPrime(BigInt(prime))).toBe(true);
          expect(prime % (2 * degree)).toBe(1);
          expect(bitLength(prime)).toBe(bits[i]);
          const next = bits.indexOf(bits[i] ?? 0, i + 1);
          if (next !== -1) expect(primes[next]).toBeLessThan(prime);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('run out where there are too few', () => {
    // Eight numbers of 20 bits are 1 modulo 2^16.
    const all = Array.from({ length: 8 }, (_, i) => 2 ** 20 + 1 - 2 ** 16 * (i + 1)).filter((n) => isPrime(BigInt(n)));
    expect(
      nttPrimes(
        all.map(() => 20),
        32768,
      ),
    ).toEqual(all);
    expect(
      nttPrimes(
        [...all, 0].map(() => 20),
        32768,
      ),
    ).toBeUndefined();
  });
});

describe('chains', () => {
  const everyChain = polyModulusDegrees.flatMap((degree) =>
    Array.from({ length: 64 }, (_, depth) => depth).flatMap((depth) =>
      [0, 1, 7, 30].flatMap((rangeBits) =>
        chainsFor(degree, depth, rangeBits).map((chain) => ({ degree, depth, rangeBits, chain })),
      ),
    ),
  );

  test('are secure and well-formed parameters', () => {
    for (const { degree, chain } of everyChain) {
      expect(parametersSchema.safeParse(chain.parameters).error).toBeUndefined();
      expect(chain.parameters.polyModulusDegree).toBe(degree);
      expect(modulusBits(chain.parameters)).toBeLessThanOrEqual(maxModulusBits[degree]);
      expect(Math.max(...chain.parameters.primes)).toBeLessThan(chain.parameters.specialPrime);
    }
  });

  test('carry their depth, with room for sign, headroom and range', () => {
    for (const { depth, rangeBits, chain } of everyChain) {
      const { primes } = chain.parameters;
      const [first = 0, ...others] = primes.map(bitLength);
      expect(chain.rangeBits).toBe(rangeBits);
      expect(primes).toHaveLength(chain.last === 'rescaled' ? depth + 1 : depth);
      expect(others.every((bits) => bits === chain.scaleBits)).toBe(true);
      expect(first).toBeGreaterThanOrEqual(chain.scaleBits + headroomBits + rangeBits);
    }
  });

  test('exist for shallow programs, fewer and fewer as the depth grows', () => {
    for (const degree of polyModulusDegrees) {
      const deepest = everyChain.reduce(
        (most, { degree: own, depth }) => (own === degree ? Math.max(most, depth) : most),
        -1,
      );
      expect(deepest, `N = ${degree}`).toBeGreaterThanOrEqual({ 4096: 2, 8192: 6, 16384: 14, 32768: 28 }[degree]);
      for (let depth = 0; depth <= deepest - 4; depth++) expect(chainsFor(degree, depth, 0).length).toBeGreaterThan(0);
      expect(chainsFor(degree, 64, 0)).toEqual([]);
    }
  });

  test('do not exist for ranges that no prime holds', () => {
    for (const degree of polyModulusDegrees) {
      expect(chainsFor(degree, 1, 60)).toEqual([]);
      expect(chainsFor(degree, 1, Infinity)).toEqual([]);
    }
  });
});
