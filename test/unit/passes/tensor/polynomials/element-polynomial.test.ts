/** The algebra of polynomials against their values. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { evaluatePolynomial } from '../../../../../ir/interpret/polynomial.ts';
import { ElementPolynomial } from '../../../../../passes/tensor/polynomials/element-polynomial.ts';

const elements = 3;
const number = fc.double({ min: -2, max: 2, noNaN: true });
const term = fc.oneof(
  fc.array(number, { minLength: 1, maxLength: 1 }),
  fc.array(number, { minLength: elements, maxLength: elements }),
);
const polynomial = fc
  .array(term, { maxLength: 4 })
  .map((terms) => ElementPolynomial.of(terms.map((c) => Float64Array.from(c))));

function valueAt(p: ElementPolynomial, e: number, x: number): number {
  return evaluatePolynomial('power', p.at(e), x);
}

test('sums, products and compositions have the values of these', () => {
  fc.assert(
    fc.property(polynomial, polynomial, fc.nat(elements - 1), number, (p, q, e, x) => {
      const [px, qx] = [valueAt(p, e, x), valueAt(q, e, x)];
      expect(valueAt(p.plus(q), e, x)).toBeCloseTo(px + qx, 9);
      expect(valueAt(p.times(q), e, x) / 1e3).toBeCloseTo((px * qx) / 1e3, 9);
      expect(valueAt(p.into(q.terms), e, x) / 1e6).toBeCloseTo(valueAt(q, e, px) / 1e6, 8);
      expect(valueAt(p.about(0.75), e, x - 0.75) / 10).toBeCloseTo(px / 10, 9);
    }),
  );
});

test('what cancels up to rounding is zero', () => {
  const third = ElementPolynomial.of([Float64Array.of(0.1), Float64Array.of(0.3), Float64Array.of(1 / 3)]);
  const square = third.times(third);
  const minus = ElementPolynomial.of([Float64Array.of(-1)]);
  const less = third.times(minus).times(third);
  expect(square.plus(less).terms).toHaveLength(0);
  expect(square.plus(less.times(ElementPolynomial.of([Float64Array.of(1 + 1e-9)]))).degree).toBe(4);
});
