/** Taking weights out, and putting them back: what stands in `weights` and in `pruned`. */
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { type LayerWeights, replaceWeights, weightNodes, weightsOf } from '../../../ir/tensor/weight-layers.ts';

/** `module` with the weights whose mask is 1 set to zero; `pruned` keeps their values beside what it holds already. */
export function zeroWeights(
  module: TensorModule,
  masks: ReadonlyMap<ValueId, Uint8Array>,
): { readonly module: TensorModule; readonly count: number } {
  const layers = new Map<ValueId, LayerWeights>();
  let count = 0;
  for (const node of weightNodes(module)) {
    const mask = masks.get(node.id);
    const before = weightsOf(node).values;
    const goes = (w: number, i: number) => w !== 0 && mask?.[i] === 1;
    const removals = before.reduce((sum, w, i) => sum + Number(goes(w, i)), 0);
    if (removals === 0) continue;
    count += removals;
    const taken = node.attrs.pruned?.values;
    layers.set(node.id, {
      weights: before.map((w, i) => (goes(w, i) ? 0 : w)),
      pruned: before.map((w, i) => (goes(w, i) ? w : (taken?.[i] ?? 0))),
    });
  }
  return { module: layers.size === 0 ? module : replaceWeights(module, layers), count };
}

/** `module` with everything put back that pruning took out of it; the same module where that is nothing. */
export function unpruned(module: TensorModule): TensorModule {
  const layers = new Map<ValueId, LayerWeights>();
  for (const node of weightNodes(module)) {
    const taken = node.attrs.pruned?.values;
    if (taken?.some((w) => w !== 0) !== true) continue;
    layers.set(node.id, { weights: weightsOf(node).values.map((w, i) => w + (taken[i] ?? 0)) });
  }
  return layers.size === 0 ? module : replaceWeights(module, layers);
}

/** Weights of `module`, and how many of them are zero. */
export function countZeros(module: TensorModule): { readonly weights: number; readonly zeros: number } {
  const arrays = weightNodes(module).map((node) => weightsOf(node).values);
  return {
    weights: arrays.reduce((sum, { length }) => sum + length, 0),
    zeros: arrays.reduce((sum, values) => values.reduce((zeros, w) => zeros + Number(w === 0), sum), 0),
  };
}
