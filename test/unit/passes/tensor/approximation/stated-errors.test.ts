/** Of every function the error that a fit states is never exceeded, on random ranges within its domain. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { activationDomain, activationFunction, activationKinks } from '../../../../../ir/interpret/activations.ts';
import { evaluatePolynomial } from '../../../../../ir/interpret/polynomial.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { activationKinds, type TensorNodeNamed } from '../../../../../ir/tensor/ops.ts';
import type { Approximation, Target } from '../../../../../passes/tensor/approximation/approximation.ts';
import { Histogram, leastSquares } from '../../../../../passes/tensor/approximation/least-squares.ts';
import { minimax } from '../../../../../passes/tensor/approximation/remez.ts';
import { casesOf } from '../../../../support/setup/suite.ts';

type Attributes = TensorNodeNamed<'activation'>['attrs'];

const parameters: Partial<Readonly<Record<Attributes['kind'], readonly number[]>>> = {
  'leaky-relu': [0.1],
  prelu: [0.25],
  'hard-sigmoid': [0.2, 0.5],
  elu: [1],
  clip: [-0.5, 1.5],
  power: [-0.75],
};

/** A point of the domain, by a number in (0, 1). */
function pointWithin(attrs: Attributes, u: number): number {
  const { lo, hi } = activationDomain(attrs, 0.5) ?? activationDomain(attrs, 2) ?? { lo: -4, hi: 4 };
  if (attrs.kind === 'acosh') return 1 + 10 ** (4 * u - 2);
  if (hi === Infinity) return 10 ** (4 * u - 2);
  return lo + u * (hi - lo);
}

/** A range about a point, as wide as the numbers in (0, 1) say, that keeps a part of its distance to the ends of the domain. */
function rangeAbout(attrs: Attributes, at: number, below: number, above: number): Target['range'] {
  const width = (u: number): number => 10 ** (3 * u - 2);
  const { lo, hi } = activationDomain(attrs, at) ?? { lo: -Infinity, hi: Infinity };
  const nearest = 10 ** (-4 * below);
  const from = Number.isFinite(lo) ? Math.max(at - width(below), lo + nearest * (at - lo)) : at - width(below);
  const to = Number.isFinite(hi) ? Math.min(at + width(above), hi - nearest * (hi - at)) : at + width(above);
  return { center: (from + to) / 2, halfWidth: (to - from) / 2 };
}

/** On an even grid, on random points, and close to the ends. */
function worstError({ f, range }: Target, { coefficients }: Approximation, seed: number): number {
  const random = seededRandom(seed);
  const errorAt = (t: number): number =>
    Math.abs(f(range.center + range.halfWidth * t) - evaluatePolynomial('chebyshev', coefficients, t));
  let worst = 0;
  for (let i = 0; i <= 4000; i++) {
    const near = 10 ** (-9 * random.uniform());
    for (const t of [i / 2000 - 1, 2 * random.uniform() - 1, 1 - near, near - 1]) worst = Math.max(worst, errorAt(t));
  }
  return worst;
}

const unit = fc.double({ min: 0.001, max: 0.999, noNaN: true });

describe.each(activationKinds)('%s', (kind) => {
  test('is within the stated error', () => {
    const attrs: Attributes = { kind, parameters: [...(parameters[kind] ?? [])] };
    fc.assert(
      fc.property(unit, unit, unit, fc.constantFrom(2, 3, 7, 15, 31), fc.nat(), (place, below, above, degree, seed) => {
        const range = rangeAbout(attrs, pointWithin(attrs, place), below, above);
        const target: Target = { f: activationFunction(attrs), kinks: activationKinks(attrs), range };
        const random = seededRandom(seed);
        const histogram = new Histogram(range);
        histogram.addAll(
          Float64Array.from({ length: 200 }, () => range.center + (range.halfWidth * random.gaussian()) / 3),
        );
        for (const found of [minimax(target, degree), leastSquares(target, degree, histogram)])
          expect(worstError(target, found, seed)).toBeLessThanOrEqual(found.maxError);
      }),
      { numRuns: casesOf({ normal: 4, nightly: 30 }) },
    );
  });
});
