/**
 * Workers that run the same steps on the same memory. Inside a step every member does its share of the tasks of a phase;
 * a barrier ends the phase.
 */
export interface Team {
  /** 0 ≤ index < size. */
  readonly index: number;
  readonly size: number;
  /** Returns once all members have called it. What they wrote before is then visible to all. */
  barrier(): void;
}

/** A team of one, which never waits. */
export const alone: Team = { index: 0, size: 1, barrier: () => undefined };

/** Calls `task` with this member's share of 0 … count − 1: every size-th. */
export function share({ index, size }: Team, count: number, task: (k: number) => void): void {
  for (let k = index; k < count; k += size) task(k);
}

/** This member's part of the `n` elements of a limb: even bounds. */
export function range({ index, size }: Team, n: number): { readonly from: number; readonly to: number } {
  const bound = (k: number): number => 2 * Math.floor((k * n) / (2 * size));
  return { from: bound(index), to: bound(index + 1) };
}
