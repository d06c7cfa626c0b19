/** Linear layers: Gemm, MatMul, convolutions, pools, normalisation. */
import { floats, node } from '../../../../support/onnx-builder.ts';
import { type Case, given, positives, weights } from './case.ts';

const batch = 'batch';

const gemm: Case[] = [
  given('Gemm of a batch with transB, alpha, beta and a bias', {
    inputs: { x: [batch, 6] },
    nodes: [node('Gemm', 'x w b', 'y', { transB: 1, alpha: { float: 0.5 }, beta: { float: 2 } })],
    initializers: { w: weights(4, 6), b: weights(4) },
  }),
  given('Gemm without transB and with a bias [1, N], opset 7', {
    opset: 7,
    inputs: { x: [batch, 6] },
    nodes: [node('Gemm', 'x w b', 'y')],
    initializers: { w: weights(6, 4), b: weights(1, 4) },
  }),
  given('Gemm without bias', {
    inputs: { x: [batch, 6] },
    nodes: [node('Gemm', 'x w', 'y')],
    initializers: { w: weights(6, 4) },
  }),
  given('Gemm with a scalar bias', {
    inputs: { x: [3, 6] },
    nodes: [node('Gemm', 'x w b', 'y')],
    initializers: { w: weights(6, 4), b: weights(1) },
  }),
  given('Gemm of a static matrix with transA and a bias per element', {
    inputs: { x: [6, 3] },
    nodes: [node('Gemm', 'x w b', 'y', { transA: 1, beta: { float: -1 } })],
    initializers: { w: weights(6, 4), b: weights(3, 4) },
  }),
  given('Gemm with a bias per row', {
    inputs: { x: [3, 6] },
    nodes: [node('Gemm', 'x w b', 'y')],
    initializers: { w: weights(6, 3), b: weights(3, 1) },
  }),
  given('Gemm of a constant and an encrypted matrix', {
    inputs: { x: [6, 4] },
    nodes: [node('Gemm', 'w x b', 'y', { alpha: { float: 2 }, transA: 1 })],
    initializers: { w: weights(6, 3), b: weights(4) },
  }),
  given('Gemm of encrypted matrices and an encrypted bias', {
    inputs: { x: [3, 5], z: [4, 5], c: [4] },
    nodes: [node('Gemm', 'x z c', 'y', { transB: 1, alpha: { float: 0.25 }, beta: { float: 3 } })],
  }),
];

const matMul: Case[] = [
  given('MatMul of a batch of vectors', {
    inputs: { x: [batch, 5] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(5, 3) },
  }),
  given('MatMul of a batch of vectors and a vector', {
    inputs: { x: [batch, 5] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(5) },
  }),
  given('MatMul of a batch of matrices', {
    inputs: { x: [batch, 4, 5] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(5, 3) },
  }),
  given('MatMul of a vector', {
    inputs: { x: [5] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(5, 3) },
  }),
  given('MatMul of a constant matrix', {
    inputs: { x: [batch, 5, 3] },
    nodes: [node('MatMul', 'w x', 'y')],
    initializers: { w: weights(4, 5) },
  }),
  given('MatMul of a constant matrix and a vector', {
    inputs: { x: [5] },
    nodes: [node('MatMul', 'w x', 'y')],
    initializers: { w: weights(4, 5) },
  }),
  given('MatMul of a constant vector', {
    inputs: { x: [batch, 5, 3] },
    nodes: [node('MatMul', 'w x', 'y')],
    initializers: { w: weights(5) },
  }),
  given('MatMul of heads of constants', {
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(2, 4, 3) },
  }),
  given('MatMul of heads of constants from the left', {
    inputs: { x: [2, 1, 4, 3] },
    nodes: [node('MatMul', 'w x', 'y')],
    initializers: { w: weights(3, 2, 4) },
  }),
  given('MatMul with a constant that has a batch of one', {
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node('MatMul', 'x w', 'y')],
    initializers: { w: weights(1, 2, 4, 3) },
  }),
  given('MatMul of two encrypted batches', {
    inputs: { x: [batch, 2, 3, 4], z: [batch, 2, 4, 2] },
    nodes: [node('MatMul', 'x z', 'y')],
  }),
  given('MatMul of encrypted matrices that broadcast', {
    inputs: { x: [2, 1, 3, 4], z: [3, 4, 2] },
    nodes: [node('MatMul', 'x z', 'y')],
  }),
  given('MatMul of encrypted vectors', { inputs: { x: [4], z: [4] }, nodes: [node('MatMul', 'x z', 'y')] }),
  given('MatMul of a batch with itself transposed', {
    inputs: { x: [batch, 3, 4] },
    nodes: [node('Transpose', 'x', 't', { perm: [0, 2, 1] }), node('MatMul', 'x t', 'y')],
  }),
  given('MatMul of constants feeds a layer', {
    inputs: { x: [batch, 3] },
    nodes: [node('MatMul', 'a b', 'w'), node('MatMul', 'x w', 'y')],
    initializers: { a: weights(3, 4), b: weights(4, 2) },
  }),
];

