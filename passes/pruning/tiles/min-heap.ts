/** A binary heap: the entry with the least key first, of equal keys the one with the lower item. */
export class MinHeap {
  private readonly keys: number[] = [];
  private readonly items: number[] = [];
  private readonly tags: number[] = [];

  /** The least key, Infinity for an empty heap. */
  get least(): number {
    return this.keys[0] ?? Infinity;
  }

  push(key: number, item: number, tag: number): void {
    let at = this.keys.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.isBefore(key, item, parent)) break;
      this.set(at, this.keys[parent] ?? 0, this.items[parent] ?? 0, this.tags[parent] ?? 0);
      at = parent;
    }
    this.set(at, key, item, tag);
  }

  pop(): { readonly key: number; readonly item: number; readonly tag: number } | undefined {
    const key = this.keys[0];
    const item = this.items[0];
    const tag = this.tags[0];
    const lastKey = this.keys.pop();
    const lastItem = this.items.pop();
    const lastTag = this.tags.pop();
    if (key === undefined || item === undefined || tag === undefined) return undefined;
    if (this.keys.length > 0) this.sink(lastKey ?? 0, lastItem ?? 0, lastTag ?? 0);
    return { key, item, tag };
  }

  /** Puts an entry in the place of the first one, and down to where it belongs. */
  private sink(key: number, item: number, tag: number): void {
    const { length } = this.keys;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= length) break;
      if (child + 1 < length && this.isBefore(this.keys[child + 1] ?? 0, this.items[child + 1] ?? 0, child)) child++;
      if (this.isBefore(key, item, child)) break;
      this.set(at, this.keys[child] ?? 0, this.items[child] ?? 0, this.tags[child] ?? 0);
      at = child;
    }
    this.set(at, key, item, tag);
  }

  private isBefore(key: number, item: number, at: number): boolean {
    const other = this.keys[at] ?? 0;
    return key < other || (key === other && item < (this.items[at] ?? 0));
  }

  private set(at: number, key: number, item: number, tag: number): void {
    this.keys[at] = key;
    this.items[at] = item;
    this.tags[at] = tag;
  }
}
