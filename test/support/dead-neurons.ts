/** Networks of which neurons, channels and inputs have been pruned whole, chosen at random. */
import type { ValueId } from '../../ir/op.ts';
import { seededRandom } from '../../ir/random.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import {
  type LayerWeights,
  replaceWeights,
  weightMapOf,
  weightNodes,
  weightsOf,
} from '../../ir/tensor/weight-layers.ts';

/** The module with this share of rows and of columns of all weights set to zero; for a conv, of its channels. */
export function withDeadNeurons(module: TensorModule, share: number, seed: number): TensorModule {
  const random = seededRandom(seed);
  const layers = new Map<ValueId, LayerWeights>();
  for (const node of weightNodes(module)) {
    const weights = weightsOf(node).values.slice();
    const isDead = (count: number): boolean[] => Array.from({ length: count }, () => random.uniform() < share);
    if (node.op === 'sparse') {
      const { starts, indices, weight, rows, columns } = weightMapOf(module, node);
      const [deadRows, deadColumns] = [isDead(rows), isDead(columns)];
      for (let row = 0; row < rows; row++) {
        for (let i = starts[row] ?? 0; i < (starts[row + 1] ?? 0); i++)
          if (deadRows[row] === true || deadColumns[indices[i] ?? 0] === true) weights[weight[i] ?? 0] = 0;
      }
    } else {
      const [rows = 0, columns = 0, ...kernel] = node.attrs.weights.shape;
      const taps = kernel.reduce((product, extent) => product * extent, 1);
      const [deadRows, deadColumns] = [isDead(rows), isDead(columns)];
      for (let i = 0; i < weights.length; i++) {
        const pair = Math.floor(i / taps);
        if (deadRows[Math.floor(pair / columns)] === true || deadColumns[pair % columns] === true) weights[i] = 0;
      }
    }
    layers.set(node.id, { weights });
  }
  return replaceWeights(module, layers);
}
