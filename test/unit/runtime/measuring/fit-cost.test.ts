import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { OpCost } from '../../../../costs/op-costs.ts';
import { type CostSample, fitCost, largestMisfit } from '../../../../runtime/measuring/fit-cost.ts';

const rungs = [1, 2, 3, 5, 8];

function samplesOf({ base, perPrime, perPair }: OpCost, disturb: (primes: number) => number = () => 1): CostSample[] {
  return rungs.map((primes) => ({
    primes,
    milliseconds: (base + perPrime * primes + perPair * primes ** 2) * disturb(primes),
  }));
}

function squaredError(samples: readonly CostSample[], { base, perPrime, perPair }: OpCost): number {
  return samples.reduce((sum, { primes, milliseconds }) => {
    return sum + ((base + perPrime * primes + perPair * primes ** 2) / milliseconds - 1) ** 2;
  }, 0);
}

const part = fc.oneof(fc.constant(0), fc.double({ min: 1e-3, max: 10, noNaN: true }));
const costs = fc
  .record({ base: part, perPrime: part, perPair: part })
  .filter((cost) => Object.values(cost).some((value) => value > 0));

describe('fitCost', () => {
  test('recovers costs from exact samples', () => {
    fc.assert(
      fc.property(costs, (cost) => {
        const fitted = fitCost(samplesOf(cost), 'quadratic');
        for (const sample of samplesOf(cost)) expect(largestMisfit([sample], fitted)).toBeLessThan(1e-6);
      }),
    );
  });

  test('has no negative part, and no neighbour without one is better', () => {
    const factors = fc.array(fc.double({ min: 0.5, max: 2, noNaN: true }), { minLength: 9, maxLength: 9 });
    fc.assert(
      fc.property(costs, factors, (cost, disturb) => {
        const samples = samplesOf(cost, (primes) => disturb[primes] ?? 1);
        const fitted = fitCost(samples, 'quadratic');
        const least = squaredError(samples, fitted);
        for (const key of ['base', 'perPrime', 'perPair'] as const) {
          expect(fitted[key]).toBeGreaterThanOrEqual(0);
          const step = 1e-3 * (fitted[key] + 1e-3);
          for (const moved of [fitted[key] + step, Math.max(0, fitted[key] - step)])
            expect(squaredError(samples, { ...fitted, [key]: moved })).toBeGreaterThanOrEqual(least - 1e-9);
        }
      }),
    );
  });

  test('has no pairs where growth is linear', () => {
    const samples = samplesOf({ base: 0, perPrime: 1, perPair: 0 }, (primes) => 1 + primes / 1000);
    expect(fitCost(samples, 'quadratic').perPair).toBeGreaterThan(0);
    expect(fitCost(samples, 'linear').perPair).toBe(0);
    expect(largestMisfit(samples, fitCost(samples, 'linear'))).toBeLessThan(0.01);
  });

  test('meets a single sample, in proportion to the primes', () => {
    const fitted = fitCost([{ primes: 4, milliseconds: 2 }], 'quadratic');
    expect(fitted).toEqual({ base: 0, perPrime: 0.5, perPair: 0 });
  });

  test('ignores a level that is measured twice', () => {
    const fitted = fitCost(
      [1, 1, 2, 2].map((primes) => ({ primes, milliseconds: 3 * primes })),
      'quadratic',
    );
    expect(largestMisfit([{ primes: 8, milliseconds: 24 }], fitted)).toBeLessThan(1e-9);
  });
});
