/**
 * Sets that are only ever joined (Tarjan 1975), with paths halved; the root of a set is its first member. Sets whose
 * members stand in a ratio to one another are in `passes/he/scales/scale-solver.ts`.
 */
export class DisjointSets {
  private readonly parents: number[];

  /** Begins with as many sets of one member each, numbered from 0. */
  constructor(members = 0) {
    this.parents = Array.from({ length: members }, (_, member) => member);
  }

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
    const first = this.find(a);
    const second = this.find(b);
    if (first === second) return { root: first, gone: undefined };
    const root = Math.min(first, second);
    const gone = Math.max(first, second);
    this.parents[gone] = root;
    return { root, gone };
  }

  *roots(): Generator<number> {
    for (const [set, parent] of this.parents.entries()) if (set === parent) yield set;
  }
}
