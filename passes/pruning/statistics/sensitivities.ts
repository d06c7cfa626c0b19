/** How far errors of the rows of layers move the outputs of the network. */
import { elementCount } from '../../../ir/constant.ts';
import { TensorInterpreter } from '../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../ir/random.ts';
import type { TensorModule, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import type { WeightNode } from '../../../ir/tensor/weight-layers.ts';
import type { Sample } from '../../../ir/interface.ts';
import { GradientTape } from './backward.ts';
import { evenly } from '../../base/evenly.ts';
import { rowsOfWeights } from './moments.ts';

/** Samples that gradients are taken at, evenly picked. */
const gradientSamples = 128;

/** Networks of at most so many outputs take exact derivatives, others this many random signs for each sample. */
const exactOutputs = 16;
const probes = 4;

/**
 * For each layer and row E[Σ_k (∂out_k / ∂y_r)²] / outputs, averaged over the positions of a convolution: how far an
 * error of the row moves the outputs. Σ_k is taken exactly or, since E[(Jᵀz)²] = Σ_k J_k² for random signs z, by probes.
 */
export function measureSensitivities(
  module: TensorModule,
  nodes: readonly WeightNode[],
  samples: readonly Sample[],
  seed: number,
): Float64Array[] {
  const picked = evenly(samples, gradientSamples);
  const tape = new GradientTape(module);
  const interpreter = new TensorInterpreter(module);
  const outputs = module.nodes.filter((node) => node.op === 'output');
  const count = outputs.reduce((sum, { type }) => sum + elementCount(type), 0);
  const layouts = nodes.map(rowsOfWeights);
  const sums = layouts.map(({ rows }) => new Float64Array(rows));
  const random = seededRandom(seed);
  const isExact = count <= exactOutputs;
  const rounds = isExact ? count : probes;
  for (const sample of picked) {
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
  const averaged = picked.length * (isExact ? 1 : probes) * Math.max(1, count);
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