const einsum: Case[] = [
  given('Einsum of a batch and weights', {
    inputs: { x: ['batch', 2, 4] },
    nodes: [node('Einsum', 'x w', 'y', { equation: 'bti,oi->bot' })],
    initializers: { w: weights(3, 4) },
  }),
];

const conv: Case[] = [
  given('Conv with pads, strides and a bias', {
    inputs: { x: [batch, 2, 7, 6] },
    nodes: [node('Conv', 'x w b', 'y', { pads: [1, 0, 2, 1], strides: [2, 1] })],
    initializers: { w: weights(3, 2, 3, 2), b: weights(3) },
  }),
  given('Conv of one static sample', {
    inputs: { x: [1, 2, 5, 5] },
    nodes: [node('Conv', 'x w', 'y')],
    initializers: { w: weights(3, 2, 3, 3) },
  }),
  given('Conv of three static samples in groups', {
    inputs: { x: [3, 4, 5, 5] },
    nodes: [node('Conv', 'x w b', 'y', { group: 2, pads: [1, 1, 1, 1] })],
    initializers: { w: weights(6, 2, 3, 3), b: weights(6) },
  }),
  given('Conv, depthwise and dilated', {
    inputs: { x: [batch, 3, 7, 7] },
    nodes: [node('Conv', 'x w', 'y', { group: 3, dilations: [2, 3], kernel_shape: [3, 2] })],
    initializers: { w: weights(6, 1, 3, 2) },
  }),
  given('Conv in one dimension', {
    inputs: { x: [batch, 3, 9] },
    nodes: [node('Conv', 'x w b', 'y', { pads: [2, 0], strides: [2] })],
    initializers: { w: weights(4, 3, 3), b: weights(4) },
  }),
  given('Conv in three dimensions', {
    inputs: { x: [batch, 2, 4, 3, 3] },
    nodes: [node('Conv', 'x w b', 'y', { pads: [1, 0, 0, 0, 1, 0], strides: [2, 1, 1], group: 2 })],
    initializers: { w: weights(4, 1, 2, 2, 2), b: weights(4) },
  }),
  ...(['SAME_UPPER', 'SAME_LOWER', 'VALID'] as const).map((autoPad) =>
    given(`Conv with auto_pad ${autoPad}`, {
      inputs: { x: [batch, 2, 6, 7] },
      nodes: [node('Conv', 'x w', 'y', { auto_pad: autoPad, strides: [2, 3] })],
      initializers: { w: weights(2, 2, 3, 4) },
    }),
  ),
];

const convTranspose: Case[] = [
  given('ConvTranspose with strides, pads and a bias', {
    inputs: { x: [batch, 2, 3, 4] },
    nodes: [node('ConvTranspose', 'x w b', 'y', { strides: [2, 3], pads: [1, 0, 0, 1], output_padding: [1, 2] })],
    initializers: { w: weights(2, 3, 3, 2), b: weights(3) },
  }),
  given('ConvTranspose in groups, dilated, of two static samples', {
    inputs: { x: [2, 4, 3, 3] },
    nodes: [node('ConvTranspose', 'x w', 'y', { group: 2, dilations: [2, 1], strides: [1, 2] })],
    initializers: { w: weights(4, 3, 2, 2) },
  }),
  given('ConvTranspose in one dimension', {
    inputs: { x: [batch, 2, 5] },
    nodes: [node('ConvTranspose', 'x w', 'y', { strides: [3] })],
    initializers: { w: weights(2, 2, 4) },
  }),
  given('ConvTranspose with output_shape', {
    inputs: { x: [batch, 2, 4, 3] },
    nodes: [node('ConvTranspose', 'x w', 'y', { strides: [2, 2], output_shape: [7, 6] })],
    initializers: { w: weights(2, 2, 3, 3) },
  }),
  given('ConvTranspose with output_shape and SAME_UPPER', {
    inputs: { x: [batch, 2, 4, 3] },
    nodes: [node('ConvTranspose', 'x w', 'y', { strides: [2, 2], output_shape: [8, 6], auto_pad: 'SAME_UPPER' })],
    initializers: { w: weights(2, 2, 3, 3) },
  }),
  ...(['SAME_UPPER', 'SAME_LOWER', 'VALID'] as const).map((autoPad) =>
    given(`ConvTranspose with auto_pad ${autoPad}`, {
      inputs: { x: [batch, 2, 4, 3] },
      nodes: [node('ConvTranspose', 'x w', 'y', { strides: [2, 2], auto_pad: autoPad })],
      initializers: { w: weights(2, 2, 3, 3) },
    }),
  ),
  ...(['SAME_UPPER', 'SAME_LOWER'] as const).map((autoPad) =>
    given(`ConvTranspose with auto_pad ${autoPad} and a stride above the kernel`, {
      inputs: { x: [batch, 1, 3, 4] },
      nodes: [node('ConvTranspose', 'x w', 'y', { strides: [4, 1], auto_pad: autoPad })],
      initializers: { w: weights(1, 2, 2, 3) },
    }),
  ),
  given('ConvTranspose with an output_shape that ends behind the last window', {
    inputs: { x: [batch, 1, 3, 3] },
    nodes: [node('ConvTranspose', 'x w', 'y', { strides: [3, 3], output_shape: [9, 10] })],
    initializers: { w: weights(1, 1, 2, 2) },
  }),
];

