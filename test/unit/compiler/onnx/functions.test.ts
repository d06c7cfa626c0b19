/** Functions of the model: inlined as onnxruntime has it, or refused with a diagnostic. */
import { describe, expect, test } from 'vitest';

import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { type FunctionSpec, model, type ModelSpec, node, type NodeSpec } from '../../../support/onnx-builder.ts';
import { given, scalar, weights } from './cases/case.ts';
import { expectSameAsOnnxruntime, importModel } from './differential.ts';

const domains = { local: 1 };

function call(name: string, inputs: string, outputs: string, attributes: NodeSpec['attributes'] = {}): NodeSpec {
  return { ...node(name, inputs, outputs, attributes), domain: 'local' };
}

function local(name: string, inputs: string, outputs: string, rest: Partial<FunctionSpec>): FunctionSpec {
  return { domain: 'local', name, inputs, outputs, nodes: [], ...rest };
}

const layer = local('Layer', 'x w', 'y', { nodes: [node('MatMul', 'x w', 'h'), node('Mul', 'h h', 'y')] });
const leaky = local('Leaky', 'x', 'y', {
  attributes: ['slope'],
  nodes: [node('LeakyRelu', 'x', 'y', { alpha: { reference: 'slope', type: 'FLOAT' } })],
});
const initializers = { w: weights(4, 3), v: weights(3, 2), s: scalar(2) };

const cases = [
  given('called twice, with names that the graph has too', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Layer', 'x w', 'h'), call('Layer', 'h v', 'y')],
    functions: [layer],
  }),
  given('nested, and listed in any order', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Net', 'x w', 'y')],
    functions: [
      local('Net', 'a b', 'c', {
        opsets: { '': 17, local: 1 },
        nodes: [call('Layer', 'a b', 'h'), call('Leaky', 'h', 'c', { slope: { float: 0.3 } })],
      }),
      layer,
      leaky,
    ],
  }),
  given('an attribute by reference through two functions', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Outer', 'x', 'y', { alpha: { float: -0.5 } })],
    functions: [
      local('Outer', 'x', 'y', {
        attributes: ['alpha'],
        opsets: { local: 1 },
        nodes: [call('Leaky', 'x', 'y', { slope: { reference: 'alpha', type: 'FLOAT' } })],
      }),
      leaky,
    ],
  }),
  given('the default of an attribute, and another value', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Leaky', 'x', 'h'), call('Leaky', 'h', 'y', { slope: { float: 0.2 } })],
    functions: [{ ...leaky, attributes: [], defaults: { slope: { float: -0.7 } } }],
  }),
  given('a tensor by reference', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Times', 'x', 'y', { by: { tensor: weights(4, 3) } })],
    functions: [
      local('Times', 'x', 'y', {
        attributes: ['by'],
        nodes: [node('Constant', '', 'w', { value: { reference: 'by', type: 'TENSOR' } }), node('MatMul', 'x w', 'y')],
      }),
    ],
  }),
  given('operands and results that are left out', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Bounded', 'x _ s', '_ y')],
    functions: [
      local('Bounded', 'x low high', 'half y', {
        nodes: [node('Clip', 'x low high', 'half'), node('Clip', 'half low high', 'c'), node('Add', 'c half', 'y')],
      }),
    ],
  }),
  given('trailing operands that are left out', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Bounded', 'x', 'y')],
    functions: [local('Bounded', 'x low', 'y', { nodes: [node('Clip', 'x low', 'c'), node('Mul', 'c c', 'y')] })],
  }),
  given('the name of an operator', {
    inputs: { x: ['batch', 4] },
    nodes: [call('Gemm', 'x w', 'y')],
    functions: [{ ...layer, name: 'Gemm' }],
  }),
];

test.each(cases.map(({ name, spec }) => [name, spec] as const))('%s', async (_, spec) => {
  await expectSameAsOnnxruntime({ domains, initializers, ...spec });
});

// onnxruntime takes the operator set of the model instead.
test('an operator set of its own', () => {
  const nodes = [node('ReduceMean', 'x', 'y', { axes: [1], keepdims: 0 })];
  const importAt = (version: number) =>
    importModel(
      model({
        ...{ opset: 18, domains, inputs: { x: ['batch', 4] }, nodes: [call('Mean', 'x', 'y')], outputs: ['y'] },
        functions: [local('Mean', 'x', 'y', { opsets: { '': version }, nodes })],
      }),
    );
  const { module } = importAt(13);
  expect(evaluateTensor(module, new Map([['x', Float64Array.of(1, 2, 3, 6)]])).get('y')).toEqual(Float64Array.of(3));
  expect(() => importAt(99)).toThrow('opset 99');
});

