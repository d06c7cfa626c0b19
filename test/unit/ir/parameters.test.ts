/** Parameters from outside, and what can be encoded under them. */
import { describe, expect, test } from 'vitest';
import { encodingLimit, isEncodable, leastScale, parametersSchema } from '../../../ir/parameters.ts';

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

describe('what can be encoded', () => {
  const parameters = { primes: [40961, 65537] };

  test('is below half of the modulus of its level, and above a quarter', () => {
    expect(encodingLimit(parameters, 0)).toBe(2 ** 14);
    expect(encodingLimit(parameters, 1)).toBe(2 ** 30);
    const long = { primes: Array.from({ length: 18 }, () => 2 ** 48 - 1) };
    expect(encodingLimit(long, 17)).toBe(2 ** 862);
  });

  test('is finite, and at a scale that leaves something of it', () => {
    expect(isEncodable(parameters, 0, 2 ** 10, 16)).toBe(true);
    expect(isEncodable(parameters, 0, 2 ** 10, 16.001)).toBe(false);
    expect(isEncodable(parameters, 0, 2 ** 15, 0)).toBe(false);
    for (const bad of [NaN, Infinity, 1e300, Number.MAX_VALUE]) {
      expect(isEncodable(parameters, 1, 1, bad)).toBe(false);
      expect(isEncodable(parameters, 1, bad, 1)).toBe(false);
    }
    for (const scale of [0, -1, -Infinity, Number.MIN_VALUE, leastScale / 2])
      expect(isEncodable(parameters, 1, scale, 0)).toBe(false);
  });
});
