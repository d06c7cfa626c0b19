/** Quotients of Chebyshev polynomials are recognised, and are products of least depth. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { Constant } from '../../../../../ir/constant.ts';
import { evaluatePolynomial } from '../../../../../ir/interpret/polynomial.ts';
import { emitPolynomial, polynomialDepth, polynomialWork } from '../../../../../ir/tensor/polynomial-evaluation.ts';
import { chebyshevQuotient, quotientCoefficients } from '../../../../../ir/tensor/schemes/chebyshev-quotient.ts';

const quotients = fc.record({
  levels: fc.integer({ min: 2, max: 8 }),
  /** T_N(a), which says how exact the quotient is. */
  atPole: fc.double({ min: 1.01, max: 1e7, noNaN: true }),
  sign: fc.constantFrom(-1, 1),
  factors: fc.array(fc.double({ min: 1e-3, max: 1e3, noNaN: true }), { minLength: 1, maxLength: 3 }),
});

function poleOf(levels: number, atPole: number, sign: number): number {
  return sign * Math.cosh(Math.acosh(atPole) / 2 ** levels);
}

function constantOf(pole: number, levels: number, factors: readonly number[]): Constant {
  const model = quotientCoefficients(pole, levels);
  return new Constant(
    [factors.length, model.length],
    Float64Array.from(factors.flatMap((f) => [...model.map((c) => f * c)])),
  );
}

test('they are 1 / (x − a) but for one part in T_N(a), times a constant', () => {
  fc.assert(
    fc.property(quotients, fc.double({ min: -1, max: 1, noNaN: true }), ({ levels, atPole, sign }, x) => {
      const pole = poleOf(levels, atPole, sign);
      const value = evaluatePolynomial('chebyshev', quotientCoefficients(pole, levels), x);
      const relative = (-value * (x - pole)) / atPole;
      expect(Math.abs(relative - 1)).toBeLessThanOrEqual((1 + 1e-6) / atPole + 1e-9);
    }),
  );
});

test('each is emitted as squares and products, one of each a level, with its values', () => {
  fc.assert(
    fc.property(quotients, fc.double({ min: -1, max: 1, noNaN: true }), ({ levels, atPole, sign, factors }, x) => {
      const coefficients = constantOf(poleOf(levels, atPole, sign), levels, factors);
      const work = polynomialWork(coefficients, 'chebyshev');
      expect(work).toEqual({ products: 2 * levels - 2, relinearisations: 2 * levels - 2, plainProducts: levels });
      expect(polynomialDepth(coefficients, 'chebyshev')).toBe(levels);
      for (const set of factors.keys()) {
        interface Tracked {
          readonly value: number;
          readonly level: number;
        }
        const at = (term: Float64Array): number => term[set] ?? NaN;
        const emitted = emitPolynomial<Tracked>(
          {
            multiply: (a, b) => ({ value: a.value * b.value, level: Math.max(a.level, b.level) + 1 }),
            add: (a, b) => ({ value: a.value + b.value, level: Math.max(a.level, b.level) }),
            multiplyTerm: (a, term) => ({ value: a.value * at(term), level: a.level + 1 }),
            addTerm: (a, term) => ({ value: a.value + at(term), level: a.level }),
          },
          { value: x, level: 0 },
          coefficients,
          'chebyshev',
        );
        const row = coefficients.values.slice(set * 2 ** levels, (set + 1) * 2 ** levels);
        const expected = evaluatePolynomial('chebyshev', row, x);
        const largest = row.reduce((sum, c) => sum + Math.abs(c), 0);
        expect(emitted?.level).toBe(levels);
        expect(Math.abs((emitted?.value ?? NaN) - expected)).toBeLessThanOrEqual(1e-11 * largest);
      }
    }),
  );
});

test('others are not taken for them', () => {
  fc.assert(
    fc.property(
      quotients,
      fc.nat(),
      fc.double({ min: 1e-6, max: 1, noNaN: true }),
      ({ levels, atPole, sign, factors }, at, by) => {
        const { shape, values } = constantOf(poleOf(levels, atPole, sign), levels, factors);
        const place = at % values.length;
        const row = values.subarray(Math.floor(place / 2 ** levels) * 2 ** levels).subarray(0, 2 ** levels);
        const largest = row.reduce((most, c) => Math.max(most, Math.abs(c)), 0);
        const changed = new Constant(shape, values.with(place, (values[place] ?? 0) + by * largest));
        expect(chebyshevQuotient(changed)).toBeUndefined();
      },
    ),
  );
  expect(chebyshevQuotient(new Constant([1, 3], Float64Array.of(1, 2, 3)))).toBeUndefined();
  expect(chebyshevQuotient(new Constant([1, 4], Float64Array.of(1, 2, 0.5, 1)))).toBeUndefined();
  expect(chebyshevQuotient(new Constant([1, 4], new Float64Array(4)))).toBeUndefined();
});
