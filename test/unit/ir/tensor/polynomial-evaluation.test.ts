/** Schemes for polynomials of any degree: values, levels, and how many products they take. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { evaluatePolynomial } from '../../../../ir/interpret/polynomial.ts';
import {
  type Basis,
  emitPolynomial,
  polynomialDepth,
  polynomialProducts,
  polynomialWork,
} from '../../../../ir/tensor/polynomial-evaluation.ts';

interface Tracked {
  readonly value: number;
  readonly level: number;
}

/** Values with the levels that they take. */
const tracked = {
  multiply: (a: Tracked, b: Tracked) => ({ value: a.value * b.value, level: Math.max(a.level, b.level) + 1 }),
  add: (a: Tracked, b: Tracked) => ({ value: a.value + b.value, level: Math.max(a.level, b.level) }),
  multiplyTerm: (a: Tracked, term: Float64Array) => ({ value: a.value * (term[0] ?? 0), level: a.level + 1 }),
  addTerm: (a: Tracked, term: Float64Array) => ({ value: a.value + (term[0] ?? 0), level: a.level }),
};

type Parity = 'full' | 'even' | 'odd' | 'even and x';

const has: Readonly<Record<Parity, (k: number) => boolean>> = {
  full: () => true,
  even: (k) => k % 2 === 0,
  odd: (k) => k % 2 === 1,
  'even and x': (k) => k % 2 === 0 || k === 1,
};

/** Coefficients of which no sums vanish. */
function generic(degree: number, parity: Parity): Constant {
  return new Constant(
    [1, degree + 1],
    Float64Array.from({ length: degree + 1 }, (_, k) => (has[parity](k) ? Math.sin(3 * k + 1) + 1.1 : 0)),
  );
}

describe('a polynomial', () => {
  test('of any degree, basis and parity has its values in the least depth', () => {
    const drawn = fc.record({
      basis: fc.constantFrom<Basis>('power', 'chebyshev'),
      parity: fc.constantFrom<Parity>('full', 'even', 'odd', 'even and x'),
      values: fc
        .integer({ min: 2, max: 256 })
        .chain((length) =>
          fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: length, maxLength: length, size: 'max' }),
        ),
      x: fc.double({ min: -1, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(drawn, ({ basis, parity, values, x }) => {
        const own = Float64Array.from(values, (c, k) => (has[parity](k) ? c : 0));
        const coefficients = new Constant([1, own.length], own);
        const result = emitPolynomial<Tracked>(tracked, { value: x, level: 0 }, coefficients, basis);
        const degree = own.findLastIndex((c) => c !== 0);
        if (degree <= 0) {
          expect(result).toBeUndefined();
          return;
        }
        expect(result?.value).toBeCloseTo(evaluatePolynomial(basis, own, x), 8);
        const least = Math.ceil(Math.log2(degree + 1));
        expect(polynomialDepth(coefficients, basis)).toBeLessThanOrEqual(least);
        expect(result?.level).toBeLessThanOrEqual(least);
      }),
      { numRuns: 150 },
    );
  });

  // Degrees of full depth have no choice but to split their quotients down to lines; one more level would take some away.
  test.each([
    [3, '2/2', '1/1', '2/2', '1/1'],
    [4, '2/2', '2/2', '2/2', '2/2'],
    [7, '5/4', '3/3', '5/4', '3/3'],
    [8, '5/4', '3/3', '5/4', '3/3'],
    [11, '6/5', '4/4', '6/5', '4/4'],
    [15, '8/7', '6/5', '8/7', '6/5'],
    [23, '10/7', '7/6', '10/7', '7/6'],
    [31, '13/10', '9/8', '13/10', '9/8'],
    [47, '18/10', '11/8', '18/10', '11/8'],
    [63, '23/13', '14/11', '17/14', '14/11'],
    [95, '22/14', '19/11', '21/13', '19/11'],
    [127, '28/18', '24/14', '27/17', '24/14'],
    [140, '29/17', '21/13', '23/15', '21/13'],
    [190, '35/18', '23/15', '34/17', '23/15'],
    [255, '45/23', '29/19', '33/23', '29/19'],
  ])('of degree %i takes so many products and relinearisations', (degree, ...expected) => {
    const counts = (['full', 'even', 'odd', 'even and x'] as const).map((parity) => {
      const { products, relinearisations } = polynomialWork(generic(degree, parity), 'chebyshev');
      return `${products}/${relinearisations}`;
    });
    expect(counts).toEqual(expected);
  });

  test('that is monic of degree 2^k takes k levels and its squares', () => {
    for (const levels of [1, 2, 3, 4, 5]) {
      const own = new Float64Array(2 ** levels + 1);
      own[0] = 0.5;
      own[own.length - 1] = 1;
      const coefficients = new Constant([1, own.length], own);
      expect(polynomialProducts(coefficients, 'power')).toBe(levels);
      const result = emitPolynomial<Tracked>(tracked, { value: 0.9, level: 0 }, coefficients, 'power');
      expect(result?.level).toBe(levels);
      expect(result?.value).toBeCloseTo(0.5 + 0.9 ** (2 ** levels), 12);
    }
  });
});
