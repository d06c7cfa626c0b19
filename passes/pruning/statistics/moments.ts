/**
 * Second moments of what the rows of a layer read: C = E[x xᵀ] over samples, for a convolution summed over positions
 * with x the patch of a position. With centring the covariance, which is left where the bias takes the mean.
 */
import { elementCount } from '../../../ir/constant.ts';
import { convTaps } from '../../../ir/tensor/conv-taps.ts';
import type { Shape } from '../../../ir/tensor/ops.ts';
import { type WeightNode, weightsOf } from '../../../ir/tensor/weight-layers.ts';

/** Wider rows keep the diagonal alone: 2^12 columns take 128 MiB. */
const maxColumns = 4096;

/** Patches that the moments of a convolution are taken over, at most; more say little more. */
const maxPatches = 2 ** 14;

export interface Moments {
  readonly columns: number;
  /** [columns, columns], or [columns] where it is the diagonal alone. */
  readonly values: Float64Array;
  readonly isDiagonal: boolean;
  readonly means: Float64Array;
}

/** How the weights of a layer form rows; those of a convolution are one for each output channel. */
export interface RowsOfWeights {
  readonly rows: number;
  /** By weight. */
  readonly row: Int32Array;
  readonly column: Int32Array;
  /** Positions of a convolution, at which a row is used with other operands; 1 for other layers. */
  readonly positions: number;
  /** Rows that read the same operands are neighbours: row r reads those of group ⌊r · groups / rows⌋. */
  readonly groups: number;
}

export function rowsOfWeights(node: WeightNode): RowsOfWeights {
  const { shape, data } = weightsOf(node);
  if (node.op === 'sparse') {
    const starts = node.attrs.starts.indices;
    const row = new Int32Array(data.length);
    for (let r = 0; r + 1 < starts.length; r++) row.fill(r, starts[r] ?? 0, starts[r + 1] ?? 0);
    return { rows: starts.length - 1, row, column: node.attrs.columns.indices, positions: 1, groups: 1 };
  }
  const [rows = 1] = shape;
  const columns = Math.max(1, data.length / Math.max(1, rows));
  const row = Int32Array.from(data, (_, w) => Math.floor(w / columns));
  const column = Int32Array.from(data, (_, w) => w % columns);
  if (node.op === 'dense') return { rows, row, column, positions: 1, groups: 1 };
  const positions = node.type.slice(1).reduce((product, extent) => product * extent, 1);
  return { rows, row, column, positions, groups: node.attrs.groups };
}

/** Of each group of rows, from what the layer reads on one sample after another. */
export class MomentMeter {
  private readonly groups: readonly MomentSums[];
  private readonly addSample: (x: Float64Array) => void;
  private readonly positions: number;
  /** Every how many samples one is taken. */
  private readonly stride: number;
  private seen = 0;
  private taken = 0;

  /** For so many samples of an operand of this shape. */
  constructor(node: WeightNode, operand: Shape, samples: number) {
    if (node.op !== 'conv') {
      const sums = new MomentSums(elementCount(operand));
      this.groups = [sums];
      this.positions = 1;
      this.stride = 1;
      this.addSample = (x) => {
        sums.add(x);
      };
      return;
    }
    const { positions, taps, channelElements, source } = convTaps(node, operand);
    const perGroup = node.attrs.weights.shape[1] ?? 1;
    const patch = new Float64Array(perGroup * taps);
    const groups = Array.from({ length: node.attrs.groups }, () => new MomentSums(patch.length));
    this.groups = groups;
    this.positions = positions;
    this.stride = Math.ceil(samples / Math.max(1, Math.floor(maxPatches / positions)));
    this.addSample = (x) => {
      for (const [group, sums] of groups.entries()) {
        for (let position = 0; position < positions; position++) {
          for (let channel = 0; channel < perGroup; channel++) {
            const offset = (group * perGroup + channel) * channelElements;
            for (let tap = 0; tap < taps; tap++) {
              const element = source[position * taps + tap] ?? -1;
              patch[channel * taps + tap] = element < 0 ? 0 : (x[offset + element] ?? 0);
            }
          }
          sums.add(patch);
        }
      }
    };
  }

  add(x: Float64Array): void {
    if (this.seen++ % this.stride !== 0) return;
    this.taken++;
    this.addSample(x);
  }

  finish(centred: boolean): Moments[] {
    return this.groups.map((sums) => sums.finish(this.taken, this.positions, centred));
  }
}

class MomentSums {
  private readonly columns: number;
  private readonly isDiagonal: boolean;
  private readonly products: Float64Array;
  private readonly sums: Float64Array;
  private readonly present: Int32Array;

  constructor(columns: number) {
    this.columns = columns;
    this.isDiagonal = columns > maxColumns;
    this.products = new Float64Array(this.isDiagonal ? columns : columns * columns);
    this.sums = new Float64Array(columns);
    this.present = new Int32Array(columns);
  }

  add(x: Float64Array): void {
    const { columns, products, sums, present } = this;
    // Most of what images and rectified layers hold is zero.
    let count = 0;
    for (let i = 0; i < columns; i++) if (x[i] !== 0) present[count++] = i;
    for (let a = 0; a < count; a++) {
      const i = present[a] ?? 0;
      const value = x[i] ?? 0;
      sums[i] = (sums[i] ?? 0) + value;
      if (this.isDiagonal) {
        products[i] = (products[i] ?? 0) + value * value;
        continue;
      }
      const row = i * columns;
      for (let b = a; b < count; b++) {
        const at = row + (present[b] ?? 0);
        products[at] = (products[at] ?? 0) + value * (x[present[b] ?? 0] ?? 0);
      }
    }
  }

  /** Of `samples` samples of `positions` patches each. */
  finish(samples: number, positions: number, centred: boolean): Moments {
    const { columns, products, isDiagonal } = this;
    const means = this.sums.map((sum) => sum / (samples * positions));
    const value = (at: number, i: number, j: number): number =>
      (products[at] ?? 0) / samples - (centred ? positions * (means[i] ?? 0) * (means[j] ?? 0) : 0);
    for (let i = 0; i < columns; i++) {
      if (isDiagonal) products[i] = value(i, i, i);
      for (let j = i; j < columns && !isDiagonal; j++) {
        const moment = value(i * columns + j, i, j);
        products[i * columns + j] = moment;
        products[j * columns + i] = moment;
      }
    }
    return { columns, values: products, isDiagonal, means };
  }
}
