/** The table of moduli: what stands between today's limits and the former ones. */
import { expect, test } from 'vitest';
import { polyModulusDegrees } from '../../../../ir/parameters.ts';
import {
  formerLimits,
  formerSecurityBits,
  hasFormerLimit,
  maxModulusBits,
  mostReadBits,
} from '../../../../ir/ckks/security.ts';

test.each([
  // N, bits of the modulus, and the cheaper attack as `tools/estimate-security.py` gives it.
  [4096, 109, 125.6],
  [4096, 108, 126.9],
  [8192, 218, 126.0],
  [8192, 217, 126.6],
  [8192, 216, 127.1],
  [8192, 215, 127.7],
  [16384, 438, 125.9],
  [16384, 436, 126.5],
  [16384, 434, 127.3],
  [16384, 431, 128.1],
  [32768, 881, 126.1],
  [32768, 878, 126.6],
  [32768, 874, 127.2],
  [32768, 870, 127.8],
] as const)('at N = %i a modulus of %i bits has no more security said of it than the estimate, %f bits', (...row) => {
  const [degree, bits, estimate] = row;
  const said = formerSecurityBits(degree, bits);
  expect(said).toBeLessThanOrEqual(estimate);
  expect(said).toBeGreaterThan(estimate - 1.2);
});

test('what is above the limit is never said to have 128 bits', () => {
  for (const degree of polyModulusDegrees.filter(hasFormerLimit)) {
    const { modulusBits } = formerLimits[degree];
    expect(mostReadBits(degree)).toBe(modulusBits);
    expect(modulusBits).toBeGreaterThan(maxModulusBits[degree]);
    for (let bits = maxModulusBits[degree] + 1; bits <= modulusBits; bits++)
      expect(formerSecurityBits(degree, bits)).toBeLessThan(128);
  }
});

test('the largest degree has no former limit, so that no plan of more bits is read', () => {
  expect(polyModulusDegrees.filter((degree) => !hasFormerLimit(degree))).toEqual([65536]);
  expect(mostReadBits(65536)).toBe(maxModulusBits[65536]);
});
