/** The modules that the importer makes: which ops, how many, and from which nodes. */
import { expect, test } from 'vitest';

import { importOnnx } from '../../../../compiler/onnx/import.ts';
import { modelOutputs } from '../../../../ir/client/steps.ts';
import { evaluateClient } from '../../../../ir/interpret/client.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { elementType, floats, int64s, model, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { scalar, weights } from './cases/case.ts';
import { importModel } from './differential.ts';

function opsOf(spec: ModelSpec): string[] {
  return importModel(model(spec)).module.nodes.map(({ op, type }) => `${op} [${type.join(', ')}]`);
}

const inputs = { x: ['batch', 3, 4] };

test('a layer is one dense, whatever reshapes stand before it', () => {
  const nodes = [
    node('Flatten', 'x', 'f'),
    node('Gemm', 'f w b', 'g', { alpha: { float: 2 } }),
    node('Reshape', 'g s', 'y'),
  ];
  const initializers = { w: weights(12, 4), b: weights(4), s: int64s([3], [0, 2, 2]) };
  expect(opsOf({ inputs, nodes, initializers, outputs: ['y'] })).toEqual([
    'input [3, 4]',
    'dense [4]',
    'gather [2, 2]',
    'output [2, 2]',
  ]);
});

test('a product with itself is a square, also of a reshaped value', () => {
  const nodes = [node('Flatten', 'x', 'f'), node('Mul', 'f f', 's'), node('Pow', 's two', 'y')];
  const { module } = importModel(model({ inputs, nodes, initializers: { two: scalar(2) }, outputs: ['y'] }));
  const squares = module.nodes.filter(({ op }) => op === 'multiply');
  expect(squares).toHaveLength(2);
  for (const { operands } of squares) expect(operands[0]).toBe(operands[1]);
});

test('a Conv over static samples is one conv with more groups', () => {
  const nodes = [node('Conv', 'x w', 'y')];
  expect(
    opsOf({ inputs: { x: [2, 3, 5, 5] }, nodes, initializers: { w: weights(4, 3, 2, 2) }, outputs: ['y'] }),
  ).toEqual(['input [2, 3, 5, 5]', 'gather [6, 5, 5]', 'conv [8, 4, 4]', 'gather [2, 4, 4, 4]', 'output [2, 4, 4, 4]']);
});

test('patterns become one activation that names all its nodes', () => {
  const nodes = [node('Sigmoid', 'x', 's'), node('Mul', 'x s', 'y')];
  const { module } = importModel(model({ inputs, nodes, outputs: ['y'] }));
  expect(module.nodes.map(({ op }) => op)).toEqual(['input', 'activation', 'output']);
  expect(module.nodes[1]).toMatchObject({ attrs: { kind: 'silu' } });
  expect(module.nodes[1]?.origins.map(({ opType }) => opType)).toEqual(['Sigmoid', 'Mul']);
});

test('the gate of a pattern stays where another node reads it', () => {
  const nodes = [node('Sigmoid', 'x', 's'), node('Mul', 'x s', 'm'), node('Add', 'm s', 'y')];
  const { module } = importModel(model({ inputs, nodes, outputs: ['y'] }));
  expect(module.nodes.filter(({ op }) => op === 'activation')).toHaveLength(2);
});

test('what no output depends on is neither imported nor refused', () => {
  const nodes = [node('Relu', 'x', 'y'), node('MaxPool', 'x', 'm', { kernel_shape: [2] }), node('Exp', 'm', 'n')];
  expect(opsOf({ inputs, nodes, outputs: ['y'] })).toEqual(['input [3, 4]', 'activation [3, 4]', 'output [3, 4]']);
});

test('an output may be an input', () => {
  expect(opsOf({ inputs, nodes: [], outputs: ['x'] })).toEqual(['input [3, 4]', 'output [3, 4]']);
});

test('operators that onnxruntime has no kernel for', () => {
  const nodes = [node('Upsample', 'x', 'u', { scales: { floats: [1, 1, 2] } })];
  const upsample = importModel(model({ opset: 7, inputs: { x: [1, 2, 2] }, nodes, outputs: ['u'] })).module;
  expect(evaluateTensor(upsample, new Map([['x', Float64Array.of(1, 2, 3, 4)]])).get('u')).toEqual(
    Float64Array.of(1, 1, 2, 2, 3, 3, 4, 4),
  );
  const swish = [node('Swish', 'x', 'y', { alpha: { float: 2 } })];
  const module = importModel(model({ opset: 24, inputs: { x: [1] }, nodes: swish, outputs: ['y'] })).module;
  const [y] = evaluateTensor(module, new Map([['x', Float64Array.of(1.5)]])).get('y') ?? [];
  expect(y).toBeCloseTo(1.5 / (1 + Math.exp(-3)), 12);
});

test('parameters of clips and slopes are finite', () => {
  const nodes = [node('Clip', 'x low', 'a'), node('PRelu', 'a slopes', 'y')];
  const initializers = { low: scalar(-1), slopes: floats([3, 1], [0.1, 0.2, 0.3]) };
  const { module } = importModel(model({ inputs, nodes, initializers, outputs: ['y'] }));
  expect(module.nodes[1]).toMatchObject({ attrs: { kind: 'clip', parameters: [-1, Number.MAX_VALUE] } });
  expect(module.nodes[2]).toMatchObject({ attrs: { kind: 'prelu' }, type: [3, 4] });
});

test('an encrypted integer is one for every step that reads it', () => {
  const { steps, outputs } = importModel(
    model({
      inputs: { x: ['batch', 4] },
      types: { x: elementType.int64 },
      nodes: [node('Add', 'x x', 's'), node('ArgMax', 's', 'i', { axis: 1 }), node('Mod', 's three', 'y')],
      initializers: { three: int64s([1], [3]) },
      outputs: ['i', 'y'],
    }),
  );
  expect(modelOutputs(steps, outputs).map(({ elements }) => elements)).toEqual(['integer', 'integer']);
  // What comes out of a decryption is almost an integer.
  const post = steps.post ?? raise();
  const answer = evaluateClient(post, new Map([['s', Float64Array.of(1.9999, 4.0001, 5.9999, 0)]]));
  expect(answer.get('y')).toEqual(Float64Array.of(2, 1, 0, 0));
});

function raise(): never {
  throw new Error('there are no steps');
}

test.each([
  ['main_graph', '/models/dense-net.onnx', 'dense-net'],
  ['torch_jit', 'C:\\models\\digits.v2.onnx', 'digits.v2'],
  ['main_graph', '-', 'main_graph'],
  ['main_graph', 'a\u001b[2J.onnx', 'main_graph'],
  ['digits', '/models/dense-net.onnx', 'digits'],
])('a graph called %j in %j is %j', (graphName, fileName, name) => {
  const bytes = model({ graphName, inputs: { x: [2] }, nodes: [node('Identity', 'x', 'y')], outputs: ['y'] });
  expect(importOnnx({ bytes, fileName, readExternal: () => undefined }).module.name).toBe(name);
});
