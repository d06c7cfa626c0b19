/** What a model is measured by, and what counts as a loss. */
import { expect, test } from 'vitest';

import { Constant, vector } from '../../../ir/constant.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { metricFor } from '../../../pruning/metric.ts';
import { trainingSet } from '../../../pruning/training-set.ts';
import { createTrainer } from '../../../training/trainer.ts';
import { samplesOf } from '../../support/tiny-networks.ts';

const trainer = createTrainer();

/** y = diag(scale) x, of `outputs` elements. */
function scaled(scale: number, outputs = 4): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const values = Float64Array.from({ length: outputs * 4 }, (_, i) => (i % 4 === Math.floor(i / 4) ? scale : 0));
  const attrs = { weights: new Constant([outputs, 4], values), bias: vector(new Float64Array(outputs)) };
  builder.add('output', [builder.add('dense', [x], attrs, [])], { name: 'y' }, []);
  return builder.build('scaled');
}

async function metricOf(module: TensorModule, labelled: boolean) {
  const samples = samplesOf(module, 40);
  const labels = samples.map(
    (sample) => sample.get('x')?.reduce((best, value, i, all) => (value > (all[best] ?? 0) ? i : best), 0) ?? 0,
  );
  const set = trainingSet(module, { samples, ...(labelled && { labels }) }, undefined, 1);
  const metric = await metricFor(module, set, trainer);
  const valueFor = async (each: TensorModule) => metric.valueOf(await trainer.evaluate(each, set.heldOut, metric.loss));
  return { metric, set, valueFor };
}

test('a model that gives back its input is an autoencoder, labels or none', async () => {
  for (const labelled of [true, false]) {
    const { metric, set, valueFor } = await metricOf(scaled(0.9), labelled);
    expect(metric.name).toBe('mean-square error');
    const meanSquare = set.heldOut.inputs.reduce((sum, x) => sum + x * x, 0) / set.heldOut.inputs.length;
    const [before, after] = [await valueFor(scaled(0.9)), await valueFor(scaled(0.8))];
    expect(before).toBeCloseTo(0.01 * meanSquare, 6);
    expect(metric.degradation(after, before)).toBeCloseTo(3, 4);
    expect(metric.degradation(before, before)).toBe(0);
  }
});

test('an autoencoder without any error loses nothing as long as it has none', async () => {
  const { metric, valueFor } = await metricOf(scaled(1), false);
  const before = await valueFor(scaled(1));
  expect(before).toBe(0);
  expect(metric.degradation(before, before)).toBe(0);
  expect(metric.degradation(await valueFor(scaled(0.9)), before)).toBe(Infinity);
});

test('as many outputs as inputs alone make no autoencoder: with labels accuracy counts', async () => {
  const { metric, valueFor } = await metricOf(scaled(5), true);
  expect(metric.name).toBe('accuracy');
  expect(await valueFor(scaled(5))).toBe(1);
  expect(await valueFor(scaled(-5))).toBeLessThan(0.3);
  expect(metric.degradation(0.9, 0.95)).toBeCloseTo(0.05, 12);
});

test('without labels the difference from the unpruned model does, as a share of its outputs', async () => {
  for (const [scale, outputs] of [
    [5, 4],
    [1, 3],
  ] as const) {
    const module = scaled(scale, outputs);
    const { metric, valueFor } = await metricOf(module, false);
    expect(metric.name).toBe('difference from the unpruned model');
    const before = await valueFor(module);
    expect(before).toBeLessThan(1e-9);
    const half = await valueFor(scaled(scale / 2, outputs));
    // Half of every output is gone; the scale is taken over other samples.
    expect(metric.degradation(half, before)).toBeGreaterThan(0.15);
    expect(metric.degradation(half, before)).toBeLessThan(0.35);
  }
});
