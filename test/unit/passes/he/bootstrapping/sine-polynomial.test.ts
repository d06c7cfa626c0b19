import fc from 'fast-check';
import { expect, test } from 'vitest';
import { besselFunctions, cosineCoefficients } from '../../../../../passes/he/bootstrapping/sine-polynomial.ts';

/** Σ c_k T_k(y), by Clenshaw's recurrence. */
function atChebyshev(coefficients: Float64Array, y: number): number {
  let [b1, b2] = [0, 0];
  for (let k = coefficients.length - 1; k > 0; k--) [b1, b2] = [2 * y * b1 - b2 + (coefficients[k] ?? 0), b1];
  return y * b1 - b2 + (coefficients[0] ?? 0);
}

test('Bessel functions have their values in tables', () => {
  // Abramowitz and Stegun, table 9.1 and 9.2.
  const at1 = besselFunctions(1, 2);
  expect(at1[0]).toBeCloseTo(0.7651976865579666, 14);
  expect(at1[1]).toBeCloseTo(0.4400505857449335, 14);
  expect(at1[2]).toBeCloseTo(0.1149034849319005, 14);
  expect(besselFunctions(10, 0)[0]).toBeCloseTo(-0.2459357644513483, 14);
});

test('the polynomial is the cosine but for the first terms that it lacks', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.5, max: 14, noNaN: true }),
      fc.double({ min: -1, max: 1, noNaN: true }),
      fc.constantFrom(24, 30, 38),
      (a, y, degree) => {
        const omitted = besselFunctions(a, degree + 8).slice(degree + 1);
        const bound = 1e-13 + 4 * omitted.reduce((sum, value) => sum + Math.abs(value), 0);
        expect(Math.abs(atChebyshev(cosineCoefficients(a, degree), y) - Math.cos(a * y))).toBeLessThan(bound);
      },
    ),
  );
});