test('a result that is an operand', () => {
  const swap = local('Swap', 'a b', 'b a', {});
  const inputs = { x: [4], z: [4] };
  const { module } = importModel(
    model({ domains, inputs, nodes: [call('Swap', 'x z', 'p q')], outputs: ['p', 'q'], functions: [swap] }),
  );
  const sources = module.nodes.filter(({ op }) => op === 'output').map(({ operands: [x = -1] }) => module.nodes[x]);
  expect(sources.map((source) => source?.op === 'input' && source.attrs.name)).toEqual(['z', 'x']);
});

test('nodes of a function are named by the call', () => {
  const inner = { ...node('MatMul', 'x w', 'h'), name: 'product' };
  const functions = [{ ...layer, nodes: [inner, node('Relu', 'h', 'y')] }];
  const nodes = [{ ...call('Layer', 'x w', 'y'), name: 'first' }];
  const { module } = importModel(
    model({ domains, initializers, inputs: { x: [4] }, nodes, functions, outputs: ['y'] }),
  );
  expect(module.nodes[1]?.origins).toEqual([{ name: 'first/product', opType: 'MatMul', output: '1/h' }]);
});

describe('refused', () => {
  function diagnosticsOf(
    functions: readonly FunctionSpec[],
    nodes: readonly NodeSpec[],
    rest: Partial<ModelSpec> = {},
  ) {
    try {
      importModel(
        model({ domains, initializers, inputs: { x: ['batch', 4] }, nodes, functions, outputs: ['y'], ...rest }),
      );
    } catch (error) {
      if (error instanceof HepcError) return error.diagnostics;
      throw error;
    }
    return [];
  }
  const opsets = { '': 17, local: 1 };

  test('a function that calls itself by another', () => {
    const [found] = diagnosticsOf(
      [
        local('Even', 'x', 'y', { opsets, nodes: [call('Odd', 'x', 'y')] }),
        local('Odd', 'x', 'y', { opsets, nodes: [call('Even', 'x', 'y')] }),
      ],
      [{ ...call('Even', 'x', 'y'), name: 'start' }],
    );
    expect(found?.code).toBe('H120');
    expect(found?.message).toBe('the function Even calls itself');
    expect(found?.at.nodes?.[0]?.name).toBe('start/Odd_y/Even_y');
  });

  test.each([
    ['a function that stands twice', [layer, layer], [call('Layer', 'x w', 'y')], 'H102'],
    ['too many operands', [layer], [call('Layer', 'x w w', 'y')], 'H102'],
    ['a result that nothing computes', [local('None', 'x', 'y', {})], [call('None', 'x', 'y')], 'H102'],
    ['no operator set', [{ ...layer, opsets: {} }], [call('Layer', 'x w', 'y')], 'H103'],
    [
      'an operator that is not supported',
      [{ ...leaky, nodes: [node('Nothing', 'x', 'y')] }],
      [call('Leaky', 'x', 'y')],
      'H104',
    ],
  ])('%s', (_, functions, nodes, code) => {
    expect(diagnosticsOf(functions, nodes).map((own) => own.code)).toContain(code);
  });

  test.each([0, 1])('exponential expansion, with %i nodes at its end', (count) => {
    const doubled = Array.from({ length: 40 }, (_, i) =>
      local(`F${i}`, 'x', 'y', { opsets, nodes: [call(`F${i + 1}`, 'x', 'h'), call(`F${i + 1}`, 'h', 'y')] }),
    );
    const last = local('F40', 'x', 'x', { nodes: count === 0 ? [] : [node('Relu', 'x', 'y')] });
    expect(diagnosticsOf([...doubled, last], [call('F0', 'x', 'y')]).map(({ code }) => code)).toEqual(['H112']);
  });

  test('functions deep within one another', () => {
    const chain = Array.from({ length: 1000 }, (_, i) =>
      local(`F${i}`, 'x', 'y', { opsets, nodes: [call(`F${i + 1}`, 'x', 'y')] }),
    );
    expect(diagnosticsOf(chain, [call('F0', 'x', 'y')]).map(({ code }) => code)).toEqual(['H112']);
  });
});
