/** Where the error of a plan comes from: its parts are consistent with each other and with what was predicted. */
import { describe, expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import { layersOf } from '../../../../ir/he/layers.ts';
import { activationFunction } from '../../../../ir/interpret/activations.ts';
import { evaluatePolynomial } from '../../../../ir/interpret/polynomial.ts';
import { evaluateAll } from '../../../../ir/interpret/tensor.ts';
import type { AccuracyReport } from '../../../../ir/plan/accuracy-report.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { dense, denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';

/** Two layers with activations between three dense ones. */
function activated(...kinds: readonly ('relu' | 'silu')[]): TensorModule {
  const builder = new TensorBuilder();
  let x = dense(builder, builder.add('input', [], { name: 'x', shape: [12] }, []), 8);
  for (const kind of kinds) {
    const origins = [{ name: `act${x}`, opType: kind, output: `a${x}` }];
    x = dense(builder, builder.add('activation', [x], { kind, parameters: [] }, origins), 6);
  }
  builder.add('output', [x], { name: 'y' }, []);
  return builder.build('activated');
}

function compiled(module: TensorModule, options: { maxError?: number; batch?: number } = {}) {
  const samples = samplesOf(module, 24);
  const { plan } = compileGraph(graphOf(module), { samples, ...options });
  const { accuracy } = plan;
  if (accuracy === undefined) throw new Error('a compiled plan has a report of its accuracy');
  return { plan, accuracy, samples };
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const parts = ({ layers }: AccuracyReport, of: 'noise' | 'approximation'): number[] =>
  layers.flatMap((layer) => layer[of] ?? []);

describe('noise', () => {
  test.each([
    ['of one sample', {}],
    ['of a batch', { batch: 16 }],
  ])('by layer adds up to the whole, %s', (_, options) => {
    const { plan, accuracy } = compiled(denseChain([24, 16, 8, 4]), options);
    const whole = accuracy.noise?.typical ?? NaN;
    expect(whole).toBeGreaterThan(0);
    expect(accuracy.layers.map(({ name }) => name)).toEqual(layersOf(plan.program).names);
    const noise = parts(accuracy, 'noise');
    expect(noise).toHaveLength(accuracy.layers.length);
    // The whole is the sum of the parts, sample by sample and output by output, up to products of errors.
    expect(whole).toBeLessThan(1.01 * sum(noise));
    expect(whole).toBeGreaterThan(Math.max(...noise) / 4);
  });

  test('is like the prediction, where there is nothing else', () => {
    const { plan, accuracy } = compiled(denseChain([24, 16, 8, 4]));
    expect(accuracy.approximation).toEqual({ typical: 0, largest: 0, samples: 24 });
    const whole = accuracy.noise?.typical ?? NaN;
    expect(whole).toBeLessThan(plan.client.predictedMaxError);
    expect(whole).toBeGreaterThan(plan.client.predictedMaxError / 8);
  });
});

describe('approximation', () => {
  const module = activated('silu', 'silu');
  const { plan, accuracy, samples } = compiled(module, { maxError: 0.02 });

  test('is most of the predicted error, and at most the sum of its layers or so', () => {
    const { typical, largest } = accuracy.approximation;
    expect(typical).toBeGreaterThan(0);
    expect(largest).toBeGreaterThanOrEqual(typical);
    expect(largest).toBeLessThanOrEqual(0.02);
    expect(plan.client.predictedMaxError).toBeLessThan(2 * (largest + 8 * (accuracy.noise?.typical ?? 0)));
    // Layers do not add up exactly: the error of one goes through the curve of the next.
    expect(typical).toBeLessThan(1.5 * sum(parts(accuracy, 'approximation')));
  });

  test('is of the layers that have activations, and of no others', () => {
    const own = accuracy.layers.filter(({ approximation }) => approximation !== undefined).map(({ name }) => name);
    expect(own).toHaveLength(2);
    for (const { name, layer } of accuracy.activations) expect(accuracy.layers[layer]?.name).toContain(name);
  });

  test('curves are those of the plan, with all values of the samples in their histograms', () => {
    const values = samples.map((sample) => evaluateAll(module, sample));
    const nodes = module.nodes.filter(({ op }) => op === 'activation');
    expect(accuracy.activations).toHaveLength(nodes.length);
    for (const [k, curve] of accuracy.activations.entries()) {
      const operands = values.flatMap((own) => [...(own[nodes[k]?.operands[0] ?? -1] ?? [])]);
      expect(sum(curve.counts)).toBe(operands.length);
      expect(curve.least).toBeCloseTo(Math.min(...operands), 9);
      expect(curve.most).toBeCloseTo(Math.max(...operands), 9);
      expect(curve.center - curve.halfWidth).toBeLessThan(curve.least);
      expect(curve.center + curve.halfWidth).toBeGreaterThan(curve.most);
      const f = activationFunction({ kind: curve.kind, parameters: [...curve.parameters] });
      for (const x of operands) {
        const p = evaluatePolynomial('chebyshev', curve.coefficients, (x - curve.center) / curve.halfWidth);
        expect(Math.abs(p - f(x))).toBeLessThan(0.05);
      }
    }
  });
});

test('a line that stands for an activation has the range of its operands, and no error', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [12] }, []);
  // Samples are in [0, 1], far from both ends.
  const line = builder.add('activation', [x], { kind: 'clip', parameters: [-5, 5] }, [
    { name: 'line', opType: 'Clip', output: 'l' },
  ]);
  builder.add('output', [dense(builder, line, 3)], { name: 'y' }, []);
  const { accuracy } = compiled(builder.build('line'));
  const [curve] = accuracy.activations;
  if (curve === undefined) throw new Error('there is one activation');
  expect(curve.coefficients).toHaveLength(2);
  expect(curve.center - curve.halfWidth).toBeCloseTo(curve.least, 9);
  expect(evaluatePolynomial('chebyshev', curve.coefficients, 1)).toBeCloseTo(curve.most, 6);
  expect(accuracy.layers[curve.layer]?.approximation ?? 0).toBeLessThan(1e-9);
});
