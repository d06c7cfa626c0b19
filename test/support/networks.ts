/** Small networks made on the spot, each with what one of the example models does not have. */
import { randomVector } from './arbitrary-maps.ts';
import { floats, int64s, model, type ModelSpec, node, type TensorSpec } from './onnx-builder.ts';

/** Weights whose sums over `fanIn` elements stay near one, the same ones for the same shape. */
function weights(dims: readonly number[], fanIn: number): TensorSpec {
  const size = dims.reduce((product, extent) => product * extent, 1);
  return floats(
    dims,
    randomVector(size, 1000 + size).map((x) => x * Math.sqrt(3 / fanIn)),
  );
}

export interface TestNetwork {
  readonly name: string;
  readonly bytes: () => Uint8Array;
  readonly inputs: Readonly<Record<string, number>>;
  readonly batch?: number;
  readonly maxError: number;
}

const network = (
  name: string,
  inputs: Readonly<Record<string, number>>,
  spec: () => ModelSpec,
  rest: { readonly batch?: number; readonly maxError?: number } = {},
): TestNetwork => ({ name, inputs, bytes: () => model(spec()), maxError: 0.01, ...rest });

export const testNetworks: readonly TestNetwork[] = [
  network('a residual sum', { x: 4 * 8 * 8 }, () => ({
    inputs: { x: ['batch', 4, 8, 8] },
    outputs: ['y'],
    nodes: [
      node('Conv', 'x w1 b1', 'c1', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Mul', 'c1 c1', 's1'),
      node('Conv', 's1 w2', 'c2', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Add', 'c2 c1', 'sum'),
      node('Mul', 'sum sum', 's2'),
      node('Flatten', 's2', 'f'),
      node('Gemm', 'f w3 b3', 'y', { transB: 1 }),
    ],
    initializers: {
      w1: weights([4, 4, 3, 3], 36),
      b1: weights([4], 4),
      w2: weights([4, 4, 3, 3], 36),
      w3: weights([10, 256], 256),
      b3: weights([10], 10),
    },
  })),
  network('a depthwise convolution', { x: 6 * 10 * 10 }, () => ({
    inputs: { x: ['batch', 6, 10, 10] },
    outputs: ['y'],
    nodes: [
      node('Conv', 'x w1 b1', 'c1', { kernel_shape: [3, 3], group: 6, strides: [2, 2], pads: [0, 1, 1, 0] }),
      node('Mul', 'c1 c1', 's1'),
      node('Conv', 's1 w2', 'c2', { kernel_shape: [2, 2], group: 6, dilations: [2, 2] }),
      node('Flatten', 'c2', 'f'),
      node('Gemm', 'f w3 b3', 'y', { transB: 1 }),
    ],
    initializers: {
      w1: weights([6, 1, 3, 3], 9),
      b1: weights([6], 6),
      w2: weights([6, 1, 2, 2], 4),
      w3: weights([5, 54], 54),
      b3: weights([5], 5),
    },
  })),
  network('a 1-D convolution', { x: 2 * 64 }, () => ({
    inputs: { x: ['batch', 2, 64] },
    outputs: ['y'],
    nodes: [
      node('Conv', 'x w1 b1', 'c1', { kernel_shape: [5], strides: [2], pads: [2, 2] }),
      node('Mul', 'c1 c1', 's1'),
      node('Conv', 's1 w2', 'c2', { kernel_shape: [3], strides: [2] }),
      node('GlobalAveragePool', 'c2', 'g'),
      node('Flatten', 'g', 'y'),
    ],
    initializers: { w1: weights([8, 2, 5], 10), b1: weights([8], 8), w2: weights([6, 8, 3], 24) },
  })),
  network(
    'a BatchNorm with ReLU',
    { x: 64 },
    () => ({
      inputs: { x: ['batch', 64] },
      outputs: ['y'],
      nodes: [
        node('Gemm', 'x w1 b1', 'h', { transB: 1 }),
        node('BatchNormalization', 'h scale shift mean variance', 'n'),
        node('Relu', 'n', 'r'),
        node('Gemm', 'r w2 b2', 'y', { transB: 1 }),
      ],
      initializers: {
        w1: weights([32, 64], 64),
        b1: weights([32], 32),
        scale: floats(
          [32],
          randomVector(32, 2091).map((x) => 1 + x / 4),
        ),
        shift: weights([32], 32),
        mean: weights([32], 32),
        variance: floats(
          [32],
          randomVector(32, 2092).map((x) => 1 + x / 4),
        ),
        w2: weights([10, 32], 32),
        b2: weights([10], 10),
      },
    }),
    { maxError: 0.05 },
  ),
  network('average pools', { x: 12 * 12 }, () => ({
    inputs: { x: ['batch', 1, 12, 12] },
    outputs: ['y'],
    nodes: [
      node('Conv', 'x w1 b1', 'c1', { kernel_shape: [3, 3], pads: [1, 1, 1, 1] }),
      node('Mul', 'c1 c1', 's1'),
      node('AveragePool', 's1', 'p1', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Conv', 'p1 w2 b2', 'c2', { kernel_shape: [3, 3] }),
      node('Mul', 'c2 c2', 's2'),
      node('AveragePool', 's2', 'p2', { kernel_shape: [2, 2], strides: [2, 2] }),
      node('Flatten', 'p2', 'f'),
      node('Gemm', 'f w3 b3', 'y', { transB: 1 }),
    ],
    initializers: {
      w1: weights([4, 1, 3, 3], 9),
      b1: weights([4], 4),
      w2: weights([6, 4, 3, 3], 36),
      b2: weights([6], 6),
      w3: weights([10, 24], 24),
      b3: weights([10], 10),
    },
  })),
  network('two inputs', { a: 20, b: 12 }, () => ({
    inputs: { a: ['batch', 20], b: ['batch', 12] },
    outputs: ['y', 'z'],
    nodes: [
      node('MatMul', 'a wa', 'ha'),
      node('MatMul', 'b wb', 'hb'),
      node('Mul', 'ha hb', 'product'),
      node('Concat', 'product hb', 'joined', { axis: 1 }),
      node('MatMul', 'joined wy', 'y'),
      node('Sub', 'ha hb', 'difference'),
      node('Mul', 'difference difference', 'squares'),
      node('ReduceSum', 'squares axes', 'z'),
    ],
    initializers: {
      wa: weights([20, 16], 20),
      wb: weights([12, 16], 12),
      wy: weights([32, 4], 32),
      axes: int64s([1], [1]),
    },
  })),
  network(
    'a batch of 16',
    { x: 30 },
    () => ({
      inputs: { x: ['batch', 30] },
      outputs: ['y'],
      nodes: [
        node('Gemm', 'x w1 b1', 'h', { transB: 1 }),
        node('Tanh', 'h', 't'),
        node('Gemm', 't w2 b2', 'y', { transB: 1 }),
      ],
      initializers: {
        w1: weights([24, 30], 30),
        b1: weights([24], 24),
        w2: weights([6, 24], 24),
        b2: weights([6], 6),
      },
    }),
    { batch: 16, maxError: 0.02 },
  ),
];
