import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { evaluatePolynomial } from '../../../../../ir/interpret/polynomial.ts';
import { oddMinimax } from '../../../../../passes/tensor/approximation/odd-minimax.ts';
import { signAt, signComposites } from '../../../../../passes/tensor/approximation/sign-composites.ts';

describe('the odd polynomial closest to the sign', () => {
  test('of degree one is the line that is as far off at both ends', () => {
    const { coefficients, error } = oddMinimax(1, 0.5);
    // c a = 1 − e and c = 1 + e.
    expect([...coefficients]).toEqual([0, expect.closeTo(4 / 3, 12)]);
    expect(error).toBeCloseTo(1 / 3, 12);
  });

  test('of degree three is known in closed form', () => {
    // p(t) = c (3 m t − t³) with its maximum at √m, where p(a) = p(1) = 1 − e: m = (1 + a + a²) / 3.
    const a = 0.2;
    const m = (1 + a + a * a) / 3;
    const [top, ends] = [2 * m ** 1.5, 3 * m - 1];
    expect(oddMinimax(3, a).error).toBeCloseTo((top - ends) / (top + ends), 9);
  });

  test('errs as stated, alternates at one point more than it has terms, and rises up to its first extremum', () => {
    const odd = fc.integer({ min: 1, max: 15 }).map((k) => 2 * k + 1);
    fc.assert(
      fc.property(odd, fc.double({ min: 0.002, max: 0.9, noNaN: true }), (degree, from) => {
        const { coefficients, error } = oddMinimax(degree, from);
        const errorAt = (t: number): number => 1 - evaluatePolynomial('chebyshev', coefficients, t);
        let [largest, alternations, last] = [0, 0, 0];
        for (let i = 0; i <= 20_000; i++) {
          const own = errorAt(from + ((1 - from) * (1 - Math.cos((Math.PI * i) / 20_000))) / 2);
          largest = Math.max(largest, Math.abs(own));
          if (Math.abs(own) > 0.999 * error && Math.sign(own) !== last) {
            alternations++;
            last = Math.sign(own);
          }
        }
        expect(largest).toBeLessThanOrEqual(error * (1 + 1e-6) + 1e-13);
        if (error > 1e-10) expect(alternations).toBe((degree + 1) / 2 + 1);
        for (let i = 1; i <= 200; i++) expect(errorAt((from * i) / 200)).toBeLessThan(errorAt((from * (i - 1)) / 200));
      }),
      { numRuns: 25 },
    );
  });
});

describe('compositions', () => {
  test.each([0.5, 0.1, 1 / 64, 1 / 512, 1 / 4096])('with a margin of %s are as exact as they say', (margin) => {
    for (const composite of signComposites(margin)) {
      let largest = 0;
      for (let i = 0; i <= 4000; i++) {
        const t = margin ** (1 - i / 4000);
        largest = Math.max(largest, Math.abs(signAt(composite, t) - 1));
        expect(signAt(composite, -t)).toBe(-signAt(composite, t));
      }
      expect(largest).toBeLessThanOrEqual(composite.error * (1 + 1e-6) + 1e-12);
      expect(largest).toBeGreaterThan(0.98 * composite.error - 1e-12);
      for (let i = 0; i < 100; i++)
        expect(Math.abs(signAt(composite, (margin * i) / 100))).toBeLessThan(1 + composite.error);
    }
  });

  test('of one depth have fewer products, or less error; none is beaten by a shallower one', () => {
    const all = signComposites(1 / 64);
    for (const [k, each] of all.entries()) {
      const better = all.filter(
        (other, i) =>
          i !== k && other.depth <= each.depth && other.products <= each.products && other.error <= each.error,
      );
      expect(better).toEqual([]);
    }
  });

  test('a sixty-fourth is told from zero in nine levels', () => {
    const exact = signComposites(1 / 64).find(({ error }) => error < 1e-3);
    expect(exact?.depth).toBe(9);
  });
});
