/** Networks of seeded weights, grown layer by layer, for benchmarks: of one input `x`. */
import { elementCount } from '../ir/constant.ts';
import { seededRandom } from '../ir/random.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../test/support/onnx-builder.ts';

export interface Window {
  readonly kernel: number;
  readonly stride?: number;
  /** On every side; as much as keeps the extent at stride 1 unless given. */
  readonly pad?: number;
}

/** An ONNX graph that grows at one value, of which it knows the shape. */
export class Network {
  private readonly random;
  private readonly inputShape: readonly number[];
  private readonly opset: number | undefined;
  private readonly nodes: NodeSpec[] = [];
  private readonly initializers: Record<string, TensorSpec> = {};
  private readonly shapes = new Map<string, readonly number[]>();
  /** The name of the value at which it grows. */
  value = 'x';

  /** Weights follow from the name. An operator set of undefined is that of `model`. */
  constructor(name: string, inputShape: readonly number[], opset?: number) {
    this.random = seededRandom(1).fork(name);
    this.inputShape = inputShape;
    this.opset = opset;
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

  /** An operator of ONNX that takes one value and keeps its shape. */
  activation(op: string): void {
    this.grow(op, [this.value], {}, this.shape);
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
    const { nodes, initializers, inputShape, value, opset } = this;
    const ports = { inputs: { x: ['batch', ...inputShape] }, outputs: [value] };
    return model({ ...ports, nodes, initializers, ...(opset !== undefined && { opset }) });
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
