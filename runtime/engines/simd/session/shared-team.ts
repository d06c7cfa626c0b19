/**
 * A team in several threads, on a few words of shared memory: a counting barrier, and a flag by which anyone, the owner
 * of the workers included, ends the work of all.
 *
 * Whoever arrives last clears the count and begins the next round; the others wait for the number of the round to change,
 * first in a loop, because phases take some ten to some hundred microseconds and waking a thread as long as that, then
 * asleep. An abort changes the round too, so that nobody sleeps through it.
 */
import { Stopped } from '../../exchange/exchange.ts';
import type { Team } from '../../../rns/team.ts';

/** Words of 32 bits that are a cache line apart, for members wait on one and count in another. */
const line = 16;
const ROUND = 0;
const ARRIVED = line;
const ABORTED = 2 * line;

/** Bytes of the words of a team; a multiple of 4. */
export const teamBytes = 4 * 3 * line;

/** How often a member looks before it sleeps: some 100 µs. */
const spins = 8192;

/** The words of a team at `address`; zeroed memory is a team at rest. */
export function teamWords(memory: ArrayBufferLike, address: number): Int32Array {
  return new Int32Array(memory, address, teamBytes / 4);
}

/** Ends the work of all members: each of them throws at its next barrier, or the one where it waits. */
export function abortTeam(words: Int32Array): void {
  Atomics.store(words, ABORTED, 1);
  Atomics.add(words, ROUND, 1);
  Atomics.notify(words, ROUND);
}

/** The one word that is 0 as long as the team may work; for those who stop with it. */
export function abortWord(words: Int32Array): Int32Array {
  return words.subarray(ABORTED, ABORTED + 1);
}

function isAborted(words: Int32Array): boolean {
  return Atomics.load(words, ABORTED) !== 0;
}

/** Makes a team usable after an abort; only while no member works. */
export function resetTeam(words: Int32Array): void {
  Atomics.store(words, ARRIVED, 0);
  Atomics.store(words, ABORTED, 0);
}

export class SharedTeam implements Team {
  readonly index: number;
  readonly size: number;
  private readonly words: Int32Array;

  constructor(words: Int32Array, index: number, size: number) {
    this.words = words;
    this.index = index;
    this.size = size;
  }

  /** Throws `Stopped` once the team is aborted. */
  barrier(): void {
    const { words, size } = this;
    const round = Atomics.load(words, ROUND);
    this.checkRunning();
    if (Atomics.add(words, ARRIVED, 1) + 1 < size) this.waitFor(round);
    else {
      Atomics.store(words, ARRIVED, 0);
      Atomics.add(words, ROUND, 1);
      if (size > 1) Atomics.notify(words, ROUND);
    }
  }

  /** Throws `Stopped` once the team is aborted. */
  checkRunning(): void {
    if (isAborted(this.words)) throw new Stopped();
  }

  private waitFor(round: number): void {
    const { words } = this;
    for (let k = 0; k < spins && Atomics.load(words, ROUND) === round; k++);
    while (Atomics.load(words, ROUND) === round) Atomics.wait(words, ROUND, round);
    this.checkRunning();
  }
}
