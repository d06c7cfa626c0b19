/** Sets of features, one for each item, as words of 32 bits. Every group of features begins with a word of its own. */
import type { TileFeatures } from './tile-features.ts';

export class BitRows {
  readonly items: number;
  /** Words of an item. */
  readonly width: number;
  readonly words: Int32Array;
  /** For each group its first word; the last entry is `width`. */
  readonly groups: readonly number[];

  constructor({ items, groups, visit }: TileFeatures) {
    // Where feature f of group g has its bit: offsets[g] + f.
    const offsets: number[] = [];
    const firstWords: number[] = [];
    let width = 0;
    for (let g = 0; g + 1 < groups.length; g++) {
      firstWords.push(width);
      offsets.push(32 * width - (groups[g] ?? 0));
      width += Math.ceil(((groups[g + 1] ?? 0) - (groups[g] ?? 0)) / 32);
    }
    this.items = items;
    this.width = width;
    this.groups = [...firstWords, width];
    this.words = new Int32Array(items * width);
    const groupOf = new Int32Array(groups.at(-1) ?? 0);
    for (let g = 0; g + 1 < groups.length; g++) groupOf.fill(g, groups[g], groups[g + 1]);
    visit((item, feature) => {
      const bit = (offsets[groupOf[feature] ?? 0] ?? 0) + feature;
      const word = item * width + (bit >>> 5);
      this.words[word] = (this.words[word] ?? 0) | (1 << (bit & 31));
    });
  }

  /** Features of an item. */
  size(item: number): number {
    let bits = 0;
    for (let w = item * this.width; w < (item + 1) * this.width; w++) bits += popcount(this.words[w] ?? 0);
    return bits;
  }
}

/** Features that any of the items has. */
export function unionSize({ width, words }: BitRows, items: Iterable<number>): number {
  const union = new Int32Array(width);
  for (const item of items) for (let w = 0; w < width; w++) union[w] = (union[w] ?? 0) | (words[item * width + w] ?? 0);
  return union.reduce((bits, word) => bits + popcount(word), 0);
}

/** Bits of a word that are one (Warren, Hacker's Delight, 5-1). */
export function popcount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
