/** Which single weights `prune` takes out. */
import type { ValueId } from '../../../ir/op.ts';
import { type WeightNode, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import type { WeightScores } from '../statistics/criteria.ts';

/**
 * For every layer 1 for each weight that is to be zero: the share `sparsity` of all weights, of each layer (`local`) or of
 * the model, those of least worth first. Weights that are zero already count, and go before all others; the best weight
 * of a layer stays.
 */
export function chooseWeights(
  nodes: readonly WeightNode[],
  scores: WeightScores,
  { scope, sparsity }: { readonly scope: 'local' | 'global'; readonly sparsity: number },
): Map<ValueId, Uint8Array> {
  const layers = nodes.map((node) => ({ id: node.id, ranks: ranksOf(node, scores.get(node.id)) }));
  const chosen = new Map(layers.map(({ id, ranks }) => [id, new Uint8Array(ranks.length)] as const));
  for (const group of scope === 'local' ? layers.map((layer) => [layer]) : [layers]) {
    const sorted = joined(group.map(({ ranks }) => ranks)).sort();
    const count = Math.floor(sparsity * sorted.length);
    if (count === 0) continue;
    const threshold = sorted[count - 1] ?? 0;
    // Of equal ranks only as many as are wanted go, the first ones.
    let ties = count - sorted.findIndex((rank) => rank >= threshold);
    for (const { id, ranks } of group) {
      const mask = chosen.get(id);
      if (mask === undefined) continue;
      for (const [i, rank] of ranks.entries()) {
        if (rank < threshold || (rank === threshold && ties-- > 0)) mask[i] = 1;
      }
      keepBest(mask, ranks);
    }
  }
  return chosen;
}

const rankOfZero = -1;

function ranksOf(node: WeightNode, scores: Float64Array | undefined): Float64Array {
  return weightsOf(node).values.map((w, i) => (w === 0 ? rankOfZero : (scores?.[i] ?? 0)));
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const array of arrays) {
    all.set(array, at);
    at += array.length;
  }
  return all;
}

function keepBest(mask: Uint8Array, ranks: Float64Array): void {
  if (mask.includes(0)) return;
  const best = ranks.reduce((found, rank, i) => (rank > (ranks[found] ?? 0) ? i : found), 0);
  if (ranks[best] !== rankOfZero) mask[best] = 0;
}
