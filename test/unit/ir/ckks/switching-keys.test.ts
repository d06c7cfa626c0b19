/** Which primes share a digit of key switching. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { keyDigits, keyDigitsAt, maxDigitPrimes } from '../../../../ir/ckks/switching-keys.ts';
import { productOf } from '../../../../ir/parameters.ts';

const prime = fc.integer({ min: 2 ** 20, max: 2 ** 48 - 1 });
const chain = fc.record({
  primes: fc.array(prime, { minLength: 1, maxLength: 40 }),
  specialPrimes: fc.array(fc.integer({ min: 2 ** 40, max: 2 ** 48 - 1 }), { minLength: 1, maxLength: 8 }),
});

test('with one special prime each prime is a digit, however small', () => {
  expect(keyDigits({ primes: [2 ** 20, 2 ** 20, 2 ** 20], specialPrimes: [2 ** 48] })).toEqual([
    { from: 0, to: 1 },
    { from: 1, to: 2 },
    { from: 2, to: 3 },
  ]);
});

test('a digit has as many bits as the special primes, not as many primes', () => {
  const specialPrimes = [2 ** 48, 2 ** 48];
  expect(keyDigits({ primes: [2 ** 48, 2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30], specialPrimes })).toEqual([
    { from: 0, to: 2 },
    { from: 2, to: 5 },
  ]);
});

test('digits follow one another, have room in P, and none could take the next prime', () => {
  fc.assert(
    fc.property(chain, ({ primes, specialPrimes }) => {
      const digits = keyDigits({ primes, specialPrimes });
      expect(digits.flatMap(({ from, to }) => primes.slice(from, to))).toEqual(primes);
      const special = productOf(specialPrimes);
      for (const { from, to } of digits) {
        if (to - from > 1) expect(productOf(primes.slice(from, to))).toBeLessThanOrEqual(special);
        expect(to - from).toBeLessThanOrEqual(specialPrimes.length === 1 ? 1 : maxDigitPrimes);
        if (specialPrimes.length === 1 || to === primes.length || to - from === maxDigitPrimes) continue;
        expect(productOf(primes.slice(from, to + 1))).toBeGreaterThan(special);
      }
    }),
  );
});

test('at a lower level they are the same, cut off', () => {
  fc.assert(
    fc.property(chain, fc.nat(39), ({ primes, specialPrimes }, drawn) => {
      const level = drawn % primes.length;
      const digits = keyDigitsAt({ primes, specialPrimes }, level);
      expect(digits.at(-1)?.to).toBe(level + 1);
      expect(digits).toEqual(keyDigits({ primes: primes.slice(0, level + 1), specialPrimes }));
    }),
  );
});
