/** The layers that the page gets compute what the imported model does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { clearLayers } from '../../../../../../cli/actions/serving/demo/clear-layers.ts';
import { ownModels } from '../../../../../../cli/files/own-files.ts';
import { InternalError } from '../../../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import { ClearModel } from '../../../../../../service/page/models/clear-model.ts';
import { importModel } from '../../../../../support/run-plans.ts';

const models = ['mlp-784-128-128-10', 'ae-784-64-784', 'breast-cancer'];

test.each(models)('%s', (name) => {
  const { module, inputs } = importModel(readFileSync(join(ownModels, `${name}.onnx`)));
  const { layers, weights } = clearLayers(module);
  const [input = { name: '', shape: [] }] = inputs;
  const random = seededRandom(1);
  const x = Float64Array.from({ length: layers[0]?.inputs ?? 0 }, () => random.uniform());
  const [expected = new Float64Array()] = evaluateTensor(module, new Map([[input.name, x]])).values();
  const got = new ClearModel(layers, weights.buffer).evaluate(x);
  const largest = Math.max(...expected.map(Math.abs));
  expect(got.length).toBe(expected.length);
  got.forEach((value, i) => {
    expect(Math.abs(value - (expected[i] ?? NaN))).toBeLessThan(1e-4 * largest);
  });
});

test('what is no chain of layers and squares is refused', () => {
  const { module } = importModel(readFileSync(join(ownModels, 'mlp-784-128-128-10.onnx')));
  const nodes = module.nodes.map((node) => (node.op === 'multiply' ? { ...node, operands: [0, 0] } : node));
  expect(() => clearLayers({ ...module, nodes })).toThrow(InternalError);
});
