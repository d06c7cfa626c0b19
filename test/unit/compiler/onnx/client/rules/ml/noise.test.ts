/** Steps on values that are decrypted, and so not quite what the model computes. */
import { expect, test } from 'vitest';

import { evaluateClient } from '../../../../../../../ir/interpret/client.ts';
import { model, node } from '../../../../../../support/onnx-builder.ts';
import { given } from '../../../cases/ml/case.ts';
import { importModel } from '../../../differential.ts';

test('the root of a zero with noise is a zero', () => {
  const nodes = [node('Mul', 'x x', 'h'), node('Sqrt', 'h', 'y')];
  const { steps, outputs } = importModel(model(given('', { inputs: { x: ['batch', 3] }, nodes }).spec));
  const decrypted = new Map(outputs.map(({ name }) => [name, Float64Array.of(4, -1e-6, 0)]));
  expect(steps.post && evaluateClient(steps.post, decrypted).get('y')).toEqual(Float64Array.of(2, 0, 0));
});
