import { expect, test } from 'vitest';
import { noiseLimit, requestsPerRun } from '../../../../ir/interpret/shared-runs.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { batchPlan } from '../../../support/batch-plan.ts';
import { floats, model, node } from '../../../support/onnx-builder.ts';
import { compileBytes } from '../../../support/run-plans.ts';

test('the limit is where the noise of that many encryptions, were there no other, reaches the bound', () => {
  expect(noiseLimit({ maxError: 0.01, predictedMaxError: 0.0099 })).toBe(1);
  expect(noiseLimit({ maxError: 0.01, predictedMaxError: 0.004 })).toBe(6);
  expect(noiseLimit({ maxError: 0.01, predictedMaxError: 1e-6 })).toBe(16);
  expect(noiseLimit({ maxError: 0.01, predictedMaxError: 0.02 })).toBe(1);
});

test('a run is shared where zeros stay as small as samples', () => {
  const plan = batchPlan();
  expect(requestsPerRun(plan)).toBe(16);
  expect(requestsPerRun({ ...plan, weights: 'encrypted' })).toBe(1);
  expect(requestsPerRun({ ...plan, client: { ...plan.client, batch: 1 } })).toBe(1);
});

test('a run is not shared where zeros are far from all samples, and outgrow the modulus', () => {
  // Squared distances from a centre far from zero.
  const distances = model({
    inputs: { x: ['N', 2] },
    nodes: [node('Sub', 'x centre', 'd'), node('Mul', 'd d', 's'), node('MatMul', 's ones', 'y')],
    initializers: { centre: floats([2], [40, -30]), ones: floats([2, 1], [1, 1]) },
    outputs: ['y'],
  });
  const random = seededRandom(1);
  const around = (centre: number) => Math.fround(centre + 2 * random.uniform() - 1);
  const samples = Array.from({ length: 200 }, () => new Map([['x', Float64Array.of(around(40), around(-30))]]));
  const { plan } = compileBytes(distances, { samples, maxError: 0.001, optimize: 'throughput' });
  expect(plan.client.batch).toBeGreaterThan(1000);
  expect(requestsPerRun(plan)).toBe(1);
});
