/**
 * The cost of clusters by what is left to multiply: a tile is live if any item of the cluster has anything in it, and a
 * ciphertext, which is a group of tiles on the other side, if any of its tiles is.
 */
import { type BitRows, popcount } from './bit-rows.ts';
import type { ClusterCost } from './exchange.ts';

/** What a live tile and a live ciphertext cost. */
export interface TilePrices {
  readonly product: number;
  readonly group: number;
}

export class LiveTiles implements ClusterCost {
  readonly clusterOf: Int32Array;
  private readonly rows: BitRows;
  private readonly prices: TilePrices;
  private readonly members: readonly number[][];
  /** For each cluster the features that any of its items has, and those that exactly one has. */
  private readonly any: Int32Array;
  private readonly once: Int32Array;

  /** `order` is the item at each position; clusters are of `size` positions. */
  constructor(rows: BitRows, order: Int32Array, size: number, prices: TilePrices) {
    this.rows = rows;
    this.prices = prices;
    const clusters = Math.ceil(order.length / size);
    this.clusterOf = new Int32Array(order.length);
    this.members = Array.from({ length: clusters }, (_, k) => [...order.subarray(k * size, (k + 1) * size)]);
    this.any = new Int32Array(clusters * rows.width);
    this.once = new Int32Array(clusters * rows.width);
    for (const [k, items] of this.members.entries()) {
      for (const item of items) this.clusterOf[item] = k;
      this.count(k);
    }
  }

  change(a: number, b: number): number {
    const { words, width, groups } = this.rows;
    const { any, once, prices } = this;
    const atA = (this.clusterOf[a] ?? 0) * width;
    const atB = (this.clusterOf[b] ?? 0) * width;
    let tiles = 0;
    let ciphertexts = 0;
    for (let g = 0; g + 1 < groups.length; g++) {
      let [beforeA, beforeB, afterA, afterB] = [0, 0, 0, 0];
      for (let w = groups[g] ?? 0; w < (groups[g + 1] ?? 0); w++) {
        const own = words[a * width + w] ?? 0;
        const other = words[b * width + w] ?? 0;
        const inA = any[atA + w] ?? 0;
        const inB = any[atB + w] ?? 0;
        const newA = (inA & ~(own & (once[atA + w] ?? 0))) | other;
        const newB = (inB & ~(other & (once[atB + w] ?? 0))) | own;
        beforeA |= inA;
        beforeB |= inB;
        afterA |= newA;
        afterB |= newB;
        tiles += popcount(newA) - popcount(inA) + popcount(newB) - popcount(inB);
      }
      ciphertexts += Number(afterA !== 0) + Number(afterB !== 0) - Number(beforeA !== 0) - Number(beforeB !== 0);
    }
    return tiles * prices.product + ciphertexts * prices.group;
  }

  swap(a: number, b: number): void {
    const clusterA = this.clusterOf[a] ?? 0;
    const clusterB = this.clusterOf[b] ?? 0;
    this.replace(clusterA, a, b);
    this.replace(clusterB, b, a);
  }

  private replace(cluster: number, item: number, by: number): void {
    const items = this.members[cluster] ?? [];
    items.splice(items.indexOf(item), 1, by);
    this.clusterOf[by] = cluster;
    this.count(cluster);
  }

  private count(cluster: number): void {
    const { words, width } = this.rows;
    for (let w = 0; w < width; w++) {
      let any = 0;
      let several = 0;
      for (const item of this.members[cluster] ?? []) {
        const word = words[item * width + w] ?? 0;
        several |= any & word;
        any |= word;
      }
      this.any[cluster * width + w] = any;
      this.once[cluster * width + w] = any & ~several;
    }
  }
}
