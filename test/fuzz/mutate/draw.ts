/** Choices of one fuzzed input: the same for the same seed, reader and number of the input, whatever ran before. */
import { type SeededRandom, seededRandom } from '../../../ir/random.ts';

export class Draw {
  private readonly random: SeededRandom;

  constructor(random: SeededRandom) {
    this.random = random;
  }

  /** An integer from 0 to `count` − 1; `count` is at least 1. */
  below(count: number): number {
    return this.random.integer(0, count - 1);
  }

  /** Whether something of this probability happens. */
  chance(probability: number): boolean {
    return this.random.uniform() < probability;
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    const index = this.below(list.length);
    const found = list[index];
    // An element may be undefined itself, as values of JSON mutations are.
    return found as T;
  }

  /** 1 to `most`, each half as likely as the one before: most inputs have one change, some several. */
  few(most: number): number {
    let count = 1;
    while (count < most && this.chance(0.5)) count++;
    return count;
  }

  /** A position in something of this length, biased towards its ends, where headers and directories are. */
  position(length: number): number {
    if (length <= 1) return 0;
    const kind = this.below(4);
    const span = kind === 0 ? Math.min(length, 64) : length;
    const at = this.below(span);
    return kind === 1 ? length - 1 - this.below(Math.min(length, 64)) : at;
  }
}

/** The choices of input `index` of a reader. */
export function drawOf(seed: number, reader: string, index: number): Draw {
  return new Draw(seededRandom(seed).fork(reader).fork(index));
}
