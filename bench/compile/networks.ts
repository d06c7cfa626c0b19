/**
 * Networks that are large in one way each, with seeded weights and samples: what compiling takes depends on sizes and
 * geometry, not on what was learnt.
 */
import { elementCount } from '../../ir/constant.ts';
import { seededRandom } from '../../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../../test/support/onnx-builder.ts';

export interface CompileNetwork {
  readonly name: string;
  readonly what: string;
  /** Of one sample, under the name `x`. */
  readonly inputShape: readonly number[];
  /** Of the ONNX file. */
  readonly bytes: () => Uint8Array;
}

type Layers = (x: Network) => void;

export const compileNetworks: readonly CompileNetwork[] = [
  network('mlp-4096-4096-10', 'dense 4096 → 4096 → 10, a square', [4096], (net) => {
    net.dense(4096);
    net.square();
    net.dense(10);
  }),
  network('lenet-28', 'LeNet-5 with squares and average pools on 1×28×28', [1, 28, 28], lenet),
  network('resnet8-32', 'ResNet-8 of width 16 with 0.1 x² + x on 3×32×32', [3, 32, 32], resnet8),
  network('mobilenet-32', 'a stem and three separable blocks with 0.1 x² + x on 3×32×32', [3, 32, 32], mobilenet),
  network('lenet-224', 'LeNet-5 as above on 3×224×224', [3, 224, 224], lenet),
  network('conv7-224', 'a 7×7 convolution of stride 2 from 3×224×224 to 64 channels', [3, 224, 224], (net) => {
    net.conv(64, { kernel: 7, stride: 2 });
  }),
];

/** LeNet-5 with average pools and squares. */
function lenet(net: Network): void {
  net.conv(6, { kernel: 5 });
  net.square();
  net.averagePool();
  net.conv(16, { kernel: 5, pad: 0 });
  net.square();
  net.averagePool();
  for (const size of [120, 84]) {
    net.dense(size);
    net.square();
  }
  net.dense(10);
}

/** Three blocks of two convolutions with a shortcut, of 16, 32 and 64 channels; 0.1 x² + x after each. */
function resnet8(net: Network): void {
  net.conv(16, { kernel: 3 });
  net.quadratic();
  for (const [channels, stride] of [
    [16, 1],
    [32, 2],
    [64, 2],
  ] as const) {
    const start = net.value;
    net.conv(channels, { kernel: 3, stride });
    net.quadratic();
    net.conv(channels, { kernel: 3 });
    const end = net.value;
    net.goOn(start);
    if (stride > 1) net.conv(channels, { kernel: 1, stride });
    net.addTo(end);
    net.quadratic();
  }
  net.globalPool();
  net.dense(10);
}

/** A stem and three separable blocks: depthwise and pointwise convolutions, a square after each. */
function mobilenet(net: Network): void {
  net.conv(16, { kernel: 3, stride: 2 });
  net.quadratic();
  for (const [channels, stride] of [
    [32, 1],
    [64, 2],
    [96, 1],
  ] as const) {
    net.depthwise({ kernel: 3, stride });
    net.quadratic();
    net.conv(channels, { kernel: 1 });
    net.quadratic();
  }
  net.globalPool();
  net.dense(10);
}

function network(name: string, what: string, inputShape: readonly number[], layers: Layers): CompileNetwork {
  const bytes = (): Uint8Array => {
    const net = new Network(name, inputShape);
    layers(net);
    return net.finish();
  };
  return { name, what, inputShape, bytes };
}

interface Window {
  readonly kernel: number;
  readonly stride?: number;
  /** On every side; as much as keeps the extent at stride 1 unless given. */
  readonly pad?: number;
}

/** An ONNX graph that grows at one value, of which it knows the shape. */
class Network {
  private readonly random;
  private readonly inputShape: readonly number[];
  private readonly nodes: NodeSpec[] = [];
  private readonly initializers: Record<string, TensorSpec> = {};
  private readonly shapes = new Map<string, readonly number[]>();
  /** The name of the value at which it grows. */
  value = 'x';

  constructor(name: string, inputShape: readonly number[]) {
    this.random = seededRandom(1).fork(name);
    this.inputShape = inputShape;
    this.shapes.set('x', inputShape);
  }

  /** Grows at an earlier value from here on. */
  goOn(value: string): void {
    this.value = value;
  }

  dense(rows: number): void {
    const columns = elementCount(this.shape);
    if (this.shape.length > 1) this.grow('Flatten', [this.value], {}, [columns]);
    const weights = this.weights([rows, columns], columns);
    const bias = this.weights([rows], columns);
    this.grow('Gemm', [this.value, weights, bias], { transB: 1 }, [rows]);
  }

  conv(channels: number, window: Window): void {
    this.convolve(channels, 1, window);
  }

  /** Every channel by itself. */
  depthwise(window: Window): void {
    const [channels = 1] = this.shape;
    this.convolve(channels, channels, window);
  }

  square(): void {
    this.grow('Mul', [this.value, this.value], {}, this.shape);
  }

  quadratic(): void {
    const x = this.value;
    const factor = this.constant([1], [0.1]);
    this.square();
    this.grow('Mul', [this.value, factor], {}, this.shape);
    this.grow('Add', [this.value, x], {}, this.shape);
  }

  averagePool(): void {
    const [channels = 1, ...spatial] = this.shape;
    const pooled = [channels, ...spatial.map((extent) => Math.floor(extent / 2))];
    this.grow('AveragePool', [this.value], { kernel_shape: [2, 2], strides: [2, 2] }, pooled);
  }

  globalPool(): void {
    const [channels = 1] = this.shape;
    this.grow('GlobalAveragePool', [this.value], {}, [channels, 1, 1]);
  }

  addTo(other: string): void {
    this.grow('Add', [this.value, other], {}, this.shape);
  }

  finish(): Uint8Array {
    const { nodes, initializers, inputShape, value } = this;
    return model({ inputs: { x: ['batch', ...inputShape] }, outputs: [value], nodes, initializers });
  }

  private get shape(): readonly number[] {
    return this.shapes.get(this.value) ?? [];
  }

  private convolve(channels: number, groups: number, { kernel, stride = 1, pad = (kernel - 1) / 2 }: Window): void {
    const [operands = 1, ...spatial] = this.shape;
    const perGroup = operands / groups;
    const reads = perGroup * kernel ** 2;
    const weights = this.weights([channels, perGroup, kernel, kernel], reads);
    const bias = this.weights([channels], reads);
    const attributes = { strides: [stride, stride], pads: [pad, pad, pad, pad], group: groups };
    const extents = spatial.map((extent) => Math.floor((extent + 2 * pad - kernel) / stride) + 1);
    this.grow('Conv', [this.value, weights, bias], attributes, [channels, ...extents]);
  }

  private grow(op: string, operands: readonly string[], attributes: NodeSpec['attributes'], shape: readonly number[]) {
    this.value = `v${this.nodes.length}`;
    this.nodes.push(node(op, operands.join(' '), this.value, attributes));
    this.shapes.set(this.value, shape);
  }

  /** Of a layer whose results read `reads` elements each: values stay about as large as they are. */
  private weights(shape: readonly number[], reads: number): string {
    const values = new Float64Array(elementCount(shape));
    this.random.fillGaussian(values, 1 / Math.sqrt(reads));
    return this.constant(shape, values);
  }

  private constant(shape: readonly number[], values: ArrayLike<number>): string {
    const name = `w${Object.keys(this.initializers).length}`;
    this.initializers[name] = floats(shape, values);
    return name;
  }
}
