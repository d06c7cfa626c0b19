/**
 * Sets of rests modulo a period, which is a power of two: a bit for each in words of 32, so that whole sets are moved, folded
 * and joined a word at a time.
 */

const wordBits = 32;

/** By bit of a rest below those of a word: where in a word rests have it. */
const having: readonly (readonly [bit: number, where: number])[] = [
  [1, 0xaaaaaaaa],
  [2, 0xcccccccc],
  [4, 0xf0f0f0f0],
  [8, 0xff00ff00],
  [16, 0xffff0000],
];

export function wordsFor(period: number): number {
  return Math.max(1, period / wordBits);
}

export function addRest(words: Int32Array, rest: number): void {
  words[rest >> 5] = (words[rest >> 5] ?? 0) | (1 << (rest & 31));
}

/** Adds every rest of `from` plus `shift`. `into` is another array. */
export function addMoved(into: Int32Array, from: Int32Array, shift: number, period: number): void {
  const by = shift & (period - 1);
  if (period < wordBits) {
    const word = from[0] ?? 0;
    into[0] = (into[0] ?? 0) | (((word << by) | (word >>> (period - by))) & ((1 << period) - 1));
    return;
  }
  const wrap = from.length - 1;
  const words = by >> 5;
  const bits = by & 31;
  for (let i = 0; i <= wrap; i++) {
    const word = from[i] ?? 0;
    if (word === 0) continue;
    const at = (i + words) & wrap;
    into[at] = (into[at] ?? 0) | (word << bits);
    if (bits === 0) continue;
    const next = (at + 1) & wrap;
    into[next] = (into[next] ?? 0) | (word >>> (wordBits - bits));
  }
}

/** Clears the bits `folded` of every rest. */
export function foldRests(words: Int32Array, folded: number): void {
  for (const [bit, where] of having) {
    if ((folded & bit) === 0) continue;
    for (let i = 0; i < words.length; i++) {
      const word = words[i] ?? 0;
      words[i] = (word | ((word & where) >>> bit)) & ~where;
    }
  }
  for (let half = 1; half < words.length; half *= 2) {
    if ((folded & (half * wordBits)) === 0) continue;
    for (let i = 0; i < words.length; i++) {
      if ((i & half) === 0) continue;
      words[i - half] = (words[i - half] ?? 0) | (words[i] ?? 0);
      words[i] = 0;
    }
  }
}

/** All bits that are set in any rest. */
export function bitsOf(words: Int32Array): number {
  let high = 0;
  let any = 0;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? 0;
    if (word === 0) continue;
    high |= i;
    any |= word;
  }
  return having.reduce((bits, [bit, where]) => ((any & where) === 0 ? bits : bits | bit), high * wordBits);
}

export function countRests(words: Int32Array): number {
  let count = 0;
  for (let i = 0; i < words.length; i++) {
    for (let word = words[i] ?? 0; word !== 0; word &= word - 1) count++;
  }
  return count;
}

/** In ascending order. */
export function restsIn(words: Int32Array): number[] {
  const rests: number[] = [];
  for (let i = 0; i < words.length; i++) {
    let word = words[i] ?? 0;
    while (word !== 0) {
      const lowest = word & -word;
      rests.push(i * wordBits + 31 - Math.clz32(lowest));
      word ^= lowest;
    }
  }
  return rests;
}
