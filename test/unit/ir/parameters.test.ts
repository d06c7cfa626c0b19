/** What can be encoded under parameters. */
import { describe, expect, test } from 'vitest';
import { encodingLimit, isEncodable, leastScale } from '../../../ir/parameters.ts';

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
