/** Biases that make up for the mean of what pruned weights read. */
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { type LayerWeights, replaceWeights, weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { type Signals, sumOverUses } from '../statistics/criteria.ts';
import { layerGeometry } from '../../../ir/tensor/layer-geometry.ts';

/**
 * `pruned` with the mean of every term that `module` has and it has not added to the bias of the row; for a convolution
 * the mean over all positions. Both have the same nodes; `signals` are those of `module`.
 */
export function compensateMeans(pruned: TensorModule, module: TensorModule, signals: Signals): TensorModule {
  const layers = new Map<ValueId, LayerWeights>();
  const left = weightNodes(pruned).map((node) => weightsOf(node).values);
  for (const [k, node] of weightNodes(module).entries()) {
    const after = left[k];
    const means = sumOverUses(module, node, signals.get(node.id)?.means ?? new Float64Array());
    const { rowOf, rowElements } = layerGeometry(module, node);
    const bias = Float64Array.from(node.attrs.bias.values);
    for (const [i, w] of weightsOf(node).values.entries()) {
      if (w === after?.[i]) continue;
      const row = rowOf[i] ?? -1;
      bias[row] = (bias[row] ?? 0) + ((w - (after?.[i] ?? 0)) * (means[i] ?? 0)) / rowElements;
    }
    layers.set(node.id, { bias });
  }
  return replaceWeights(pruned, layers);
}
