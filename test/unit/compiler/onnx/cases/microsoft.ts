/** Operators of onnxruntime's own domain. */
import { elementType, floats, int64s, node, type NodeSpec, raw } from '../../../../support/onnx-builder.ts';
import { type Case, given, weights } from './case.ts';

const batch = 'batch';
const domains = { 'com.microsoft': 1 };

function own(opType: string, inputs: string, attributes: NodeSpec['attributes'] = {}): NodeSpec {
  return { ...node(opType, inputs, 'y', attributes), domain: 'com.microsoft' };
}

function of(name: string, parts: Parameters<typeof given>[1]): Case {
  return given(name, { domains, ...parts });
}

const products: Case[] = [
  of('FusedMatMul with a transposed constant', {
    inputs: { x: [batch, 3, 4] },
    nodes: [own('FusedMatMul', 'x w', { transB: 1, alpha: { float: 0.5 } })],
    initializers: { w: weights(5, 4) },
  }),
  of('FusedMatMul of a transposed batch', {
    inputs: { x: [batch, 2, 3, 4], z: [batch, 2, 3, 5] },
    nodes: [own('FusedMatMul', 'x z', { transA: 1 })],
  }),
  of('FusedMatMul with heads after rows', {
    inputs: { x: [3, 2, 4] },
    nodes: [own('FusedMatMul', 'x w', { transBatchA: 1 })],
    initializers: { w: weights(2, 4, 5) },
  }),
  of('TransposeMatMul', {
    inputs: { x: [4, 3] },
    nodes: [own('TransposeMatMul', 'x w', { transA: 1 })],
    initializers: { w: weights(4, 2) },
  }),
  ...['Relu', 'Sigmoid', 'Tanh'].map((activation) =>
    of(`FusedGemm with ${activation}`, {
      inputs: { x: [batch, 4] },
      nodes: [own('FusedGemm', 'x w b', { activation, transB: 1 })],
      initializers: { w: weights(3, 4), b: weights(3) },
    }),
  ),
  of('FusedGemm with LeakyRelu', {
    inputs: { x: [batch, 4] },
    nodes: [own('FusedGemm', 'x w b', { activation: 'LeakyRelu', activation_alpha: { float: 0.3 } })],
    initializers: { w: weights(4, 3), b: weights(3) },
  }),
  of('FusedConv with Relu', {
    inputs: { x: [batch, 2, 5, 5] },
    nodes: [own('FusedConv', 'x w b', { activation: 'Relu', pads: [1, 1, 0, 0] })],
    initializers: { w: weights(3, 2, 3, 3), b: weights(3) },
  }),
  of('FusedConv with a sum and a Clip', {
    inputs: { x: [batch, 2, 5, 5], z: [batch, 3, 3, 3] },
    nodes: [own('FusedConv', 'x w b z', { activation: 'Clip', activation_params: { floats: [-0.5, 0.75] } })],
    initializers: { w: weights(3, 2, 3, 3), b: weights(3) },
  }),
  of('CDist', {
    inputs: { x: [batch, 4] },
    nodes: [own('CDist', 'x c', { metric: 'sqeuclidean' })],
    initializers: { c: weights(3, 4) },
  }),
  of('CDist that is no square', {
    inputs: { x: [batch, 4] },
    nodes: [own('CDist', 'x c', { metric: 'euclidean' })],
    initializers: { c: weights(3, 4) },
  }),
];

const activations: Case[] = [
  of('Gelu of com.microsoft', { inputs: { x: [batch, 4] }, nodes: [own('Gelu', 'x')] }),
  of('BiasGelu', { inputs: { x: [batch, 4] }, nodes: [own('BiasGelu', 'x b')], initializers: { b: weights(4) } }),
  of('FastGelu', { inputs: { x: [batch, 4] }, nodes: [own('FastGelu', 'x')] }),
  of('FastGelu with a bias', {
    inputs: { x: [batch, 4] },
    nodes: [own('FastGelu', 'x b')],
    initializers: { b: weights(4) },
  }),
  of('QuickGelu', { inputs: { x: [batch, 4] }, nodes: [own('QuickGelu', 'x')] }),
];

