import fc from 'fast-check';
import { expect, test } from 'vitest';
import { addResidues } from '../../../../../../runtime/engines/simd/bytes/add-residues.ts';

const degree = 4;
const arbitraryPrimes = fc.array(fc.integer({ min: 2, max: 2 ** 48 - 1 }), { minLength: 1, maxLength: 3 });
const residuesOf = (primes: readonly number[]) =>
  fc.tuple(
    ...primes.flatMap((prime) =>
      Array.from({ length: degree }, () =>
        fc.oneof(fc.bigInt(0n, BigInt(prime) - 1n), fc.constant(BigInt(prime) - 1n)),
      ),
    ),
  );
const arbitrary = arbitraryPrimes.chain((primes) =>
  fc.record({
    primes: fc.constant(primes),
    terms: fc.array(residuesOf(primes), { minLength: 1, maxLength: 16 }),
    bad: fc.nat(degree * primes.length - 1),
    excess: fc.bigInt(0n, 2n ** 63n),
  }),
);

const words = (residues: readonly bigint[]): Uint32Array => new Uint32Array(BigUint64Array.from(residues).buffer);

test('sums of any number of polynomials are exact, by each prime', () => {
  fc.assert(
    fc.property(arbitrary, ({ primes, terms }) => {
      const target = new Uint32Array(2 * degree * primes.length);
      for (const term of terms) expect(addResidues(target, words(term), primes, degree)).toBe(-1);
      const expected = Array.from(
        { length: degree * primes.length },
        (_, i) => terms.reduce((sum, term) => sum + (term[i] ?? 0n), 0n) % BigInt(primes[Math.floor(i / degree)] ?? 1),
      );
      expect([...new BigUint64Array(target.buffer)]).toEqual(expected);
    }),
  );
});

test('the first residue that is not below its prime is told', () => {
  fc.assert(
    fc.property(arbitrary, ({ primes, terms: [term = []], bad, excess }) => {
      const given = [...term];
      given[bad] = BigInt(primes[Math.floor(bad / degree)] ?? 1) + excess;
      const target = new Uint32Array(2 * degree * primes.length);
      expect(addResidues(target, words(given), primes, degree)).toBe(bad);
    }),
  );
});
