/**
 * A network in another order and back: pruning cuts tiles out of the permuted network, but what is trained and exported
 * keeps the order of the user's model.
 */
import { InternalError } from '../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../ir/op.ts';
import type { TensorModule, TensorNode } from '../ir/tensor/ops.ts';
import { type LayerWeights, replaceWeights, weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { type Orders, permuteModule } from '../passes/pruning/orders/apply-permutation.ts';
import type { NetworkKernels } from '../passes/pruning/tiles/kernels.ts';

/**
 * `module` with the weights, biases and `pruned` values that `permuted` has, which is `module` in `orders` but for those
 * values.
 */
export function inOriginalOrder(module: TensorModule, permuted: TensorModule, orders: Orders): TensorModule {
  // Weights that are their own index say where each of them went.
  const numbered = permuteModule(numberWeights(module), orders);
  const sources = weightNodes(numbered);
  const moved = weightNodes(permuted);
  const layers = new Map<ValueId, LayerWeights>();
  for (const [k, node] of weightNodes(module).entries()) {
    const from = sources[k];
    const to = moved[k];
    if (from === undefined || to === undefined) throw new InternalError('the permuted network has other layers');
    const numbers = weightsOf(from).values;
    const back = (values: Float64Array): Float64Array => {
      const result = new Float64Array(values.length);
      for (const [i, number] of numbers.entries()) result[number - 1] = values[i] ?? 0;
      return result;
    };
    const bias = new Float64Array(node.attrs.bias.values.length);
    for (const [i, number] of from.attrs.bias.values.entries()) bias[number - 1] = to.attrs.bias.values[i] ?? 0;
    const pruned = to.attrs.pruned?.values;
    layers.set(node.id, { weights: back(weightsOf(to).values), bias, ...(pruned && { pruned: back(pruned) }) });
  }
  return replaceWeights(module, layers);
}

function numberWeights(module: TensorModule): TensorModule {
  const numbers = ({ length }: Float64Array) => Float64Array.from({ length }, (_, i) => i + 1);
  return replaceWeights(
    module,
    new Map(
      weightNodes(module).map((node) => [
        node.id,
        { weights: numbers(weightsOf(node).values), bias: numbers(node.attrs.bias.values) },
      ]),
    ),
  );
}

/** Kernels of `from` for `to`, which has the same layers and activations in the same order under other ids. */
export function kernelsFor(kernels: NetworkKernels, from: TensorModule, to: TensorModule): NetworkKernels {
  const ids = new Map<ValueId, ValueId>();
  const pair = (sources: readonly TensorNode[], targets: readonly TensorNode[]): void => {
    for (const [k, { id }] of sources.entries()) ids.set(id, targets[k]?.id ?? -1);
  };
  const slotwise = ({ nodes }: TensorModule) => nodes.filter(({ op }) => op === 'multiply' || op === 'polynomial');
  pair(weightNodes(from), weightNodes(to));
  pair(slotwise(from), slotwise(to));
  const idOf = (id: ValueId): ValueId => {
    const found = ids.get(id);
    if (found === undefined || found < 0) throw new InternalError(`%${id} has no counterpart`);
    return found;
  };
  return {
    layers: kernels.layers.map((layer) => ({ ...layer, node: idOf(layer.node) })),
    slotwise: kernels.slotwise.map(({ node, price }) => ({ node: idOf(node), price })),
  };
}
