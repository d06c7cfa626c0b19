/** Primes and modulus chains for every degree, depth and range that a program could ask for. */
import { engineProfiles } from '../../../../costs/profiles.ts';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { carriesDepth, chainsFor, type Rescaling } from '../../../../compiler/parameters/chains.ts';
import { nttPrimes } from '../../../../compiler/parameters/primes.ts';
import { isPrime } from '../../../../ir/maths/modular.ts';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';
import { bitLength, modulusBits, polyModulusDegrees, productOf } from '../../../../ir/parameters.ts';
import { maxModulusBits } from '../../../../ir/ckks/security.ts';
import { keyDigits } from '../../../../ir/ckks/switching-keys.ts';
import { headroomBits } from '../../../../passes/he/assign-levels.ts';
import { casesOf, isNightly } from '../../../support/setup/suite.ts';

const { largestPrimeBits } = engineProfiles.simd.capabilities;

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
      fc.property(
        degrees,
        fc.array(fc.integer({ min: 24, max: largestPrimeBits }), { maxLength: 12 }),
        (degree, bits) => {
          const primes = nttPrimes(bits, degree);
          if (primes === undefined) {
            // Of these few, large degrees may have too few of the least bits.
            expect(degree >= 32768 && Math.min(...bits) < 27).toBe(true);
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
        },
      ),
      { numRuns: casesOf({ normal: 20, nightly: 60 }) },
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
  const depthStep = isNightly ? 1 : 3;
  const rescalings = (depth: number): Rescaling[] =>
    (['rescaled', 'unrescaled'] as const).flatMap((last) =>
      [
        { defer: 0, late: false },
        { defer: 0, late: true },
        { defer: 2, late: false },
        { defer: 2, late: true },
      ].flatMap((policy) =>
        [0, 1, 2].map((every) => {
          const kinds = Array.from({ length: depth }, (_, l) => (every > 0 && l % every === 0 ? 'cipher' : 'plain'));
          return { last, ...policy, kinds };
        }),
      ),
    );
  /** At night of every depth and more ranges. */
  const everyChain = polyModulusDegrees.flatMap((degree) =>
    Array.from({ length: 48 / depthStep }, (_, k) => depthStep * k).flatMap((depth) =>
      (isNightly ? [0, 1, 7, 30] : [0, 7]).flatMap((rangeBits) =>
        rescalings(depth).flatMap((rescaling) =>
          chainsFor(degree, rescaling, rangeBits).map((chain) => ({ degree, rescaling, rangeBits, chain })),
        ),
      ),
    ),
  );

  test('are secure and well-formed parameters', () => {
    expect(everyChain.length).toBeGreaterThan(1000);
    for (const { degree, chain } of everyChain) {
      expect(parametersSchema.safeParse(chain.parameters).error).toBeUndefined();
      expect(chain.parameters.polyModulusDegree).toBe(degree);
      expect(modulusBits(chain.parameters)).toBeLessThanOrEqual(maxModulusBits[degree]);
      const { primes, specialPrimes } = chain.parameters;
      if (specialPrimes.length === 1) expect(Math.max(...primes)).toBeLessThan(specialPrimes[0] ?? 0);
    }
  });

  test('have special primes for whole digits, with a margin where primes are not at their largest', () => {
    const several = everyChain.filter(({ chain }) => chain.parameters.specialPrimes.length > 1);
    expect(several.length).toBeGreaterThan(500);
    for (const { chain } of several) {
      const { primes, specialPrimes } = chain.parameters;
      const digits = keyDigits(chain.parameters);
      expect(digits.length).toBeLessThan(primes.length);
      if (bitLength(primes[0] ?? 0) === largestPrimeBits) continue;
      for (const { from, to } of digits) {
        if (to - from > specialPrimes.length) continue;
        expect(productOf(primes.slice(from, to))).toBeLessThanOrEqual(productOf(specialPrimes));
      }
    }
  });

  test('with more special primes have fewer digits, and no more of one for an engine that takes none', () => {
    const kinds = Array.from({ length: 8 }, () => 'plain' as const);
    const rescaling = { last: 'rescaled', defer: 0, late: false, kinds } as const;
    const digits = chainsFor(16384, rescaling, 0).map(({ parameters }) => keyDigits(parameters).length);
    expect(digits[0]).toBe(9);
    expect(digits).toEqual(digits.toSorted((a, b) => b - a));
    expect(Math.min(...digits)).toBeLessThanOrEqual(3);
    const ofSeal = chainsFor(16384, rescaling, 0, engineProfiles['seal-wasm'].capabilities);
    expect(ofSeal.every(({ parameters }) => parameters.specialPrimes.length === 1)).toBe(true);
  });

  test('have a prime for each rescale, and room for sign, headroom and range in the first', () => {
    for (const { rescaling, rangeBits, chain } of everyChain) {
      const { primes } = chain.parameters;
      const [first = 0, ...others] = primes.map(bitLength);
      expect(chain.rangeBits).toBe(rangeBits);
      expect(primes).toHaveLength(rescaling.kinds.length + 1);
      expect(first).toBeGreaterThan(headroomBits + rangeBits + 10);
      const bitsOf = (kind: 'plain' | 'cipher') => others.filter((_, l) => rescaling.kinds[l] === kind);
      expect(Math.max(0, ...bitsOf('plain'))).toBeLessThanOrEqual(Math.min(first, ...bitsOf('cipher')));
    }
  });

  test('use the bits that security allows, up to 48 a prime, but for what does not go around', () => {
    for (const { degree, chain } of everyChain) {
      const { primes, specialPrimes } = chain.parameters;
      if (specialPrimes.some((prime) => bitLength(prime) === largestPrimeBits)) continue;
      const unused = maxModulusBits[degree] - modulusBits(chain.parameters);
      // One more bit for the first prime is one for each that is as large, and for the special one.
      expect(unused, String(primes.map(bitLength))).toBeLessThanOrEqual(1.5 * primes.length);
    }
  });

  test('exist for shallow programs, fewer and fewer as the depth grows', () => {
    for (const degree of polyModulusDegrees) {
      const depths = Array.from({ length: 64 }, (_, depth) => depth).filter((depth) => carriesDepth(degree, depth));
      const deepest = Math.max(...depths);
      expect(deepest, `N = ${degree}`).toBeGreaterThanOrEqual(
        { 4096: 2, 8192: 6, 16384: 14, 32768: 28, 65536: 56 }[degree],
      );
      expect(depths).toHaveLength(deepest + 1);
    }
  });

  test('leave bits of plaintexts to ciphertexts where those have few, unless squares wait', () => {
    const kinds = Array.from({ length: 15 }, (_, l) =>
      [0, 7, 14].includes(l) ? ('plain' as const) : ('cipher' as const),
    );
    const bitsOf = (defer: number) =>
      chainsFor(16384, { last: 'rescaled', defer, late: false, kinds }, 0)[0]?.parameters.primes.map(bitLength) ?? [];
    expect(Math.min(...bitsOf(0))).toBeLessThan(24);
    expect(bitsOf(0).filter((bits) => bits >= 26)).toHaveLength(13);
    expect(Math.min(...bitsOf(1))).toBeGreaterThanOrEqual(24);
  });

  test('do not exist for ranges that no prime holds', () => {
    for (const degree of polyModulusDegrees) {
      for (const rescaling of rescalings(1)) {
        expect(chainsFor(degree, rescaling, 60)).toEqual([]);
        expect(chainsFor(degree, rescaling, Infinity)).toEqual([]);
      }
    }
  });
});
