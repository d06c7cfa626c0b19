import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { type ActivationKind, activationFunction, activationKinks } from '../../../../ir/interpret/activations.ts';
import { evaluatePolynomial } from '../../../../ir/interpret/polynomial.ts';
import { seededRandom } from '../../../../ir/random.ts';
import type { Approximation, Target } from '../../../../passes/tensor/approximation/approximation.ts';
import { Histogram, leastSquares } from '../../../../passes/tensor/approximation/least-squares.ts';
import { minimax } from '../../../../passes/tensor/approximation/remez.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const unit = { center: 0, halfWidth: 1 };
const absolute: Target = { f: Math.abs, kinks: [0], range: unit };
const activations: [ActivationKind, number[]][] = [
  ['relu', []],
  ['leaky-relu', [0.1]],
  ['sigmoid', []],
  ['tanh', []],
  ['gelu', []],
  ['silu', []],
  ['hard-swish', []],
  ['elu', [1]],
  ['softplus', []],
];

function targetOf(kind: ActivationKind, parameters: number[], center: number, halfWidth: number): Target {
  const attrs = { kind, parameters };
  return { f: activationFunction(attrs), kinks: activationKinks(attrs), range: { center, halfWidth } };
}

/** Errors f − p on an even grid of the range that no algorithm has chosen. */
function gridErrors({ f, range }: Target, { coefficients }: Approximation, points = 20011): Float64Array {
  return Float64Array.from({ length: points }, (_, i) => {
    const t = (2 * i) / (points - 1) - 1;
    return f(range.center + range.halfWidth * t) - evaluatePolynomial('chebyshev', coefficients, t);
  });
}

const largest = (values: Float64Array) => values.reduce((most, v) => Math.max(most, Math.abs(v)), 0);

describe('minimax', () => {
  test.each([
    [0, 0.5],
    [1, 0.5],
    [2, 0.125],
    [3, 0.125],
    [4, 0.06762089],
  ])('|x| of degree %i has error %f', (degree, error) => {
    expect(minimax(absolute, degree).maxError).toBeCloseTo(error, 7);
  });

  // Varga and Carpenter, On the Bernstein conjecture in approximation theory, Constructive Approximation 1 (1985).
  test.each([12, 20, 40, 62])('|x| of degree %i has the error of the asymptotic series', (degree) => {
    const n = degree / 2;
    const series = 0.2801694990238691 - 0.0439675288 / n ** 2 + 0.0264071687 / n ** 4;
    expect(Math.abs(degree * minimax(absolute, degree).maxError - series)).toBeLessThan(0.05 / n ** 6 + 1e-7);
  });

  test('x² + 1/8 is the best quadratic for |x|', () => {
    const [c0 = 0, c1 = 0, c2 = 0] = minimax(absolute, 2).coefficients;
    expect(c0 - c2).toBeCloseTo(1 / 8, 6);
    expect(c1).toBeCloseTo(0, 6);
    expect(2 * c2).toBeCloseTo(1, 6);
  });

  test('the monomial x^(n+1) has error 2^−n', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 24 }), (n) => {
        const target: Target = { f: (x) => x ** (n + 1), kinks: [], range: unit };
        expect(minimax(target, n).maxError * 2 ** n).toBeCloseTo(1, 5);
      }),
    );
  });

  test('a polynomial is found exactly', () => {
    const f = (x: number) => 3 - x + 0.5 * x ** 3;
    const { maxError } = minimax({ f, kinks: [], range: { center: 2, halfWidth: 3 } }, 5);
    expect(maxError).toBeLessThan(1e-12);
  });

  test.each(activations)('%s: the reported error bounds a grid, and the error alternates', (kind, parameters) => {
    fc.assert(
      fc.property(
        fc.double({ min: -4, max: 4, noNaN: true }),
        fc.double({ min: 0.5, max: 12, noNaN: true }),
        fc.constantFrom(2, 3, 5, 7, 11, 15, 31, 63),
        (center, halfWidth, degree) => {
          const target = targetOf(kind, parameters, center, halfWidth);
          const found = minimax(target, degree);
          const errors = gridErrors(target, found);
          const size = largest(Float64Array.of(target.f(center - halfWidth), target.f(center + halfWidth), 1));
          expect(largest(errors)).toBeLessThanOrEqual(found.maxError * (1 + 1e-6) + 1e-13 * size);
          if (found.maxError < 1e-10 * size) return;
          // de la Vallée Poussin: that many alternations of this size prove that no polynomial is better than this.
          let alternations = 0;
          let sign = 0;
          for (const error of errors) {
            if (Math.abs(error) > 0.98 * found.maxError && Math.sign(error) !== sign) {
              alternations++;
              sign = Math.sign(error);
            }
          }
          expect(alternations).toBeGreaterThanOrEqual(degree + 2);
        },
      ),
      { numRuns: casesOf({ normal: 8, nightly: 25 }) },
    );
  });

  test('the error does not grow with the degree', () => {
    for (const [kind, parameters] of activations) {
      const target = targetOf(kind, parameters, 0.7, 6);
      const errors = [1, 2, 3, 5, 7, 11, 15, 23, 31, 47, 63].map((degree) => minimax(target, degree).maxError);
      errors.reduce((before, error) => {
        expect(error).toBeLessThanOrEqual(before * (1 + 1e-6) + 1e-14);
        return error;
      }, Infinity);
    }
  });
});

describe('leastSquares', () => {
  const target = targetOf('relu', [], 0, 8);
  const random = seededRandom(5);
  const samples = Float64Array.from({ length: 20000 }, () => random.gaussian());
  const histogram = new Histogram(target.range);
  histogram.addAll(samples);
  const meanSquare = (found: Approximation) =>
    samples.reduce((sum, x) => {
      return sum + (target.f(x) - evaluatePolynomial('chebyshev', found.coefficients, x / 8)) ** 2;
    }, 0) / samples.length;

  test('is better than minimax where the values are', () => {
    for (const degree of [2, 3, 7, 15]) {
      expect(meanSquare(leastSquares(target, degree, histogram))).toBeLessThan(
        0.75 * meanSquare(minimax(target, degree)),
      );
    }
  });

  test('stays bounded where they are not', () => {
    for (const degree of [2, 3, 7, 15, 31, 63]) {
      const found = leastSquares(target, degree, histogram);
      expect(largest(gridErrors(target, found))).toBeLessThanOrEqual(found.maxError * (1 + 1e-6));
      expect(found.maxError).toBeLessThan(3);
    }
  });

  test('without values it is the approximation in L2, near that of Legendre', () => {
    const even = leastSquares({ f: Math.abs, kinks: [0], range: unit }, 2, new Histogram(unit));
    // |x| ≈ 1/2 P0 + 5/8 P2 = 3/16 + 15/16 x².
    expect((even.coefficients[0] ?? 0) - (even.coefficients[2] ?? 0)).toBeCloseTo(3 / 16, 4);
    expect(2 * (even.coefficients[2] ?? 0)).toBeCloseTo(15 / 16, 4);
  });
});
