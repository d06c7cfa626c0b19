/**
 * Local search over clusters of fixed sizes: pairs of items of different clusters change places as long as that lowers a
 * cost (Kernighan and Lin 1970, without their sequences of moves). What the cost is, and how it is kept up to date, is
 * the caller's.
 */
export interface ClusterCost {
  /** The cluster of each item; `swap` changes it. */
  readonly clusterOf: Int32Array;
  /** By how much the cost rises when items of different clusters change places. */
  readonly change: (a: number, b: number) => number;
  readonly swap: (a: number, b: number) => void;
}

/** Sums of worths differ by rounding alone below this. */
const leastGain = 1e-12;

/**
 * Gives every item in turn to the item that lowers the cost most by changing places with it, in at most `rounds` rounds
 * over all items. Returns the number of exchanges. Deterministic.
 */
export function exchange(cost: ClusterCost, rounds: number): number {
  const { clusterOf } = cost;
  const items = clusterOf.length;
  let exchanges = 0;
  for (let round = 0; round < rounds; round++) {
    const before = exchanges;
    for (let a = 0; a < items; a++) {
      let best = -leastGain;
      let partner = -1;
      for (let b = 0; b < items; b++) {
        if (clusterOf[b] === clusterOf[a]) continue;
        const change = cost.change(a, b);
        if (change < best) {
          best = change;
          partner = b;
        }
      }
      if (partner < 0) continue;
      cost.swap(a, partner);
      exchanges++;
    }
    if (exchanges === before) break;
  }
  return exchanges;
}
