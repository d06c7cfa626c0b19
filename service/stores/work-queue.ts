/**
 * Work that is to be done once, by whichever worker: pushed, delivered, and acknowledged when it is done. What is delivered
 * and neither acknowledged nor extended for `leaseSeconds` is delivered again, to somebody else; so a task may run twice,
 * and whoever does it sees to it that this does no harm.
 */

import { z } from 'zod';

import type { ChangeOptions } from './registry.ts';

/** Runs of one job. */
export const taskSchema = z.object({
  job: z.string(),
  /** Which part of the job. */
  part: z.int().min(0),
  /** Digest of the plan and of the evaluation keys: what a worker that holds them takes first. */
  plan: z.string(),
  keys: z.string(),
  /**
   * Of a job that is one run, which others of the same tenant, plan and keys may share, `most` of them in all: the places of its
   * samples.
   */
  shared: z
    .object({ tenant: z.string(), place: z.int().min(0), samples: z.int().min(1), most: z.int().min(2) })
    .exactOptional(),
});
export type Task = Readonly<z.infer<typeof taskSchema>>;

/** One whose lease has run out belongs to somebody else: then `extend` and `giveBack` do nothing. */
export interface Delivery {
  readonly task: Task;
  /** 1 at first. Counts deliveries, also those that ended with the worker. */
  readonly attempt: number;
  /** Tells that the worker is alive and at it. */
  extend(): Promise<void>;
  /** Done, or not to be done any more. */
  acknowledge(): Promise<void>;
  /** To be delivered again, not before `delaySeconds`. */
  giveBack(delaySeconds: number): Promise<void>;
  /** Not to be delivered any more: into the list of the dead, with the reason. */
  bury(reason: string): Promise<void>;
}

export interface DeadTask {
  readonly task: Task;
  readonly reason: string;
  readonly attempts: number;
  readonly at: number;
}

export interface TakeOptions {
  /**
   * How well a task suits this worker, 0 for not at all better than any; asked for some of the oldest tasks. The best is
   * taken, the oldest of equals; one that has been passed over for half a minute is next.
   */
  readonly suits: (task: Task) => number;
  readonly signal: AbortSignal;
}

export interface WorkQueue {
  readonly leaseSeconds: number;
  /** Durable when it resolves, as `options` say. Rejects with H807 where there is no room. */
  push(task: Task, options?: ChangeOptions): Promise<void>;
  /** Waits for a task. Rejects with the reason of `signal`. */
  take(options: TakeOptions): Promise<Delivery>;
  /** Another task that waits now and that `fits`, as `take` delivers it: to be done in the same run. */
  takeAlso(fits: (task: Task) => boolean): Promise<Delivery | undefined>;
  /** Tasks that wait, those that are being done not counted. */
  waiting(): Promise<number>;
  /** Which parts of which jobs have a task, whether it waits or is being done. */
  parts(): Promise<PartsByJob>;
  dead(): AsyncIterable<DeadTask>;
}

export type PartsByJob = ReadonlyMap<string, ReadonlySet<number>>;

export function partsByJob(tasks: Iterable<Pick<Task, 'job' | 'part'>>): PartsByJob {
  const found = new Map<string, Set<number>>();
  for (const { job, part } of tasks) found.set(job, (found.get(job) ?? new Set()).add(part));
  return found;
}
