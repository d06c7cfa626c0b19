import { describe, expect, test } from 'vitest';

import { activationFunction, type ActivationKind } from '../../../../../ir/interpret/activations.ts';
import { evaluatePolynomial } from '../../../../../ir/interpret/polynomial.ts';
import { polynomialProducts } from '../../../../../ir/tensor/polynomial-evaluation.ts';
import { evenPolynomial } from '../../../../../passes/tensor/approximation/even-fit.ts';
import { Histogram } from '../../../../../passes/tensor/approximation/least-squares.ts';
import { minimax } from '../../../../../passes/tensor/approximation/remez.ts';
import { signForm } from '../../../../../passes/tensor/approximation/stand-in.ts';

const range = { center: 0, halfWidth: 8 };
const histogram = new Histogram(range);

function largestError(kind: ActivationKind, parameters: number[], degree: number): number {
  const form = signForm({ kind, parameters }, range);
  const attrs = form && evenPolynomial(form, degree, 'minimax', histogram);
  if (attrs === undefined) return NaN;
  const f = activationFunction({ kind, parameters });
  let most = 0;
  for (let i = 0; i <= 20_000; i++) {
    const x = -8 + (16 * i) / 20_000;
    const value = evaluatePolynomial('chebyshev', attrs.coefficients.values, (x - attrs.center) / attrs.halfWidth);
    most = Math.max(most, Math.abs(value - f(x)));
  }
  return most;
}

describe('a polynomial about the kink', () => {
  test.each([6, 14, 30])('of degree %i is as close as any of that degree, for fewer products', (degree) => {
    const best = minimax({ f: (x) => Math.max(x, 0), kinks: [0], range }, degree + 1);
    expect(largestError('relu', [], degree)).toBeCloseTo(best.maxError, 5);
    const form = signForm({ kind: 'relu', parameters: [] }, range);
    const attrs = form && evenPolynomial(form, degree, 'minimax', histogram);
    expect(attrs && polynomialProducts(attrs.coefficients, 'chebyshev')).toBeLessThan(
      { 6: 5, 14: 8, 30: 13 }[degree] ?? 0,
    );
  });

  test('keeps 0.1 % of the largest value of a ReLU within 8 levels', () => {
    expect(largestError('relu', [], 190)).toBeLessThan(0.001 * 8);
  });

  test('is of functions whose kink is anywhere, and of all that have one', () => {
    expect(largestError('leaky-relu', [0.1], 62)).toBeLessThan(0.03);
    expect(largestError('clip', [1, 100], 62)).toBeLessThan(0.03);
    expect(largestError('abs', [], 62)).toBeLessThan(0.05);
    expect(largestError('step', [], 62)).toBeNaN();
    expect(largestError('clip', [-1, 1], 62)).toBeNaN();
    expect(largestError('hard-swish', [], 62)).toBeNaN();
  });

  test('has a row for each slope', () => {
    const form = signForm({ kind: 'prelu', parameters: [0.5, -1] }, range);
    const attrs = form && evenPolynomial(form, 62, 'least-squares', histogram);
    expect(attrs?.coefficients.shape).toEqual([2, 63]);
    const rows = [0, 1].map((set) => attrs?.coefficients.values.subarray(63 * set, 63 * (set + 1)) ?? []);
    const at = (set: number, x: number): number => evaluatePolynomial('chebyshev', rows[set] ?? [], x / 8);
    for (const [set, slope] of [0.5, -1].entries())
      for (const x of [-6, -2, 3, 7]) expect(at(set, x)).toBeCloseTo(x < 0 ? slope * x : x, 0);
  });
});
