/**
 * How far taking weights out moves the outputs of the network, to second order: the mean over samples and outputs of the
 * squared change. With δ_r what is taken out of row r of a layer, C the second moments of what the row reads and s_r the
 * mean squared derivative of the outputs by the row's result, it is
 *   Σ_r s_r · δ_r C δ_rᵀ,
 * exact for linear networks as long as what different rows lose is not correlated at the outputs (the Gauss-Newton
 * matrix, a Kronecker product for each layer, with the off-diagonal of one factor dropped). Cross terms between weights
 * of a row are kept: g_r = C δ_rᵀ is held for every row that has lost weights.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Shape, TensorModule } from '../../../ir/tensor/ops.ts';
import { type WeightNode, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { evenly } from '../../base/evenly.ts';
import type { Sample } from '../../../ir/interface.ts';
import { visitActivations } from './activations.ts';
import { MomentMeter, type Moments, type RowsOfWeights, rowsOfWeights } from './moments.ts';
import { measureSensitivities } from './sensitivities.ts';

/** Samples that moments are measured on, evenly picked. */
const momentSamples = 512;

export interface ErrorOptions {
  /** Whether biases take over the mean of what is removed. */
  readonly centred: boolean;
  readonly seed: number;
}

export class OutputError {
  private readonly layers: readonly LayerError[];

  /**
   * For these layers of the module, on the samples, of which there is at least one. Throws `HepcError` (H312) where a
   * value of the network is not finite.
   */
  static measure(
    module: TensorModule,
    nodes: readonly WeightNode[],
    samples: readonly Sample[],
    { centred, seed }: ErrorOptions,
  ): OutputError {
    const picked = evenly(samples, momentSamples);
    const meters = new Map<ValueId, MomentMeter>(
      nodes.map((node) => [node.id, new MomentMeter(node, operandShape(module, node), picked.length)]),
    );
    visitActivations(module, picked, ({ node, operands: [batch = new Float64Array()], count }) => {
      const meter = meters.get(node.id);
      const width = batch.length / count;
      for (let s = 0; s < count; s++) meter?.add(batch.subarray(s * width, (s + 1) * width));
    });
    const sensitivities = measureSensitivities(module, nodes, samples, seed);
    const layers = nodes.map((node, k) => {
      const moments = meters.get(node.id)?.finish(centred) ?? [];
      return new LayerError(node, rowsOfWeights(node), moments, sensitivities[k] ?? new Float64Array());
    });
    return new OutputError(layers);
  }

  private constructor(layers: readonly LayerError[]) {
    this.layers = layers;
  }

  /** By how much the error grows if these weights of a layer, ascending, are taken out. */
  increase(layer: number, weights: Int32Array): number {
    return this.at(layer).increase(weights);
  }

  /** Takes weights out for good, and returns by how much the error grew. */
  remove(layer: number, weights: Int32Array): number {
    return this.at(layer).remove(weights);
  }

  /** The mean of what was removed from each row of a layer, which its bias can take over. */
  removedMeans(layer: number): Float64Array {
    return this.at(layer).means;
  }

  private at(layer: number): LayerError {
    const error = this.layers[layer];
    if (error === undefined) throw new InternalError(`there is no layer ${layer}`);
    return error;
  }
}

class LayerError {
  readonly means: Float64Array;
  private readonly weights: Float64Array;
  private readonly rows: RowsOfWeights;
  private readonly moments: readonly Moments[];
  private readonly sensitivity: Float64Array;
  /** C δ of each row that has lost weights. */
  private readonly gradients = new Map<number, Float64Array>();

  constructor(node: WeightNode, rows: RowsOfWeights, moments: readonly Moments[], sensitivity: Float64Array) {
    this.weights = weightsOf(node).values;
    this.rows = rows;
    this.moments = moments;
    this.sensitivity = sensitivity;
    this.means = new Float64Array(rows.rows);
  }

  increase(weights: Int32Array): number {
    let sum = 0;
    this.byRow(weights, (row, part) => (sum += this.increaseOfRow(row, part)));
    return sum;
  }

  remove(weights: Int32Array): number {
    const error = this.increase(weights);
    this.byRow(weights, (row, part) => {
      this.removeFromRow(row, part);
    });
    return error;
  }

  private byRow(weights: Int32Array, visit: (row: number, part: Int32Array) => void): void {
    const { row } = this.rows;
    for (let from = 0; from < weights.length;) {
      const current = row[weights[from] ?? 0] ?? 0;
      let to = from + 1;
      while (to < weights.length && row[weights[to] ?? 0] === current) to++;
      visit(current, weights.subarray(from, to));
      from = to;
    }
  }

  private increaseOfRow(row: number, part: Int32Array): number {
    const sensitivity = this.sensitivity[row] ?? 0;
    if (sensitivity === 0) return 0;
    const { columns, values, isDiagonal } = this.momentsOf(row);
    const { column } = this.rows;
    const gradient = this.gradients.get(row);
    let sum = 0;
    for (let a = 0; a < part.length; a++) {
      const i = column[part[a] ?? 0] ?? 0;
      const w = this.weights[part[a] ?? 0] ?? 0;
      if (w === 0) continue;
      const base = isDiagonal ? 0 : i * columns;
      let inner = (gradient?.[i] ?? 0) + 0.5 * w * (values[base + i] ?? 0);
      if (!isDiagonal) {
        for (let b = a + 1; b < part.length; b++) {
          const other = part[b] ?? 0;
          inner += (values[base + (column[other] ?? 0)] ?? 0) * (this.weights[other] ?? 0);
        }
      }
      sum += 2 * w * inner;
    }
    return sensitivity * sum;
  }

  private removeFromRow(row: number, part: Int32Array): void {
    const { columns, values, isDiagonal, means } = this.momentsOf(row);
    let gradient = this.gradients.get(row);
    if (gradient === undefined) this.gradients.set(row, (gradient = new Float64Array(columns)));
    let mean = this.means[row] ?? 0;
    for (const index of part) {
      const i = this.rows.column[index] ?? 0;
      const w = this.weights[index] ?? 0;
      if (w === 0) continue;
      mean += w * (means[i] ?? 0);
      if (isDiagonal) {
        gradient[i] = (gradient[i] ?? 0) + w * (values[i] ?? 0);
        continue;
      }
      const base = i * columns;
      for (let j = 0; j < columns; j++) gradient[j] = (gradient[j] ?? 0) + w * (values[base + j] ?? 0);
    }
    this.means[row] = mean;
  }

  private momentsOf(row: number): Moments {
    const { rows, groups } = this.rows;
    const moments = this.moments[Math.floor((row * groups) / rows)];
    if (moments === undefined) throw new InternalError(`row ${row} reads no group of operands`);
    return moments;
  }
}

function operandShape(module: TensorModule, node: WeightNode): Shape {
  return nodeAt(module, node.operands[0] ?? -1).type;
}
