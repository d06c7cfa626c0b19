/** Axes while they are being tied: joined sets, each with a number of items that only ever falls to one of its divisors. */
import { DisjointSets } from '../../../ir/maths/disjoint-sets.ts';
import { greatestCommonDivisor } from '../../../ir/maths/divisors.ts';

export class AxisSets {
  private readonly sets = new DisjointSets();
  private readonly counts: number[] = [];
  private readonly names: string[][] = [];

  /** A new axis, with the name of where it begins; one without a name is of no interest by itself. */
  add(items: number, origin?: string): number {
    this.counts.push(items);
    this.names.push(origin === undefined ? [] : [origin]);
    return this.sets.add();
  }

  find(set: number): number {
    return this.sets.find(set);
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
    const { root, gone } = this.sets.join(a, b);
    if (gone === undefined) return;
    this.coarsen(root, this.counts[gone] ?? 1);
    this.names[root]?.push(...(this.names[gone] ?? []));
  }

  *roots(): Generator<{ root: number; items: number; origins: readonly string[] }> {
    for (const root of this.sets.roots())
      yield { root, items: this.counts[root] ?? 1, origins: this.names[root] ?? [] };
  }
}
