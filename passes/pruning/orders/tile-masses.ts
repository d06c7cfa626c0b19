/**
 * The cost of clusters by what goes when weak tiles are pruned: the worth of every tile, of a strong one no more than
 * `cap`. With the worth of the k-th weakest tile as the cap, this is the worth of the k weakest tiles and a constant: the
 * lower it is, the less is lost with them.
 */
import type { ClusterCost } from './exchange.ts';
import type { TileFeatures } from './tile-features.ts';

/** The worth of each feature of each item, item by item. */
export function denseFeatures({ items, count, visit }: TileFeatures): Float64Array {
  const features = new Float64Array(items * count);
  visit((item, feature, worth) => {
    features[item * count + feature] = (features[item * count + feature] ?? 0) + worth;
  });
  return features;
}

export class TileMasses implements ClusterCost {
  readonly clusterOf: Int32Array;
  private readonly features: Float64Array;
  private readonly count: number;
  private readonly cap: number;
  /** For each cluster the worth of its tiles. */
  private readonly sums: Float64Array;
  /** For each cluster what its tiles cost. */
  private readonly costs: Float64Array;

  /** `order` is the item at each position; clusters are of `size` positions. `features` as `denseFeatures` gives them. */
  constructor(features: Float64Array, order: Int32Array, size: number, cap: number) {
    this.features = features;
    this.count = features.length / order.length;
    this.cap = cap;
    this.clusterOf = new Int32Array(order.length);
    const clusters = Math.ceil(order.length / size);
    this.sums = new Float64Array(clusters * this.count);
    this.costs = new Float64Array(clusters);
    for (const [position, item] of order.entries()) {
      const cluster = Math.floor(position / size);
      this.clusterOf[item] = cluster;
      this.move(cluster, item, 1);
    }
    for (let cluster = 0; cluster < clusters; cluster++) this.price(cluster);
  }

  change(a: number, b: number): number {
    const { features, count, cap, sums, costs } = this;
    const clusterA = this.clusterOf[a] ?? 0;
    const clusterB = this.clusterOf[b] ?? 0;
    let cost = 0;
    // `Math.min` has no branch to mispredict: this loop is nearly all of the time that a search takes.
    for (let f = 0; f < count; f++) {
      const leaves = (features[a * count + f] ?? 0) - (features[b * count + f] ?? 0);
      cost += Math.min((sums[clusterA * count + f] ?? 0) - leaves, cap);
      cost += Math.min((sums[clusterB * count + f] ?? 0) + leaves, cap);
    }
    return cost - (costs[clusterA] ?? 0) - (costs[clusterB] ?? 0);
  }

  swap(a: number, b: number): void {
    const clusterA = this.clusterOf[a] ?? 0;
    const clusterB = this.clusterOf[b] ?? 0;
    this.move(clusterA, a, -1);
    this.move(clusterB, b, -1);
    this.move(clusterA, b, 1);
    this.move(clusterB, a, 1);
    this.clusterOf[a] = clusterB;
    this.clusterOf[b] = clusterA;
    this.price(clusterA);
    this.price(clusterB);
  }

  private price(cluster: number): void {
    let cost = 0;
    for (let f = 0; f < this.count; f++) cost += Math.min(this.sums[cluster * this.count + f] ?? 0, this.cap);
    this.costs[cluster] = cost;
  }

  private move(cluster: number, item: number, sign: 1 | -1): void {
    const { features, count, sums } = this;
    for (let f = 0; f < count; f++) {
      sums[cluster * count + f] = (sums[cluster * count + f] ?? 0) + sign * (features[item * count + f] ?? 0);
    }
  }
}
