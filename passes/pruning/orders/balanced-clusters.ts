/**
 * Clusters of equally many items (the last one may be smaller), by what they have: the items of a cluster share tiles.
 *
 * A cluster costs the tiles that any of its items has, so clusters grow by the item that adds the fewest, and has the
 * most in common where several do. Items without anything are last, and share clusters with others in one at most.
 */
import type { SeededRandom } from '../../../ir/random.ts';
import { type BitRows, popcount } from './bit-rows.ts';

/**
 * The item at each position, cluster after cluster. A cluster begins with the item that has the most, or with
 * `random` with any, the likelier the more it has.
 */
export function growClusters(rows: BitRows, size: number, random?: SeededRandom): Int32Array {
  const { items, width, words } = rows;
  const sizes = Int32Array.from({ length: items }, (_, item) => rows.size(item));
  const all = Array.from({ length: items }, (_, item) => item);
  const free = all.filter((item) => (sizes[item] ?? 0) > 0);
  const order: number[] = [];
  const union = new Int32Array(width);
  while (free.length > 0) {
    union.fill(0);
    const take = (at: number): void => {
      const [item = 0] = free.splice(at, 1);
      for (let w = 0; w < width; w++) union[w] = (union[w] ?? 0) | (words[item * width + w] ?? 0);
      order.push(item);
    };
    take(random === undefined ? largest(free, sizes) : drawn(free, sizes, random));
    for (let k = 1; k < size && free.length > 0; k++) take(closest(free, sizes, rows, union));
  }
  return Int32Array.from([...order, ...all.filter((item) => sizes[item] === 0)]);
}

function largest(free: readonly number[], sizes: Int32Array): number {
  let best = 0;
  for (const [at, item] of free.entries()) if ((sizes[item] ?? 0) > (sizes[free[best] ?? 0] ?? 0)) best = at;
  return best;
}

function drawn(free: readonly number[], sizes: Int32Array, random: SeededRandom): number {
  let left = random.uniform() * free.reduce((sum, item) => sum + (sizes[item] ?? 0), 0);
  const at = free.findIndex((item) => (left -= sizes[item] ?? 0) < 0);
  return at < 0 ? free.length - 1 : at;
}

function closest(free: readonly number[], sizes: Int32Array, { words, width }: BitRows, union: Int32Array): number {
  let best = 0;
  let fewest = Infinity;
  let most = -1;
  for (const [at, item] of free.entries()) {
    let shared = 0;
    for (let w = 0; w < width; w++) shared += popcount((words[item * width + w] ?? 0) & (union[w] ?? 0));
    const added = (sizes[item] ?? 0) - shared;
    if (added > fewest || (added === fewest && shared <= most)) continue;
    best = at;
    fewest = added;
    most = shared;
  }
  return best;
}

/**
 * The same clusters, those that have the most first; items ascend within each. A last cluster that is smaller stays last.
 */
export function orderClusters(order: Int32Array, size: number, weightOf: (cluster: Int32Array) => number): Int32Array {
  const full = Math.floor(order.length / size);
  const clusters = Array.from({ length: full }, (_, k) => {
    const items = order.slice(k * size, (k + 1) * size).sort();
    return { items, weight: weightOf(items), first: items[0] ?? 0 };
  });
  clusters.sort((a, b) => b.weight - a.weight || a.first - b.first);
  return Int32Array.from([...clusters.flatMap(({ items }) => [...items]), ...order.slice(full * size).sort()]);
}
