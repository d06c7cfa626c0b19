/** Which task a worker takes of those that wait: what suits it best, so that nobody waits for ever. */
import type { Task } from './work-queue.ts';

/** Of the oldest tasks, so many are offered. */
export const offeredTasks = 64;
/** A task that others have been preferred to is next after so long, whomever it suits. */
const patienceMs = 4000;

export interface Waiting {
  readonly task: Task;
  /** Since when others have been preferred to it, by the monotonic clock. */
  passedSince: number | undefined;
}

/**
 * The best of `waiting` (oldest first, not empty) by `suits`, the oldest of equals; one that was passed over for too
 * long comes first.
 */
export function choose<W extends Waiting>(
  waiting: readonly [W, ...W[]],
  suits: (task: Task) => number,
  now: number,
): { readonly chosen: W; readonly score: number } {
  const [oldest] = waiting;
  if (oldest.passedSince !== undefined && now - oldest.passedSince >= patienceMs)
    return { chosen: oldest, score: Infinity };
  let chosen: W = oldest;
  let score = suits(oldest.task);
  for (const each of waiting) {
    const own = suits(each.task);
    if (own > score) [chosen, score] = [each, own];
  }
  return { chosen, score };
}

/** Notes that `chosen` was preferred to those that are older. */
export function passOver(waiting: readonly Waiting[], chosen: Waiting, now: number): void {
  for (const each of waiting) {
    if (each === chosen) return;
    each.passedSince ??= now;
  }
}
