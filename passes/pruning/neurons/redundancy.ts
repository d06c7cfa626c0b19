/**
 * In which order neurons can go: at every step the one whose loss the others make up for best. Of a dense layer y = W x
 * with H the inverse of the covariance of x, taking out x_j costs |W_j|² / H_jj in the mean square of y once the other
 * columns have moved by −W_j H_j / H_jj (optimal brain surgeon, Hassibi and Stork, NeurIPS 1992, for whole columns); H is
 * then brought up to date by −H_jᵀ H_j / H_jj. Only the order is taken from here: `reconstruct` solves for the weights.
 */
import { inverse, Matrix } from 'ml-matrix';

import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import type { Sample } from '../../../ir/interface.ts';
import { visitActivations } from '../statistics/activations.ts';
import type { NeuronMap } from './neurons.ts';

/** Of the mean variance, added to each: elements that never vary have no inverse. */
const ridge = 1e-5;

/**
 * For each neuron of `home` when it goes, from 0 on; undefined where these neurons are not exactly what one dense layer
 * reads, element by element.
 */
export function removalOrder(
  module: TensorModule,
  neurons: NeuronMap,
  home: ValueId,
  samples: readonly Sample[],
): ReadonlyMap<number, number> | undefined {
  const own = new Set(neurons.homes.flatMap(([first], neuron) => (first === home ? [neuron] : [])));
  const readers = module.nodes.filter((node) => neurons.layers.get(node.id)?.read.some((neuron) => own.has(neuron)));
  const [reader, another] = readers;
  if (reader?.op !== 'dense' || another !== undefined) return undefined;
  const columns = neurons.layers.get(reader.id)?.read ?? new Int32Array();
  if (columns.length !== own.size || !columns.every((neuron) => own.has(neuron))) return undefined;
  const n = columns.length;
  const h = inverse(covariance(module, reader.id, samples, n));
  const w = Matrix.from1DArray(reader.attrs.weights.shape[0] ?? 0, n, Array.from(reader.attrs.weights.values));
  const order = new Map<number, number>();
  const left = new Set(columns.keys());
  while (left.size > 0) {
    let gone = -1;
    let least = Infinity;
    for (const j of left) {
      const cost = costOf(w, h, j);
      if (gone === -1 || cost < least) [gone, least] = [j, cost];
    }
    takeOut(w, h, gone, left);
    left.delete(gone);
    order.set(columns[gone] ?? -1, order.size);
  }
  return order;
}

function covariance(module: TensorModule, reader: ValueId, samples: readonly Sample[], n: number): Matrix {
  const sums = new Float64Array(n);
  const products = new Float64Array(n * n);
  visitActivations(module, samples, ({ node, operands: [x = new Float64Array()], count }) => {
    if (node.id !== reader) return;
    for (let s = 0; s < count; s++) {
      const row = x.subarray(s * n, (s + 1) * n);
      for (let i = 0; i < n; i++) {
        const xi = row[i] ?? 0;
        if (xi === 0) continue;
        sums[i] = (sums[i] ?? 0) + xi;
        for (let j = 0; j < n; j++) products[i * n + j] = (products[i * n + j] ?? 0) + xi * (row[j] ?? 0);
      }
    }
  });
  const count = samples.length;
  const matrix = new Matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++)
      matrix.set(i, j, (products[i * n + j] ?? 0) / count - ((sums[i] ?? 0) * (sums[j] ?? 0)) / count ** 2);
  }
  const scale = matrix.trace() / n || 1;
  for (let i = 0; i < n; i++) matrix.set(i, i, matrix.get(i, i) + ridge * scale);
  return matrix;
}

function costOf(w: Matrix, h: Matrix, j: number): number {
  let square = 0;
  for (let r = 0; r < w.rows; r++) square += w.get(r, j) ** 2;
  return square / h.get(j, j);
}

/** Moves what column j does to the others that are left, and takes it out of the inverse. */
function takeOut(w: Matrix, h: Matrix, j: number, left: ReadonlySet<number>): void {
  const pivot = h.get(j, j);
  const row = Float64Array.from({ length: h.columns }, (_, k) => h.get(j, k));
  for (let r = 0; r < w.rows; r++) {
    const factor = w.get(r, j) / pivot;
    if (factor === 0) continue;
    for (const k of left) w.set(r, k, w.get(r, k) - factor * (row[k] ?? 0));
  }
  for (const i of left) {
    const factor = (row[i] ?? 0) / pivot;
    for (const k of left) h.set(i, k, h.get(i, k) - factor * (row[k] ?? 0));
  }
}