const norms: Case[] = [
  given('SimplifiedLayerNormalization', {
    inputs: { x: [batch, 4] },
    nodes: [node('SimplifiedLayerNormalization', 'x s', 'y', { axis: -1 })],
    initializers: { s: weights(4) },
  }),
  of('SkipLayerNormalization', {
    inputs: { x: [batch, 3, 4], z: [batch, 3, 4] },
    nodes: [own('SkipLayerNormalization', 'x z s b c')],
    initializers: { s: weights(4), b: weights(4), c: weights(4) },
  }),
  of('SkipLayerNormalization with the sum that it normalises', {
    inputs: { x: [batch, 3, 4], z: [batch, 3, 4] },
    nodes: [{ ...own('SkipLayerNormalization', 'x z s b c'), outputs: ['n', '', '', 't'] }, node('Mul', 'n t', 'y')],
    initializers: { s: weights(4), b: weights(4), c: weights(4) },
  }),
  of('SkipSimplifiedLayerNormalization', {
    inputs: { x: [batch, 3, 4], z: [batch, 3, 4] },
    nodes: [own('SkipSimplifiedLayerNormalization', 'x z s')],
    initializers: { s: weights(4) },
  }),
];

const sequence = { x: [batch, 3, 8], z: [batch, 5, 8] };

const attention: Case[] = [
  of('Attention of com.microsoft', {
    inputs: { x: [batch, 3, 8] },
    nodes: [own('Attention', 'x w b', { num_heads: 2 })],
    initializers: { w: weights(8, 24), b: weights(24) },
  }),
  of('Attention of com.microsoft to what came before', {
    inputs: { x: [batch, 3, 8] },
    nodes: [own('Attention', 'x w b', { num_heads: 4, unidirectional: 1, scale: { float: 0.4 } })],
    initializers: { w: weights(8, 24), b: weights(24) },
  }),
  of('MultiHeadAttention to another sequence, with biases', {
    inputs: sequence,
    nodes: [own('MultiHeadAttention', 'x z z b', { num_heads: 2 })],
    initializers: { b: weights(24) },
  }),
  of('MultiHeadAttention with a mask that is added', {
    inputs: sequence,
    nodes: [{ ...own('MultiHeadAttention', '', { num_heads: 2 }), inputs: ['x', 'z', 'z', '', '', 'm'] }],
    initializers: {
      m: floats(
        [1, 2, 3, 5],
        Array.from({ length: 30 }, (_, i) => (i % 4 === 3 ? -1e5 : 0.1 * (i % 5))),
      ),
    },
  }),
];

const moves: Case[] = [
  of('ExpandDims', {
    inputs: { x: [batch, 4] },
    nodes: [own('ExpandDims', 'x axis')],
    initializers: { axis: raw([], elementType.int32, Int32Array.of(1)) },
  }),
  of('Trilu of com.microsoft', { inputs: { x: [batch, 3, 4] }, nodes: [own('Trilu', 'x', { upper: 0 })] }),
  of('UnfoldTensor', { inputs: { x: [batch, 7, 2] }, nodes: [own('UnfoldTensor', 'x', { dim: 1, size: 3, step: 2 })] }),
  of('RotaryEmbedding of com.microsoft from a position on', {
    inputs: { x: [1, 3, 8] },
    nodes: [own('RotaryEmbedding', 'x at cosines sines')],
    initializers: { at: int64s([1], [2]), cosines: weights(8, 2), sines: weights(8, 2) },
  }),
  of('RotaryEmbedding of com.microsoft at positions', {
    inputs: { x: [2, 2, 3, 4] },
    nodes: [own('RotaryEmbedding', 'x at cosines sines', { interleaved: 1 })],
    initializers: { at: int64s([2, 3], [0, 1, 2, 5, 3, 4]), cosines: weights(8, 2), sines: weights(8, 2) },
  }),
  of('GridSample of com.microsoft', {
    inputs: { x: [1, 2, 4, 5] },
    nodes: [own('GridSample', 'x grid')],
    initializers: { grid: weights(1, 3, 2, 2) },
  }),
  of('Inverse of constants', {
    inputs: { x: [batch, 2, 3] },
    nodes: [{ ...own('Inverse', 'c'), outputs: ['i'] }, node('MatMul', 'x i', 'y')],
    initializers: { c: floats([3, 3], [0, 2, 1, 1, -1, 0.5, 3, 1, 2]) },
  }),
];

export const microsoftCases: readonly Case[] = [...products, ...activations, ...norms, ...attention, ...moves];
