/** Quantised models as onnxruntime.quantization writes them, with inputs of uint8 (`tools/quantize-digits.py`). */
import { readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { listSamples, loadSamples } from '../../runtime/samples.ts';
import {
  argmaxAgreement,
  compileBytes,
  importModel,
  reference,
  relativeError,
  runEncrypted,
} from '../support/run-plans.ts';

const read = (name: string) => new Uint8Array(readFileSync(new URL(`../models/${name}`, import.meta.url)));

test.each([
  // Its ReLU is the lower bound of a QuantizeLinear; the convolution reads uint8 pixels.
  ['QuantizeLinear and DequantizeLinear', 'digits-qdq.onnx', 'relu'],
  ['DynamicQuantizeLinear, ConvInteger and MatMulInteger', 'digits-dynamic.onnx', 'relu'],
])('%s', async (_, file, activation) => {
  const bytes = read(file);
  const { inputs } = importModel(bytes);
  const samples = listSamples(loadSamples(read('digits-test128.npz'), 'digits-test128.npz', inputs));
  const { plan, warnings, modules } = compileBytes(bytes, { samples, maxError: 0.2 });
  expect(modules.exact.nodes.flatMap((node) => (node.op === 'activation' ? [node.attrs.kind] : []))).toEqual([
    activation,
  ]);
  expect(warnings.map(({ code }) => code)).toContain('H345');
  const few = samples.slice(0, 4);
  const [expected, got] = [await reference(bytes, few), await runEncrypted(plan, few)];
  expect(relativeError(got, expected)).toBeLessThan(2 * plan.client.predictedMaxError);
  expect(plan.client.predictedMaxError).toBeLessThan(0.2);
  expect(argmaxAgreement(got, expected)).toBeGreaterThanOrEqual(0.75);
});

test('roundings that exceed the error are refused before any search', () => {
  const bytes = read('digits-qdq.onnx');
  const { inputs } = importModel(bytes);
  const samples = listSamples(loadSamples(read('digits-test128.npz'), 'digits-test128.npz', inputs));
  expect(() => compileBytes(bytes, { samples, maxError: 0.001 })).toThrow('H346');
});
