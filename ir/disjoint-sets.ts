/** Sets that are only ever joined (Tarjan 1975), with paths halved; the root of a set is its first member. */
export class DisjointSets {
  private readonly parents: number[] = [];

  /** A new set of one member, which is its number. */
  add(): number {
    return this.parents.push(this.parents.length) - 1;
  }

  /** The root of the set that `member` is in. */
  find(member: number): number {
    let at = member;
    for (;;) {
      const parent = this.parents[at] ?? at;
      if (parent === at) return at;
      const above = this.parents[parent] ?? parent;
      this.parents[at] = above;
      at = above;
    }
  }

  /** The root of the joined set; `gone` is the one that no longer is a root, undefined where they were one already. */
  join(a: number, b: number): { readonly root: number; readonly gone: number | undefined } {
    const [low, high] = [this.find(a), this.find(b)].sort((x, y) => x - y) as [number, number];
    if (low === high) return { root: low, gone: undefined };
    this.parents[high] = low;
    return { root: low, gone: high };
  }

  *roots(): Generator<number> {
    for (const [set, parent] of this.parents.entries()) if (set === parent) yield set;
  }
}
