/** The search for schemes against all choices of powers. */
import { describe, expect, test } from 'vitest';

import { pricedScheme } from '../../../../../ir/tensor/schemes/evaluation-scheme.ts';
import { schemeFor } from '../../../../../ir/tensor/schemes/scheme-search.ts';

describe('the scheme of a polynomial', () => {
  test.each([
    ['full', (degree: number) => ({ even: degree - (degree % 2), odd: degree - 1 + (degree % 2) })],
    ['even', (degree: number) => ({ even: degree - (degree % 2), odd: -1 })],
    ['odd', (degree: number) => ({ even: -1, odd: degree - 1 + (degree % 2) })],
    ['even and x', (degree: number) => ({ even: degree - (degree % 2), odd: 1 })],
  ])('of low degree, %s, takes no more than with any other choice of powers', (_, termsOf) => {
    for (let degree = 2; degree <= 12; degree++) {
      const terms = termsOf(degree);
      const highest = Math.max(terms.even, terms.odd);
      const options = { basis: 'chebyshev', depth: Math.ceil(Math.log2(highest + 1)) } as const;
      const { cost } = schemeFor(terms, options.basis, options.depth);
      const price = (powers: ReadonlySet<number>): number => pricedScheme(terms, powers, options)?.cost ?? Infinity;
      for (let bits = 0; bits < 2 ** (highest - 1); bits++) {
        const powers = new Set(
          Array.from({ length: highest - 1 }, (_, k) => k + 2).filter((j) => (bits >> (j - 2)) & 1),
        );
        expect(Math.min(cost, price(powers)), `degree ${degree}, powers ${[...powers].join(' ')}`).toBeCloseTo(cost, 5);
      }
    }
  });
});
