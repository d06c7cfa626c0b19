/**
 * A layer as regressions: what its rows read and lack, as rows of numbers. A dense or sparse layer is one regression with
 * a row for each sample; each group of a convolution is one, with a row for each sample and position.
 */
import { elementCount } from '../../../ir/constant.ts';
import { nodeAt } from '../../../ir/module.ts';
import { convTaps } from '../../../ir/tensor/conv-taps.ts';
import type { TensorModule, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import type { WeightNode } from '../../../ir/tensor/weight-layers.ts';
import type { RowSource } from './normal-equations.ts';

/** One row of a layer, or output channel. */
export interface RowFit {
  /** Index of its bias. */
  readonly output: number;
  /** Regressor columns of the weights that are not zero, and the index of each weight. */
  readonly support: Int32Array;
  readonly weights: Int32Array;
}

export interface LayerRegression {
  readonly rows: readonly RowFit[];
  readonly samples: number;
  /** Rows of a sample: the positions of a convolution. */
  readonly rowsPerSample: number;
  /** The chosen columns, on the samples of these numbers. */
  readonly regressors: (columns: Int32Array, samples: Int32Array) => RowSource;
  /** What the rows of these outputs lack. */
  readonly targets: (outputs: Int32Array, samples: Int32Array) => RowSource;
}

export interface LayerBatches {
  readonly operand: Float64Array;
  readonly residual: Float64Array;
  readonly count: number;
}

export function layerRegressions(module: TensorModule, node: WeightNode, batches: LayerBatches): LayerRegression[] {
  if (node.op === 'conv') return convRegressions(module, node, batches);
  const { operand, residual, count } = batches;
  const n = operand.length / count;
  const m = residual.length / count;
  return [
    {
      rows: node.op === 'dense' ? denseRows(node.attrs.weights.values, n, m) : sparseRows(node),
      samples: count,
      rowsPerSample: 1,
      regressors: (columns, samples) => matrixRows(operand, n, columns, samples),
      targets: (outputs, samples) => matrixRows(residual, m, outputs, samples),
    },
  ];
}

/** Some columns of a batch [count, width]. */
function matrixRows(batch: Float64Array, width: number, columns: Int32Array, samples: Int32Array): RowSource {
  return {
    rows: samples.length,
    columns: columns.length,
    fill: (block, stride, first, length) => {
      for (let b = 0; b < length; b++) {
        const at = (samples[first + b] ?? 0) * width;
        for (let c = 0; c < columns.length; c++) block[c * stride + b] = batch[at + (columns[c] ?? -1)] ?? 0;
      }
    },
  };
}

/** The non-zeros of consecutive rows of `width` weights, from weight `offset` on. */
function rowsOfMatrix(weights: Float64Array, width: number, outputs: Iterable<number>): RowFit[] {
  return Array.from(outputs, (output) => {
    const support: number[] = [];
    for (let c = 0; c < width; c++) if (weights[output * width + c] !== 0) support.push(c);
    const indices = Int32Array.from(support, (c) => output * width + c);
    return { output, support: Int32Array.from(support), weights: indices };
  });
}

function denseRows(weights: Float64Array, n: number, m: number): RowFit[] {
  return rowsOfMatrix(weights, n, range(0, m));
}

function sparseRows({ attrs }: TensorNodeNamed<'sparse'>): RowFit[] {
  const values = attrs.values.values;
  const columns = attrs.columns.indices;
  const starts = attrs.starts.indices;
  return Array.from(range(0, starts.length - 1), (output) => {
    const entries = [...range(starts[output] ?? 0, starts[output + 1] ?? 0)].filter((k) => values[k] !== 0);
    return {
      output,
      support: Int32Array.from(entries, (k) => columns[k] ?? -1),
      weights: Int32Array.from(entries),
    };
  });
}

function* range(from: number, to: number): Iterable<number> {
  for (let i = from; i < to; i++) yield i;
}

function convRegressions(
  module: TensorModule,
  node: TensorNodeNamed<'conv'>,
  { operand, residual, count }: LayerBatches,
): LayerRegression[] {
  const { weights, groups } = node.attrs;
  const [outputs = 0, perGroup = 0] = weights.shape;
  const { positions, taps, channelElements, source } = convTaps(node, nodeAt(module, node.operands[0] ?? -1).type);
  const width = perGroup * taps;
  const elements = operand.length / count;
  const perSample = elementCount(node.type);

  const patches = (group: number, columns: Int32Array, samples: Int32Array): RowSource => ({
    rows: samples.length * positions,
    columns: columns.length,
    fill: (block, stride, first, length) => {
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c] ?? 0;
        const channel = (group * perGroup + Math.floor(column / taps)) * channelElements;
        for (let b = 0; b < length; b++) {
          const row = first + b;
          const element = source[(row % positions) * taps + (column % taps)] ?? -1;
          const at = (samples[Math.floor(row / positions)] ?? 0) * elements + channel;
          block[c * stride + b] = element < 0 ? 0 : (operand[at + element] ?? 0);
        }
      }
    },
  });

  const lacks = (channels: Int32Array, samples: Int32Array): RowSource => ({
    rows: samples.length * positions,
    columns: channels.length,
    fill: (block, stride, first, length) => {
      for (const [c, channel] of channels.entries()) {
        for (let b = 0; b < length; b++) {
          const row = first + b;
          const at = (samples[Math.floor(row / positions)] ?? 0) * perSample + channel * positions;
          block[c * stride + b] = residual[at + (row % positions)] ?? 0;
        }
      }
    },
  });

  const outputsPerGroup = outputs / groups;
  return Array.from(range(0, groups), (group) => ({
    rows: rowsOfMatrix(weights.values, width, range(group * outputsPerGroup, (group + 1) * outputsPerGroup)),
    samples: count,
    rowsPerSample: positions,
    regressors: (columns, samples) => patches(group, columns, samples),
    targets: lacks,
  }));
}
