/** A MobileNet whose chain is so long that the keys of all its rotations, or of powers of two, exceed the engine's memory. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../ir/random.ts';
import type { Sample } from '../../ir/interface.ts';
import { mobileNet } from '../support/mobilenet.ts';
import { compileBytes, reference, relativeError, simulate } from '../support/run-plans.ts';

function images(count: number, seed: number): Sample[] {
  const random = seededRandom(seed);
  return Array.from(
    { length: count },
    () => new Map([['x', Float64Array.from({ length: 3 * 32 * 32 }, () => Math.fround(random.uniform()))]]),
  );
}

test.each([
  ['square', 0.01],
  ['Relu', 0.03],
] as const)('with %s fits 3.5 GiB', async (activation, maxError) => {
  const bytes = mobileNet(activation);
  const { plan, chosen } = compileBytes(bytes, { samples: images(64, 1), maxError });
  expect(plan.statistics.peakBytes).toBeLessThanOrEqual(3.5 * 2 ** 30);
  expect(chosen.measures.peakBytes).toBe(plan.statistics.peakBytes);
  if (activation === 'Relu') expect(plan.client.parameters.primes.length).toBeGreaterThan(20);
  const fresh = images(4, 2);
  expect(relativeError(simulate(plan, fresh, 3), await reference(bytes, fresh))).toBeLessThan(maxError);
});
