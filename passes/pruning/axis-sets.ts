/**
 * Axes while they are being tied: sets that are only ever joined (Tarjan 1975, with paths halved), each with a number of
 * items that only ever falls to one of its divisors.
 */
export class AxisSets {
  private readonly parents: number[] = [];
  private readonly counts: number[] = [];
  private readonly names: string[][] = [];

  /** A new axis, with the name of where it begins; one without a name is of no interest by itself. */
  add(items: number, origin?: string): number {
    this.counts.push(items);
    this.names.push(origin === undefined ? [] : [origin]);
    return this.parents.push(this.parents.length) - 1;
  }

  find(set: number): number {
    let at = set;
    for (;;) {
      const parent = this.parents[at] ?? at;
      if (parent === at) return at;
      const above = this.parents[parent] ?? parent;
      this.parents[at] = above;
      at = above;
    }
  }

  items(set: number): number {
    return this.counts[this.find(set)] ?? 1;
  }

  /** Lets an axis have at most `items` items, each of several of the present ones; 1 keeps it in place. */
  coarsen(set: number, items: number): void {
    const root = this.find(set);
    this.counts[root] = greatestCommonDivisor(this.counts[root] ?? 1, items);
  }

  /** Ties two axes over equally many elements item by item. */
  join(a: number, b: number): void {
    const [low, high] = [this.find(a), this.find(b)].sort((x, y) => x - y) as [number, number];
    if (low === high) return;
    this.parents[high] = low;
    this.coarsen(low, this.counts[high] ?? 1);
    this.names[low]?.push(...(this.names[high] ?? []));
  }

  *roots(): Generator<{ root: number; items: number; origins: readonly string[] }> {
    for (const [set, parent] of this.parents.entries()) {
      if (set === parent) yield { root: set, items: this.counts[set] ?? 1, origins: this.names[set] ?? [] };
    }
  }
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
