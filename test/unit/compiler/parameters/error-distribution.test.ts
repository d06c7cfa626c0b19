import fc from 'fast-check';
import { expect, test } from 'vitest';

import { ErrorHistogram, largestError, NoiseMoments } from '../../../../compiler/parameters/error-distribution.ts';
import { seededRandom } from '../../../../ir/random.ts';

function histogramOf(errors: readonly number[]): ErrorHistogram {
  const histogram = new ErrorHistogram();
  for (const error of errors) histogram.add(error);
  return histogram;
}

test('without noise it is the largest error', () => {
  expect(largestError(histogramOf([0.01, -0.07, 0]), 0, 0.99)).toBe(0.07);
  expect(largestError(histogramOf([]), 0.1, 0.99)).toBe(0);
});

test('of noise alone it is the largest of so many normals', () => {
  // P(|g| > 3.2905) is 0.001, so that one normal stays below with 0.999 and 693 of them with a half.
  expect(largestError(histogramOf([0]), 2, 0.999)).toBeCloseTo(2 * 3.2905, 1);
  expect(largestError(histogramOf(new Array<number>(693).fill(0)), 2, 0.5)).toBeCloseTo(2 * 3.2905, 1);
});

test('known errors and noise: as often exceeded as it says', () => {
  const random = seededRandom(4);
  const known = Array.from({ length: 400 }, () => 0.02 * random.gaussian());
  const deviation = 0.01;
  const limit = largestError(histogramOf(known), deviation, 0.9);
  const runs = 2000;
  let exceeded = 0;
  for (let run = 0; run < runs; run++)
    if (known.some((error) => Math.abs(error + deviation * random.gaussian()) > limit)) exceeded++;
  // A tenth, within five deviations of what is drawn.
  expect(Math.abs(exceeded / runs - 0.1)).toBeLessThan(5 * Math.sqrt((0.1 * 0.9) / runs) + 0.02);
});

test('never below the largest error, and more noise or certainty is never less', () => {
  const numbers = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(numbers, fc.double({ min: 1e-6, max: 1, noNaN: true }), (errors, deviation) => {
      const histogram = histogramOf(errors);
      const limit = largestError(histogram, deviation, 0.9);
      expect(limit).toBeGreaterThanOrEqual(histogram.largest);
      expect(largestError(histogram, 2 * deviation, 0.9)).toBeGreaterThanOrEqual(0.998 * limit);
      expect(largestError(histogram, deviation, 0.99)).toBeGreaterThanOrEqual(0.998 * limit);
    }),
  );
});

test('what is no number or infinite exceeds everything', () => {
  expect(largestError(histogramOf([NaN]), 0.1, 0.9)).toBe(Infinity);
  expect(largestError(histogramOf([Infinity, 1]), 0.1, 0.9)).toBe(Infinity);
});

test('the deviation of normals, and of what has heavier tails', () => {
  const random = seededRandom(6);
  const [normal, mixed] = [new NoiseMoments(), new NoiseMoments()];
  for (let i = 0; i < 20_000; i++) {
    normal.add(3 * random.gaussian());
    mixed.add((i % 20 === 0 ? 10 : 1) * random.gaussian());
  }
  expect(normal.deviation).toBeGreaterThan(2.9);
  expect(normal.deviation).toBeLessThan(3.15);
  // The root mean square is 2.4.
  expect(mixed.deviation).toBeGreaterThan(4);
  expect(new NoiseMoments().deviation).toBe(0);
});
