/** Example models against onnxruntime and against what their plans predict; at night all of them, on more images. */
import { describe, expect, test } from 'vitest';

import { referenceOn } from '../../compiler/parameters/reference.ts';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import {
  argmaxAgreement,
  compileBytes,
  importModel,
  reference,
  relativeError,
  runEncrypted,
  runInTheClear,
  simulate,
} from '../support/run-plans.ts';
import { casesOf, isNightly } from '../support/setup/suite.ts';

const images = mnistImages();
const calibration = images.slice(128);

const plans = new Map<string, Plan>();

/** Compiled once for all tests. */
function planOf(name: string): Plan {
  const known = plans.get(name);
  if (known !== undefined) return known;
  const maxError = exampleModels.find((model) => model.name === name)?.maxError ?? 0;
  const { plan } = compileBytes(modelBytes(name), { samples: calibration, maxError });
  plans.set(name, plan);
  return plan;
}

const count = casesOf({ normal: 64, nightly: 256 });

/** A classifier and an autoencoder in the normal suite; the others' operations and bytes are in counts.test.ts. */
const quick: ReadonlySet<string> = new Set(['cryptonets', 'ae-784-64-784']);
const chosen = exampleModels.filter(({ name }) => isNightly || quick.has(name));

describe.each(chosen)('$name', ({ name, maxError, classifies }) => {
  const bytes = modelBytes(name);

  test(`computes what onnxruntime computes on ${count} images, under simulated noise`, async () => {
    const inputs = images.slice(0, count);
    const expected = await reference(bytes, inputs);
    const got = simulate(planOf(name), inputs, 2);
    expect(relativeError(got, expected)).toBeLessThan(maxError);
    if (classifies) expect(argmaxAgreement(got, expected)).toBeGreaterThanOrEqual(0.99);
  });
});

test.each(isNightly ? ['mlp-784-128-128-10', 'cryptonets', 'ae-784-64-784'] : ['ae-784-64-784'])(
  '%s runs encrypted, as accurately as predicted',
  async (name) => {
    const bytes = modelBytes(name);
    const maxError = exampleModels.find((model) => model.name === name)?.maxError ?? 0;
    const plan = planOf(name);
    // Compared on the samples that the prediction is made on, and in doubles: onnxruntime's floats err by 1e-6.
    const { chosen, unit } = referenceOn(importModel(bytes).module, calibration);
    const samples = chosen.quick.map(({ sample }) => sample);
    const outputs = chosen.quick.map((row) => row.outputs);
    const got = await runEncrypted(plan, samples);
    expect(relativeError(got, await reference(bytes, samples), unit)).toBeLessThan(maxError);
    // Noise is normal under one key, and its variance at a slot at worst exponential over keys (`ir/interpret/noise.ts`), so
    // that n errors exceed t deviations with probability n·e^(−√2 t): for three predictions, of 4.5 deviations and 160 errors
    // or 5.5 and 12544, that is 1e-6.
    expect(relativeError(got, outputs, unit)).toBeLessThan(3 * plan.client.predictedMaxError);
    // The mean of ten such variances is below a ninth of what is expected with probability 3e-7.
    const deviation = plan.search?.accuracy?.noise ?? NaN;
    const measured = rootMeanSquare(differences(got, runInTheClear(plan, samples))) / unit;
    expect(measured).toBeGreaterThan(deviation / 3);
    expect(measured).toBeLessThan(3 * deviation);
  },
);

function differences(some: readonly Sample[], others: readonly Sample[]): number[] {
  return some.flatMap((outputs, k) =>
    [...outputs].flatMap(([name, values]) =>
      Array.from(values, (value, i) => value - (others[k]?.get(name)?.[i] ?? NaN)),
    ),
  );
}

function rootMeanSquare(values: readonly number[]): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

// Of a small model in both suites, in cli-client-server.test.ts.
if (isNightly)
  test('encrypted weights give the same answers', async () => {
    const bytes = modelBytes('ae-784-64-784');
    const { plan } = compileBytes(bytes, { samples: calibration, maxError: 0.001, weights: 'encrypted' });
    const samples = images.slice(0, 2);
    expect(relativeError(await runEncrypted(plan, samples), await reference(bytes, samples))).toBeLessThan(0.001);
  });
