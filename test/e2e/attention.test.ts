/** Attention on a short sequence, encrypted: one head, a mask of minus infinity on what comes later, and its layers. */
import { expect, test } from 'vitest';

import { errorUnit } from '../../ir/maths/error-unit.ts';
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node } from '../support/onnx-builder.ts';
import { compileBytes, reference, relativeError, runEncrypted } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

function random(count: number, seed: number, spread = 1): number[] {
  const source = seededRandom(seed);
  return Array.from({ length: count }, () => spread * (2 * source.uniform() - 1));
}

function attention(tokens: number, width: number): Uint8Array {
  const layer = (seed: number) => floats([width, width], random(width * width, seed, 1.7 / Math.sqrt(width)));
  const causal = Array.from({ length: tokens * tokens }, (_, i) =>
    i % tokens <= Math.floor(i / tokens) ? 0 : -Infinity,
  );
  return model({
    opset: 17,
    inputs: { x: ['batch', tokens, width] },
    nodes: [
      node('MatMul', 'x wq', 'queries'),
      node('MatMul', 'x wk', 'keys'),
      node('MatMul', 'x wv', 'values'),
      node('Transpose', 'keys', 'columns', { perm: [0, 2, 1] }),
      node('MatMul', 'queries columns', 'products'),
      node('Mul', 'products alpha', 'scores'),
      node('Add', 'scores causal', 'seen'),
      node('Softmax', 'seen', 'shares', { axis: -1 }),
      node('MatMul', 'shares values', 'heads'),
      node('MatMul', 'heads wo', 'y'),
    ],
    initializers: {
      ...{ wq: layer(1), wk: layer(2), wv: layer(3), wo: layer(4) },
      alpha: floats([], [1 / Math.sqrt(width)]),
      causal: floats([tokens, tokens], causal),
    },
    outputs: ['y'],
  });
}

test.each([[3, 4] as const, ...(isNightly ? [[4, 8] as const] : [])])(
  'of %i tokens of width %i',
  async (tokens, width) => {
    const bytes = attention(tokens, width);
    const samples = Array.from({ length: 96 }, (_, k) => {
      return new Map([['x', Float64Array.from(random(tokens * width, 100 + k))]]);
    });
    const { plan } = compileBytes(bytes, { samples, maxError: 0.03 });
    const expected = await reference(bytes, samples);
    const unit = errorUnit(expected.map((outputs) => [...outputs.values()]));
    const got = await runEncrypted(plan, samples.slice(0, 2), 2);
    // No calibration sample exceeds what is predicted, with a probability of 99 %.
    expect(relativeError(got, expected.slice(0, 2), unit)).toBeLessThanOrEqual(plan.client.predictedMaxError);
    expect(plan.client.predictedMaxError).toBeLessThanOrEqual(0.03);
    // The first token sees itself alone, and its answer is that of its value.
    const later = samples.slice(0, 2).map((sample) => {
      const values = Float64Array.from(sample.get('x') ?? []).map((x, i) => (i < width ? x : -x));
      return new Map([['x', values]]);
    });
    const changed = await reference(bytes, later);
    for (const [k, answer] of changed.entries()) {
      const own = got[k]?.get('y')?.subarray(0, width) ?? [];
      const other = answer.get('y')?.subarray(0, width) ?? [];
      own.forEach((value, i) => {
        expect(Math.abs(value - (other[i] ?? NaN))).toBeLessThanOrEqual(plan.client.predictedMaxError * unit);
      });
    }
  },
  300_000,
);
