import { expect, test } from 'vitest';
import { seededRandom } from '../../ir/random.ts';
import { fiftyLayers, fiftyLayersInput } from '../support/fifty-layers.ts';
import { compileBytes, reference, relativeError, simulate } from '../support/run-plans.ts';

test('a network of 50 layers compiles in under 60 s', async () => {
  const random = seededRandom(9);
  const samples = Array.from({ length: 64 }, () => {
    const values = Float64Array.from({ length: fiftyLayersInput }, () => Math.fround(2 * random.uniform() - 1));
    return new Map([['x', values]]);
  });
  const bytes = fiftyLayers();
  const start = performance.now();
  const { plan } = compileBytes(bytes, { samples: samples.slice(32), maxError: 0.01 });
  expect(performance.now() - start).toBeLessThan(60_000);
  const fresh = samples.slice(0, 4);
  expect(relativeError(simulate(plan, fresh, 3), await reference(bytes, fresh))).toBeLessThan(0.01);
});