const pools: Case[] = [
  given('AveragePool', {
    inputs: { x: [batch, 2, 6, 6] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2, 3], strides: [2, 3] })],
  }),
  given('AveragePool with pads that do not count, opset 7', {
    opset: 7,
    inputs: { x: [batch, 2, 5, 6] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })],
  }),
  given('AveragePool with pads that count', {
    inputs: { x: [2, 2, 5, 6] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [3, 3], pads: [1, 0, 1, 2], count_include_pad: 1 })],
  }),
  given('AveragePool with ceil_mode', {
    opset: 19,
    inputs: { x: [batch, 1, 6, 7] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [3, 3], strides: [2, 2], ceil_mode: 1 })],
  }),
  given('AveragePool with ceil_mode and pads that count', {
    opset: 19,
    inputs: { x: [batch, 1, 6, 7] },
    nodes: [
      node('AveragePool', 'x', 'y', {
        kernel_shape: [3, 3],
        strides: [2, 2],
        ceil_mode: 1,
        pads: [1, 1, 1, 1],
        count_include_pad: 1,
      }),
    ],
  }),
  given('AveragePool with auto_pad SAME_UPPER', {
    inputs: { x: [batch, 2, 5, 6] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2, 3], strides: [2, 2], auto_pad: 'SAME_UPPER' })],
  }),
  given('AveragePool with auto_pad SAME_LOWER in one dimension', {
    inputs: { x: [batch, 2, 5] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2], auto_pad: 'SAME_LOWER' })],
  }),
  given('AveragePool with dilations', {
    opset: 19,
    inputs: { x: [batch, 2, 7, 7] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2, 3], dilations: [3, 2] })],
  }),
  given('AveragePool in three dimensions', {
    inputs: { x: [batch, 2, 4, 4, 4] },
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2, 2, 2], strides: [2, 2, 2] })],
  }),
  given('GlobalAveragePool', { inputs: { x: [batch, 3, 4, 5] }, nodes: [node('GlobalAveragePool', 'x', 'y')] }),
  given('GlobalAveragePool of static samples', {
    inputs: { x: [2, 3, 4, 5] },
    nodes: [node('GlobalAveragePool', 'x', 'y')],
  }),
];

const normalization: Case[] = [
  given('BatchNormalization of images', {
    inputs: { x: [batch, 3, 4, 4] },
    nodes: [node('BatchNormalization', 'x s b m v', 'y', { epsilon: { float: 0.01 } })],
    initializers: { s: weights(3), b: floats([3], [1, 2, 3]), m: floats([3], [-1, 0, 1]), v: positives(3) },
  }),
  given('BatchNormalization of vectors, opset 7', {
    opset: 7,
    inputs: { x: [2, 3] },
    nodes: [node('BatchNormalization', 'x s b m v', 'y')],
    initializers: { s: weights(3), b: weights(3), m: weights(3), v: positives(3) },
  }),
];

export const linearCases: readonly Case[] = [
  ...gemm,
  ...matMul,
  ...einsum,
  ...conv,
  ...convTranspose,
  ...pools,
  ...normalization,
];
