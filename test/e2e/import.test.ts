/** The example models on the example images: the imported module against onnxruntime. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../compiler/onnx/import.ts';
import { elementCount } from '../../ir/constant.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import { verify } from '../../ir/verify.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { loadSamples } from '../../runtime/samples.ts';

const folder = fileURLToPath(new URL('../../examples/models/', import.meta.url));
/** Of the largest output: onnxruntime computes in floats. */
const tolerance = 1e-5;

/** Shape of the output, and the ops after the input. */
const models: [string, readonly number[], readonly string[]][] = [
  ['cryptonets', [10], ['conv', 'multiply', 'dense', 'multiply', 'dense']],
  ['mlp-784-128-128-10', [10], ['dense', 'multiply', 'dense', 'multiply', 'dense']],
  ['ae-784-64-784', [784], ['dense', 'multiply', 'dense']],
  ['ae-784-256-64-256-784', [784], ['dense', 'multiply', 'dense', 'multiply', 'dense', 'multiply', 'dense']],
  ['ae-784-128-32-128-784', [784], ['dense', 'multiply', 'dense', 'multiply', 'dense', 'multiply', 'dense']],
];

describe('example models', () => {
  test.each(models)('%s', async (name, outputShape, ops) => {
    const bytes = readFileSync(`${folder}${name}.onnx`);
    const { module, inputs, outputs, warnings, opsets } = importOnnx({
      bytes,
      fileName: `${name}.onnx`,
      readExternal: () => undefined,
    });
    expect(inputs).toEqual([{ name: 'input', shape: [1, 28, 28], hasBatchAxis: true }]);
    expect(outputs).toEqual([{ name: 'output', shape: outputShape, hasBatchAxis: true }]);
    expect(warnings).toEqual([]);
    expect(opsets.get('')).toBe(17);
    expect(verify(module)).toEqual([]);
    expect(module.nodes.map(({ op }) => op)).toEqual(['input', ...ops, 'output']);

    const images = loadSamples(readFileSync(`${folder}mnist-test256.npz`), 'mnist-test256.npz', inputs);
    const samples = (images.inputs.get('input') ?? []).map((image) => new Map([['input', image]]));
    expect(samples.length).toBe(256);
    const reference = await ReferenceModel.load(bytes);
    const expected = await reference.runBatch(samples);
    await reference.close();
    const interpreter = new TensorInterpreter(module);
    let [worst, largest] = [0, 0];
    for (const [i, sample] of samples.entries()) {
      const actual = interpreter.evaluate(sample).get('output');
      const wanted = expected[i]?.get('output');
      expect(wanted?.length).toBe(elementCount(outputShape));
      wanted?.forEach((x, k) => {
        worst = Math.max(worst, Math.abs(x - (actual?.[k] ?? NaN)));
        largest = Math.max(largest, Math.abs(x));
      });
    }
    expect(worst / largest).toBeLessThan(tolerance);
  });
});
