/** Which task a worker takes of those that wait: what suits it best, so that nobody waits for ever. */
import type { Task } from './work-queue.ts';

/** Of the oldest tasks, so many are offered. */
export const offeredTasks = 64;
/** A task that others have been preferred to for so long may be next, whomever it suits. */
const patienceMs = 4000;
/** For each such one, so many others are taken, since it costs a worker what it holds: keys take as long as some evaluations. */
const othersBetween = 7;
/** After so long it is next, whatever it costs. */
const longestMs = 30_000;

export interface Waiting {
  readonly task: Task;
  /** Since when others have been preferred to it, by the monotonic clock. */
  passedSince: number | undefined;
}

export interface Choice<W extends Waiting> {
  readonly chosen: W;
  /** Infinite where it is chosen because it has been passed over. */
  readonly score: number;
}

/** Chooses tasks for the workers that ask one store. */
export class Affinity {
  private othersTaken = othersBetween;

  /** The best of `waiting` (oldest first, not empty) by `suits`, the oldest of equals, unless one has waited for too long. */
  choose<W extends Waiting>(waiting: readonly [W, ...W[]], suits: (task: Task) => number, now: number): Choice<W> {
    const [oldest] = waiting;
    const passedMs = oldest.passedSince === undefined ? 0 : now - oldest.passedSince;
    if (passedMs >= longestMs || (passedMs >= patienceMs && this.othersTaken >= othersBetween))
      return { chosen: oldest, score: Infinity };
    let chosen: W = oldest;
    let score = suits(oldest.task);
    for (const each of waiting) {
      const own = suits(each.task);
      if (own > score) [chosen, score] = [each, own];
    }
    return { chosen, score };
  }

  /** Notes that a choice has been taken, and was preferred to those that are older. */
  take<W extends Waiting>(waiting: readonly W[], { chosen, score }: Choice<W>, now: number): void {
    this.othersTaken = Number.isFinite(score) ? this.othersTaken + 1 : 0;
    for (const each of waiting) {
      if (each === chosen) return;
      each.passedSince ??= now;
    }
  }
}
