/** Parameters from outside. */
import { describe, expect, test } from 'vitest';
import { parametersSchema } from '../../../../ir/ckks/parameters-schema.ts';

const sound = { polyModulusDegree: 4096, primes: [40961, 65537], specialPrimes: [114689] };

/** What the schema says of `sound` with something changed. */
function complaints(change: object): string[] {
  return parametersSchema.safeParse({ ...sound, ...change }).error?.issues.map(({ message }) => message) ?? [];
}

describe('primes', () => {
  test('that are primes are taken', () => {
    expect(complaints({})).toEqual([]);
  });

  test.each([
    ['the smallest candidate', 8193],
    ['a square', 24577 * 24577],
    ['a product of two candidates', 40961 * 65537],
    ['a strong pseudoprime of bases 2 and 3', 179219402833921],
    ['the largest candidate', 2 ** 48 - 8191],
  ])('%s that is composite is refused', (_, composite) => {
    expect(composite % 8192).toBe(1);
    expect(complaints({ primes: [composite], specialPrimes: [281474976694273] })).toContain(
      'a prime is a composite number',
    );
    expect(complaints({ primes: [40961], specialPrimes: [composite] })).toContain('a prime is a composite number');
  });

  test('of any size are taken: what an engine takes is its own matter', () => {
    expect(complaints({ primes: [1125899906629633], specialPrimes: [1125899906826241] })).toEqual([]);
    expect(complaints({ specialPrimes: [2 ** 52 + 1] })).toEqual(['a prime is a composite number']);
  });
});
