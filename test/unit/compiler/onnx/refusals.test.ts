/** What the importer refuses: every fault of a model at once, each at its node, with what to do instead. */
import { describe, expect, test } from 'vitest';

import { importOnnx } from '../../../../compiler/onnx/import.ts';
import { type Diagnostic, HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import {
  bools,
  elementType,
  encode,
  floats,
  int64s,
  model,
  type ModelSpec,
  node,
} from '../../../support/onnx-builder.ts';
import { multiheadAttention } from './cases/batches.ts';
import { scalar, weights } from './cases/case.ts';

function diagnosticsOf(spec: ModelSpec | Uint8Array): readonly Diagnostic[] {
  const bytes = spec instanceof Uint8Array ? spec : model(spec);
  try {
    importOnnx({ bytes, fileName: 'bad.onnx', readExternal: () => undefined });
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics;
    throw error;
  }
  return [];
}

function codesOf(spec: ModelSpec | Uint8Array): string[] {
  return diagnosticsOf(spec).map(({ code }) => code);
}

const x = { x: ['batch', 4] };
const image = { x: ['batch', 2, 4, 4] };

describe('operators', () => {
  test('all that are not supported are listed at once', () => {
    const found = diagnosticsOf({
      inputs: image,
      nodes: [
        node('MaxRoiPool', 'x r', 'a', { pooled_shape: [2, 2] }),
        node('Relu', 'a', 'b'),
        node('Det', 'b', 'c'),
        node('Flatten', 'c', 'd'),
        node('Softmax', 'd', 'e'),
        node('NoSuchOperator', 'e', 'y'),
        node('TopK', 'x k', 'unused'),
      ],
      initializers: { s: weights(2), r: weights(1, 5), k: int64s([1], [1]) },
      outputs: ['y'],
    });
    expect(found.map(({ code, at }) => [code, at.nodes?.[0]?.opType])).toEqual([
      ['H104', 'MaxRoiPool'],
      ['H104', 'Det'],
      ['H104', 'NoSuchOperator'],
    ]);
    expect(found[0]?.notes[0]).toMatch(/RoiAlign with constant regions/);
    expect(found[0]?.at).toEqual({
      file: 'bad.onnx',
      nodes: [{ name: 'MaxRoiPool_a', opType: 'MaxRoiPool', output: 'a' }],
    });
  });

  test('one error for all nodes of an operator', () => {
    const nodes = [
      node('MaxRoiPool', 'x r', 'a', { pooled_shape: [2, 2] }),
      node('MaxRoiPool', 'x r', 'b', { pooled_shape: [3, 3] }),
    ];
    const spec = { inputs: image, nodes: [...nodes, node('Sum', 'a b', 'y')], outputs: ['y'] };
    const found = diagnosticsOf({ ...spec, initializers: { r: weights(1, 5) } });
    expect(found.map(({ code, message }) => [code, message.slice(0, 60)])).toEqual([
      ['H104', 'MaxRoiPool is not supported (2 nodes, the first is named): i'],
    ]);
  });

  test('independent faults are all reported, what follows from one is not', () => {
    const found = diagnosticsOf({
      inputs: { x: ['batch', 4], z: ['batch', 4] },
      nodes: [
        node('Conv', 'x z', 'a'),
        node('Add', 'a x', 'b'),
        node('Dropout', 'z _ training', 'c'),
        node('Reshape', 'x fixed', 't'),
        node('Sum', 'a b c t', 'y'),
      ],
      initializers: { fixed: int64s([1], [4]), training: bools([], [true]) },
      outputs: ['y'],
    });
    expect(found.map(({ code, at }) => [code, at.nodes?.[0]?.opType])).toEqual(
      expect.arrayContaining([
        ['H105', 'Conv'],
        ['H105', 'Dropout'],
        ['H111', 'Reshape'],
      ]),
    );
    expect(found).toHaveLength(3);
  });

  test.each(['If', 'Loop'])('%s', (opType) => {
    const graph = { graph: { node: [] } };
    expect(codesOf({ inputs: x, nodes: [node(opType, 'x', 'y', { body: graph })], outputs: ['y'] })).toEqual(['H104']);
  });

  test.each([
    ['a scale that is an output', [node('DynamicQuantizeLinear', 'x', 'q y z')]],
    [
      'integers without their zero point',
      [node('DynamicQuantizeLinear', 'x', 'q s z'), node('Cast', 'q', 'y', { to: 1 })],
    ],
    [
      'a zero point of its own',
      [node('DynamicQuantizeLinear', 'x', 'q s z'), node('Cast', 'z', 'c', { to: 1 }), node('Add', 'x c', 'y')],
    ],
    [
      'the scale of another value',
      [
        node('DynamicQuantizeLinear', 'x', 'q s z'),
        node('DynamicQuantizeLinear', 'v', 'r t u'),
        node('DequantizeLinear', 'q t z', 'y'),
      ],
    ],
  ])('dynamic quantisation that is not undone: %s', (_, nodes) => {
    const found = diagnosticsOf({ inputs: { x: [2, 4], v: [2, 4] }, nodes, outputs: ['y'] });
    expect(found.map(({ code, at }) => [code, at.nodes?.[0]?.opType])).toContainEqual([
      'H105',
      'DynamicQuantizeLinear',
    ]);
    expect(found[0]?.notes[0]).toMatch(/quantize_static/);
  });

  test('samples that are mixed behind a rounding to nothing', () => {
    const spec = {
      inputs: { x: ['batch', 4] },
      nodes: [
        node('QuantizeLinear', 'x s', 'q'),
        node('DequantizeLinear', 'q s', 'd'),
        node('ReduceSum', 'd a', 'r'),
        node('Add', 'd r', 'y'),
      ],
      initializers: { s: scalar(1e6), a: int64s([1], [0]) },
      outputs: ['y'],
    };
    expect(codesOf(spec)).toEqual(['H111']);
  });

  test('a scale that is computed from inputs', () => {
    const found = diagnosticsOf({
      inputs: { x: ['batch', 4], s: [] },
      nodes: [node('QuantizeLinear', 'x s', 'q'), node('DequantizeLinear', 'q s', 'y')],
      outputs: ['y'],
    });
    expect(found[0]).toMatchObject({ code: 'H105', at: { nodes: [{ opType: 'QuantizeLinear' }] } });
    expect(found[0]?.message).toContain('the scale of a quantised value depends on an encrypted input');
  });

  test.each([
    ['a scale of zero', 'QuantizeLinear', { s: scalar(0) }, {}],
    ['scales that do not fit the axis', 'QuantizeLinear', { s: weights(3) }, {}],
    ['scales that do not fit the blocks', 'DequantizeLinear', { s: weights(3, 3) }, { block_size: 2, axis: 1 }],
  ])('quantisation by %s', (_, opType, initializers, attributes) => {
    const spec = { inputs: { x: [2, 4] }, opset: 21, nodes: [node(opType, 'x s', 'y', attributes)], outputs: ['y'] };
    expect(codesOf({ ...spec, initializers })).toEqual(['H106']);
  });

  test.each([
    ['Div', node('Div', 's c', 'y'), 'H105'],
    ['ReduceMean', node('ReduceMean', 's', 'y', { axes: [1] }), 'H121'],
  ])('%s of encrypted integers, which cuts off, is the client’s', (_, cut, inside) => {
    const initializers = { c: int64s([], [3]), one: int64s([], [1]) };
    const spec = { inputs: { x: ['batch', 4] }, types: { x: elementType.int64 }, initializers };
    const nodes = [node('CumSum', 'x one', 's'), cut];
    expect(codesOf({ ...spec, nodes, outputs: ['y'] })).toEqual([]);
    const behind = node('CumSum', 'y one', 'z');
    expect(codesOf({ ...spec, nodes: [...nodes, behind], outputs: ['z'] })).toEqual([inside]);
    // Arithmetic on inputs can be the client's too.
    expect(codesOf({ ...spec, nodes: [node('Mul', 'x x', 's'), cut, behind], outputs: ['z'] })).toEqual([]);
  });

  test('quantised and foreign operators', () => {
    const found = diagnosticsOf({
      domains: { 'com.microsoft': 1 },
      inputs: x,
      nodes: [
        { ...node('QLinearSoftmax', 'x w w w w', 'd'), domain: 'com.microsoft' },
        { ...node('NoSuchOperator', 'd w', 'y'), domain: 'com.microsoft' },
      ],
      initializers: { w: weights(4, 4) },
      outputs: ['y'],
    });
    expect(found.map(({ code }) => code)).toEqual(['H104', 'H104']);
    expect(found[0]?.notes[0]).toMatch(/op_types_to_quantize/);
    expect(found[1]?.message).toContain('com.microsoft');
  });

  test('training mode', () => {
    const initializers = { s: weights(2), t: { ...int64s([], [1]) } };
    expect(
      codesOf({
        inputs: image,
        nodes: [node('BatchNormalization', 'x s s s s', 'y', { training_mode: 1 })],
        initializers,
        outputs: ['y'],
      }),
    ).toEqual(['H105']);
    expect(codesOf({ inputs: x, nodes: [node('Dropout', 'x _ t', 'y')], initializers, outputs: ['y'] })).toEqual([
      'H105',
    ]);
  });

  test.each([
    ['a cast to integers', node('Cast', 'h', 'y', { to: 7 })],
    ['a largest place', node('Hardmax', 'h', 'y')],
  ])('%s ends a model, and is refused inside of one', (_, n) => {
    const initializers = { c: scalar(2), half: scalar(0.5), w: weights(4, 4) };
    const nodes = [node('Gemm', 'x w', 'h'), n];
    expect(codesOf({ inputs: x, nodes, initializers, outputs: ['y'] })).toEqual([]);
    const inside = [...nodes, node('Cast', 'y', 'f', { to: 1 }), node('MatMul', 'f w', 'z')];
    const [found, ...others] = diagnosticsOf({ inputs: x, nodes: inside, initializers, outputs: ['z'] });
    expect([found?.code, found?.at.nodes?.[0]?.opType]).toEqual(['H121', n.opType]);
    expect(others).toEqual([]);
  });

  test('reals are not asked for equality inside of a model', () => {
    const initializers = { c: scalar(2), w: weights(4, 4) };
    const nodes = [node('Gemm', 'x w', 'h'), node('Equal', 'h c', 'y')];
    expect(codesOf({ inputs: x, nodes, initializers, outputs: ['y'] })).toEqual([]);
    const inside = [...nodes, node('Cast', 'y', 'f', { to: 1 }), node('MatMul', 'f w', 'z')];
    const [found, ...others] = diagnosticsOf({ inputs: x, nodes: inside, initializers, outputs: ['z'] });
    expect([found?.code, found?.message]).toEqual([
      'H105',
      'two reals of which one is encrypted are asked for equality, and encrypted numbers have no last bit',
    ]);
    expect(others).toEqual([]);
  });

  test.each([['encrypted weights of a Conv', node('Conv', 'x x', 'y')]])('%s', (_, n) => {
    const initializers = { c: scalar(2) };
    expect(codesOf({ inputs: image, nodes: [n], initializers, outputs: ['y'] })).toEqual(['H105']);
  });
});

describe('the batch', () => {
  test.each([
    ['Flatten at 0', node('Flatten', 'x', 'y', { axis: 0 })],
    ['Flatten at 3', node('Flatten', 'x', 'y', { axis: 3 })],
    ['ReduceSum of everything', node('ReduceSum', 'x', 'y')],
    ['ReduceMean of axis 0', node('ReduceMean', 'x', 'y', { axes: [0] })],
    ['Concat along axis 0', node('Concat', 'x x', 'y', { axis: 0 })],
    ['Split of axis 0', node('Split', 'x', 'y z', { axis: 0 })],
    ['Gather of one sample', node('Gather', 'x zero', 'y')],
    ['Slice of samples', node('Slice', 'x one end zero', 'y')],
    ['Squeeze of it', node('Squeeze', 'x zero', 'y')],
    ['Reshape to a fixed batch', node('Reshape', 'x fixed', 'y')],
    ['Reshape that splits it', node('Reshape', 'x halves', 'y')],
    ['Tile of it', node('Tile', 'x twice', 'y')],
    ['Pad of it', node('Pad', 'x pads', 'y')],
    ['a constant for several samples', node('Add', 'x samples', 'y')],
    ['CumSum along it', node('CumSum', 'x zero', 'y')],
  ])('%s', (_, n) => {
    const initializers = {
      zero: int64s([1], [0]),
      one: int64s([1], [1]),
      end: int64s([1], [9]),
      fixed: int64s([2], [1, 32]),
      halves: int64s([2], [-1, 16]),
      twice: int64s([4], [2, 1, 1, 1]),
      pads: int64s([8], [1, 0, 0, 0, 0, 0, 0, 0]),
      samples: weights(3, 1, 1, 1),
    };
    expect(codesOf({ opset: 17, inputs: image, nodes: [n], initializers, outputs: ['y'] })).toEqual(['H111']);
  });

  test.each([
    ['Size', [node('Size', 'x', 's'), node('Cast', 's', 'c', { to: 1 }), node('Mul', 'x c', 'y')]],
    [
      'a mean over samples by hand',
      [
        node('Shape', 'x', 's'),
        node('Gather', 's zero', 'n'),
        node('Cast', 'n', 'c', { to: 1 }),
        node('Div', 'x c', 'y'),
      ],
    ],
    ['twice the batch size', [node('Shape', 'x', 's'), node('Add', 's s', 't'), node('Expand', 'x t', 'y')]],
    ['MatMul that sums over samples', [node('MatMul', 'w x', 'y')]],
  ])('%s', (_, nodes) => {
    const initializers = { zero: int64s([], [0]), w: weights(2, 3) };
    expect(codesOf({ inputs: x, nodes, initializers, outputs: ['y'] })).toEqual(['H111']);
  });
});

describe('the batch among other axes', () => {
  const hint = /^Exported with a batch of one/;

  test('what would work with a batch of one says so', () => {
    const first = { inputs: x, nodes: [node('Gather', 'x zero', 'y')], initializers: { zero: int64s([], [0]) } };
    expect(diagnosticsOf({ ...first, outputs: ['y'] })[0]?.notes).toContainEqual(expect.stringMatching(hint));
    expect(codesOf({ ...first, inputs: { x: [1, 4] }, outputs: ['y'] })).toEqual([]);
  });

  test('what would not says nothing of it', () => {
    const initializers = { fixed: int64s([2], [32, 1]) };
    const [found] = diagnosticsOf({
      inputs: x,
      nodes: [node('Reshape', 'x fixed', 'y')],
      initializers,
      outputs: ['y'],
    });
    expect(found?.code).toBe('H111');
    expect(found?.notes.some((note) => hint.test(note))).toBe(false);
  });

  test('neighbours that an activation hides on all samples', () => {
    const nodes = [
      node('Transpose', 'x', 't', { perm: [1, 0] }),
      node('CumSum', 't one', 's'),
      node('Clip', 's low high', 'c'),
      node('Transpose', 'c', 'y', { perm: [1, 0] }),
    ];
    const initializers = { one: int64s([], [1]), low: scalar(100), high: scalar(101) };
    expect(codesOf({ inputs: x, nodes, initializers, outputs: ['y'] })).toEqual(['H111']);
  });

  test('a largest place is all that is wrong with nn.MultiheadAttention that takes it in place of a softmax', () => {
    const { spec } = multiheadAttention([node('Hardmax', 'scores', 'attention', { axis: -1 })]);
    expect(diagnosticsOf(spec).map(({ code, at }) => [code, at.nodes?.[0]?.opType])).toEqual([['H121', 'Hardmax']]);
  });

  test('nothing is wrong with nn.MultiheadAttention', () => {
    const { spec } = multiheadAttention([node('Softmax', 'scores', 'attention', { axis: -1 })]);
    expect(codesOf(spec)).toEqual([]);
  });
});

describe('nodes that ONNX does not allow', () => {
  test.each([
    ['shapes that do not broadcast', node('Add', 'x w3', 'y')],
    ['a matrix that does not fit', node('Gemm', 'x w3', 'y')],
    ['an axis out of range', node('Flatten', 'x', 'y', { axis: 7 })],
    ['a reshape to another size', node('Reshape', 'x s', 'y')],
    ['an operand that is missing', node('Gemm', 'x', 'y')],
    ['an attribute of another type', node('Flatten', 'x', 'y', { axis: 'one' })],
    ['an index out of range', node('Gather', 'x nine', 'y', { axis: 1 })],
    ['a kernel that is too large', node('Conv', 'x k', 'y')],
    ['negative strides', node('AveragePool', 'x', 'y', { kernel_shape: [1, 1], strides: [-1, 1] })],
    ['an output that does not exist', node('Relu', 'x', 'z y')],
    ['a flag that is neither 0 nor 1', node('CumSum', 'x axis', 'y', { exclusive: 2 })],
    ['an output_shape out of reach', node('ConvTranspose', 'x t', 'y', { strides: [3, 3], output_shape: [14, 11] })],
  ])('%s', (_, n) => {
    const initializers = {
      w3: weights(3),
      s: int64s([2], [0, 7]),
      nine: int64s([1], [9]),
      k: weights(1, 2, 9, 9),
      t: weights(2, 1, 2, 2),
      axis: int64s([], [1]),
      one: int64s([1], [1]),
    };
    expect(codesOf({ inputs: image, nodes: [n], initializers, outputs: ['y'] })).toEqual(['H106']);
  });
});

test('what onnxruntime computes and ONNX does not allow', () => {
  const initializers = { s: weights(2, 4) };
  const spec = { initializers, outputs: ['y'] };
  expect(codesOf({ ...spec, inputs: { x: [2, 1] }, nodes: [node('PRelu', 'x s', 'y')] })).toEqual(['H106']);
  const split = node('Split', 'x', 'y z', { axis: 1, num_outputs: 3 });
  expect(codesOf({ ...spec, opset: 18, inputs: { x: [2, 4] }, nodes: [split] })).toEqual(['H106']);
});

test('the largest of no elements, where a value needs it', () => {
  const spec = {
    inputs: x,
    nodes: [node('ReduceMax', 'none', 'most', { axes: [0], keepdims: 0 }), node('Add', 'x most', 'y')],
    initializers: { none: floats([0], []) },
    outputs: ['y'],
  };
  expect(codesOf(spec)).toEqual(['H108']);
});

describe('the interface', () => {
  test('dynamic axes behind the first, one diagnostic each', () => {
    const found = diagnosticsOf({
      inputs: { x: ['batch', 'h', 'w'], z: [3, 'n'] },
      nodes: [node('Relu', 'x', 'y')],
      outputs: ['y'],
    });
    expect(found.map(({ code }) => code)).toEqual(['H110', 'H110', 'H110']);
    expect(found[0]?.message).toBe('axis 1 of input "x" is dynamic (h)');
  });

  test('a dynamic axis that is not the first, and no batch', () => {
    const sum = [node('ReduceSum', 'x axis', 'y')];
    const initializers = { axis: int64s([1], [1]) };
    expect(codesOf({ inputs: { x: [4, 'n'] }, nodes: sum, initializers, outputs: ['y'] })).toEqual(['H110']);
    const inputs = { x: [4, 'n'], z: ['m', 4] };
    expect(codesOf({ inputs, nodes: [node('MatMul', 'x z', 'y')], outputs: ['y'] })).toEqual(['H110']);
  });

  test('inputs that are no numbers', () => {
    const spec = { inputs: x, nodes: [node('Cast', 'x', 'y', { to: 1 })], outputs: ['y'] };
    expect(codesOf({ ...spec, types: { x: elementType.int64 } })).toEqual([]);
    expect(codesOf({ ...spec, types: { x: 14 } })).toEqual(['H113']);
    const texts = { ...spec, types: { x: elementType.string }, nodes: [node('Relu', 'x', 'y')] };
    expect(codesOf(texts)).toEqual(['H124']);
    expect(codesOf({ ...texts, nodes: [node('Identity', 'x', 'y')] })).toEqual(['H123']);
  });

  test('an input without a shape', () => {
    const bytes = encode({
      opsetImport: [{ version: 17 }],
      graph: { input: [{ name: 'x', type: { tensorType: { elemType: 1 } } }], output: [{ name: 'x' }] },
    });
    expect(codesOf(bytes)).toEqual(['H110']);
  });

  test('outputs that are constants alone', () => {
    const spec = { inputs: x, nodes: [node('Relu', 'x', 'y')], initializers: { c: weights(2) } };
    expect(codesOf({ ...spec, outputs: ['c'] })).toEqual(['H114']);
    expect(codesOf({ ...spec, outputs: ['y', 'c'] })).toEqual([]);
  });

  test.each([
    [
      'the shape of an input',
      node('Shape', 'x', 'y'),
      /"y" does not depend on any input: it is always \[the batch size, 4\]/,
    ],
    ['nothing of an input', node('Slice', 'x one one one', 'y'), /"y" does not depend .* without elements, of shape/],
    ['many numbers', node('Identity', 'many', 'y'), /always the same 12 elements of shape \[3, 4\]/],
  ])('what a constant output is: %s', (_, only, message) => {
    const initializers = { one: int64s([1], [1]), many: floats([3, 4], new Float64Array(12)) };
    const bytes = model({ inputs: x, nodes: [only], initializers, outputs: ['y'] });
    expect(() => importOnnx({ bytes, fileName: 'm.onnx', readExternal: () => undefined })).toThrow(message);
  });

  test('outputs by name that there are not', () => {
    const bytes = model({
      inputs: x,
      nodes: [node('Relu', 'x', 'hidden'), node('Exp', 'hidden', 'y')],
      outputs: ['y'],
    });
    const source = { bytes, fileName: 'm.onnx', readExternal: () => undefined };
    expect(() => importOnnx(source, { outputs: ['hiden'] })).toThrow(/H122.*"hiden"[^]*Did you mean "hidden"/);
    expect(importOnnx(source, { outputs: ['hidden'] }).steps).toEqual({});
  });

  test('an output without elements', () => {
    const nodes = [node('Slice', 'x one one one', 'y')];
    expect(codesOf({ inputs: x, nodes, initializers: { one: int64s([1], [1]) }, outputs: ['y'] })).toEqual(['H114']);
  });

  test('an input that nothing depends on is a warning', () => {
    const bytes = model({
      inputs: { x: [2], z: [2] },
      nodes: [node('Relu', 'x', 'y'), node('Exp', 'z', 'dead')],
      outputs: ['y'],
    });
    const imported = importOnnx({ bytes, fileName: 'm.onnx', readExternal: () => undefined });
    expect(imported.warnings.map(({ code }) => code)).toEqual(['H115']);
    expect(imported.module.nodes.filter(({ op }) => op === 'input')).toHaveLength(2);
  });

  test('operator sets', () => {
    const spec = { inputs: x, nodes: [node('Relu', 'x', 'y')], outputs: ['y'] };
    expect(codesOf({ ...spec, opset: 0 })).toEqual(['H103']);
    expect(codesOf({ ...spec, opset: 99 })).toEqual(['H103']);
    expect(codesOf(encode({ graph: { output: [{ name: 'y' }] } }))).toEqual(['H103']);
  });
});

describe('the graph', () => {
  const relu = node('Relu', 'x', 'y');

  test('cycles, undefined names and double definitions', () => {
    expect(codesOf({ inputs: x, nodes: [node('Add', 'x b', 'a'), node('Relu', 'a', 'b')], outputs: ['b'] })).toEqual([
      'H102',
    ]);
    expect(codesOf({ inputs: x, nodes: [node('Add', 'x nowhere', 'y')], outputs: ['y', 'gone'] })).toEqual([
      'H102',
      'H102',
    ]);
    expect(codesOf({ inputs: x, nodes: [relu, node('Tanh', 'x', 'y')], outputs: ['y'] })).toEqual(['H102']);
    expect(codesOf({ inputs: x, nodes: [node('Relu', 'x', 'x')], outputs: ['x'] })).toEqual(['H102']);
    expect(codesOf({ inputs: x, nodes: [relu], outputs: ['y', 'y'] })).toEqual(['H102']);
    expect(codesOf({ inputs: x, nodes: [relu], outputs: [] })).toEqual(['H102']);
    expect(codesOf({ inputs: {}, nodes: [relu], initializers: { x: weights(2) }, outputs: ['y'] })).toEqual(['H102']);
  });

  test('sparse initializers', () => {
    expect(codesOf({ inputs: x, nodes: [relu], sparseInitializers: ['s'], outputs: ['y'] })).toEqual(['H102']);
  });

  test('initializers that are inputs too, as before IR version 4, are constants', () => {
    const bytes = model({
      irVersion: 3,
      inputs: { x: ['batch', 4], w: [4, 2] },
      nodes: [node('MatMul', 'x w', 'y')],
      initializers: { w: weights(4, 2) },
      outputs: ['y'],
    });
    const { inputs } = importOnnx({ bytes, fileName: 'm.onnx', readExternal: () => undefined });
    expect(inputs).toEqual([{ name: 'x', shape: [4], hasBatchAxis: true }]);
  });
});
