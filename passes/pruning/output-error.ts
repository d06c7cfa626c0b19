/**
 * How far taking weights out moves the outputs of the network, to second order: the mean over samples and outputs of the
 * squared change. With δ_r what is taken out of row r of a layer, C the second moments of what the row reads and s_r the
 * mean squared derivative of the outputs by the row's result, it is
 *   Σ_r s_r · δ_r C δ_rᵀ,
 * exact for linear networks as long as what different rows lose is not correlated at the outputs (the Gauss-Newton
 * matrix, a Kronecker product for each layer, with the off-diagonal of one factor dropped). Cross terms between weights
 * of a row are kept: g_r = C δ_rᵀ is held for every row that has lost weights.
 */
import { elementCount } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { seededRandom } from '../../ir/random.ts';
import type { Shape, TensorModule, TensorNodeNamed } from '../../ir/tensor/ops.ts';
import { type WeightNode, weightsOf } from '../../ir/tensor/weight-layers.ts';
import type { Sample } from '../pass.ts';
import { visitActivations } from './activations.ts';
import { GradientTape } from './backward.ts';
import { MomentMeter, type Moments, type RowsOfWeights, rowsOfWeights } from './moments.ts';

/** Samples that moments are measured on, and those that gradients are taken at; evenly picked. */
const momentSamples = 512;
const gradientSamples = 128;

/** Networks of at most so many outputs take exact derivatives, others this many random signs for each sample. */
const exactOutputs = 16;
const probes = 4;

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
    const sensitivities = measureSensitivities(module, nodes, evenly(samples, gradientSamples), seed);
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

/**
 * For each layer and row E[Σ_k (∂out_k / ∂y_r)²] / outputs, averaged over the positions of a convolution. Σ_k is taken
 * exactly or, since E[(Jᵀz)²] = Σ_k J_k² for random signs z, by probes.
 */
function measureSensitivities(
  module: TensorModule,
  nodes: readonly WeightNode[],
  samples: readonly Sample[],
  seed: number,
): Float64Array[] {
  const tape = new GradientTape(module);
  const interpreter = new TensorInterpreter(module);
  const outputs = module.nodes.filter((node) => node.op === 'output');
  const count = outputs.reduce((sum, { type }) => sum + elementCount(type), 0);
  const layouts = nodes.map(rowsOfWeights);
  const sums = layouts.map(({ rows }) => new Float64Array(rows));
  const random = seededRandom(seed);
  const isExact = count <= exactOutputs;
  const rounds = isExact ? count : probes;
  for (const sample of samples) {
    const values = interpreter.evaluateAll(sample);
    for (let round = 0; round < rounds; round++) {
      const seedAt = isExact ? (k: number) => (k === round ? 1 : 0) : () => (random.uniform() < 0.5 ? -1 : 1);
      const gradients = tape.gradients(values, seedsOf(outputs, seedAt));
      for (const [k, node] of nodes.entries()) {
        const positions = layouts[k]?.positions ?? 1;
        const sum = sums[k] ?? new Float64Array();
        gradients[node.id]?.forEach((g, i) => {
          const row = Math.floor(i / positions);
          sum[row] = (sum[row] ?? 0) + g * g;
        });
      }
    }
  }
  const averaged = samples.length * (isExact ? 1 : probes) * Math.max(1, count);
  return sums.map((sum, k) => sum.map((total) => total / (averaged * (layouts[k]?.positions ?? 1))));
}

/** An array for each output node; elements are counted over all of them. */
function seedsOf(
  outputs: readonly TensorNodeNamed<'output'>[],
  seedAt: (element: number) => number,
): Map<number, Float64Array> {
  let first = 0;
  return new Map(
    outputs.map(({ id, type }) => {
      const offset = first;
      first += elementCount(type);
      return [id, Float64Array.from({ length: elementCount(type) }, (_, i) => seedAt(offset + i))];
    }),
  );
}

function operandShape(module: TensorModule, node: WeightNode): Shape {
  return nodeAt(module, node.operands[0] ?? -1).type;
}

/** At most `most` of them, evenly picked. */
function evenly<T>(items: readonly T[], most: number): readonly T[] {
  if (items.length <= most) return items;
  const share = (i: number): number => Math.floor((i * most) / items.length);
  return items.filter((_, i) => i === 0 || share(i) !== share(i - 1));
}
