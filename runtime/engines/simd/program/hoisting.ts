/**
 * Which rotations share a decomposition. The rotations of one value are hoisted where there are two or more: the value is decomposed before the first of them, and its digits stay until the last.
 *
 * Digits take (level + 2) / 2 times what the ciphertext takes, so only a few decompositions are kept at a time: where
 * there is one too many, the one that is wanted last is given up (Belady 1966), and is made again if two or more of its
 * rotations are left.
 */

/** Decompositions in memory at once. */
export const keptDecompositions = 4;

export class Hoisting {
  /** By source: the rows that rotate it, ascending. */
  private readonly rotations = new Map<number, number[]>();
  /** By source: how many of its rotations are done. */
  private readonly done = new Map<number, number>();
  /** By source: its decomposition, where one is kept. */
  private readonly kept = new Map<number, number>();
  private readonly most: number;

  constructor(most: number = keptDecompositions) {
    this.most = most;
  }

  /** Tells of a rotation of `source` at `row`, before any is taken; rows ascend. */
  announce(source: number, row: number): void {
    const rows = this.rotations.get(source);
    if (rows === undefined) this.rotations.set(source, [row]);
    else rows.push(row);
  }

  /**
   * For the next rotation of `source`: the decomposition that it uses, or none where it is better rotated by itself.
   * @param decompose makes a decomposition of the source, and gives what stands for it
   */
  take(source: number, decompose: () => number): number | undefined {
    const left = this.rowsLeft(source);
    this.done.set(source, (this.done.get(source) ?? 0) + 1);
    let digits = this.kept.get(source);
    if (digits === undefined) {
      if (left < 2 || !this.makeRoom(source)) return undefined;
      digits = decompose();
      this.kept.set(source, digits);
    }
    if (left === 1) this.kept.delete(source);
    return digits;
  }

  private rowsLeft(source: number): number {
    return (this.rotations.get(source)?.length ?? 0) - (this.done.get(source) ?? 0);
  }

  private nextRow(source: number): number {
    return this.rotations.get(source)?.[this.done.get(source) ?? 0] ?? Infinity;
  }

  /** Whether there is room for the decomposition of `source`, or it is wanted before that of another. */
  private makeRoom(source: number): boolean {
    if (this.kept.size < this.most) return true;
    let last = source;
    for (const other of this.kept.keys()) if (this.nextRow(other) > this.nextRow(last)) last = other;
    if (last === source) return false;
    this.kept.delete(last);
    return true;
  }
}
