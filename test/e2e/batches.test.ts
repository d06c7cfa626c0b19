/** Batches that are not full: what their other slots hold must not spoil those that are read. */
import { expect, test } from 'vitest';
import { seededRandom } from '../../ir/random.ts';
import type { Sample } from '../../ir/interface.ts';
import { floats, model, node } from '../support/onnx-builder.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';

/** Squared distances of [a, b] from a centre far from zero. */
const distances = model({
  inputs: { x: ['N', 2] },
  nodes: [node('Sub', 'x centre', 'd'), node('Mul', 'd d', 's'), node('MatMul', 's ones', 'y')],
  initializers: { centre: floats([2], [40, -30]), ones: floats([2, 1], [1, 1]) },
  outputs: ['y'],
});

function near(count: number, seed: number): Sample[] {
  const random = seededRandom(seed);
  const around = (centre: number) => Math.fround(centre + 2 * random.uniform() - 1);
  return Array.from({ length: count }, () => new Map([['x', Float64Array.of(around(40), around(-30))]]));
}

test('a batch of thousands computes three samples, where zeros would be far from all of them', async () => {
  const maxError = 0.001;
  const { plan } = compileBytes(distances, { samples: near(200, 1), maxError, optimize: 'throughput' });
  expect(plan.client.batch).toBeGreaterThan(1000);
  const samples = near(3, 2);
  expect(relativeError(await runEncrypted(plan, samples), await reference(distances, samples))).toBeLessThan(maxError);
});
