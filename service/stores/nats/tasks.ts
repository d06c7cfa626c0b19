/**
 * What this process knows of the tasks: a copy of their records, brought up to date by asking for what has changed since.
 * A task that somebody holds is free again when its record has not changed for the time of a lease, by the monotonic clock
 * of whoever looks: no two clocks are compared.
 */
import { z } from 'zod';

import type { Waiting } from '../affinity.ts';
import { Turns } from '../local/turns.ts';
import { isDamage } from '../object-store.ts';
import { type Task, taskSchema } from '../work-queue.ts';
import type { Link, Stored } from './link.ts';
import { isMark, markSeconds, readJson } from './registry.ts';
import type { StreamPlace } from './streams.ts';

export const taskRecordSchema = z.object({
  task: taskSchema,
  /** Number of the message by which it was pushed, once it has been taken: the order of tasks. */
  pushed: z.int().optional(),
  attempts: z.int().min(0),
  /** The delivery that has it. */
  holder: z.string().optional(),
  /** Not to be delivered for so long after this change. */
  delayMs: z.number().min(0).optional(),
});
export type TaskRecord = z.infer<typeof taskRecordSchema>;

export interface KnownTask extends Waiting {
  readonly key: string;
  readonly task: Task;
  readonly pushed: number;
  readonly attempts: number;
  readonly revision: number;
  readonly isHeld: boolean;
  /** By the monotonic clock; at the end of its lease for one that is held. */
  readonly freeAt: number;
  /** When this process first saw it. */
  readonly seenAt: number;
}

const batch = 256;

export class KnownTasks {
  readonly #known = new Map<string, KnownTask>();
  readonly #link: Link;
  readonly #place: StreamPlace;
  readonly #leaseMs: number;
  readonly #turns = new Turns();
  #lastSeq = 0;
  #askedAt = -Infinity;

  constructor(link: Link, place: StreamPlace, leaseSeconds: number) {
    this.#link = link;
    this.#place = place;
    this.#leaseMs = leaseSeconds * 1000;
  }

  /** Asks for what has changed. */
  update(signal?: AbortSignal): Promise<void> {
    return this.#turns.take('', async () => {
      const now = performance.now();
      // Marks of what has been done are gone by then: everything is read again.
      const isNew = now - this.#askedAt > (markSeconds * 1000) / 2;
      const before = isNew ? new Map(this.#known) : this.#known;
      if (isNew) {
        this.#known.clear();
        this.#lastSeq = 0;
      }
      const subject = `${this.#place.subject}.>`;
      for (;;) {
        const query = { seq: this.#lastSeq + 1, subject, batch };
        const found = await this.#link.next('tasks', this.#place.stream, query, signal);
        for (const stored of found) this.#apply(stored, before);
        if (found.length < batch) break;
      }
      this.#askedAt = now;
    });
  }

  #apply(stored: Stored, before: ReadonlyMap<string, KnownTask>): void {
    const key = stored.subject.slice(this.#place.subject.length + 1);
    this.#lastSeq = Math.max(this.#lastSeq, stored.seq);
    const record = isMark(stored) ? undefined : readTask(key, stored.data);
    if (record === undefined) this.#known.delete(key);
    else this.note(key, record, stored.seq, before.get(key));
  }

  /** A record as it is from now on. */
  note(key: string, record: TaskRecord, revision: number, before = this.#known.get(key)): void {
    if (before !== undefined && before.revision >= revision) {
      this.#known.set(key, before);
      return;
    }
    const now = performance.now();
    const isHeld = record.holder !== undefined;
    this.#known.set(key, {
      key,
      task: record.task,
      pushed: record.pushed ?? revision,
      attempts: record.attempts,
      revision,
      isHeld,
      freeAt: now + (isHeld ? this.#leaseMs : (record.delayMs ?? 0)),
      seenAt: before?.seenAt ?? now,
      passedSince: before?.passedSince,
    });
  }

  /** It is done, by the message of this number. */
  done(key: string, revision: number): void {
    const known = this.#known.get(key);
    if (known !== undefined && known.revision < revision) this.#known.delete(key);
  }

  /** It is done, or another than was known: then `update` tells. */
  forget(known: KnownTask): void {
    if (this.#known.get(known.key) === known) this.#known.delete(known.key);
  }

  /** Those that may be taken, the oldest first. */
  free(now: number): KnownTask[] {
    return [...this.#known.values()].filter(({ freeAt }) => freeAt <= now).sort((a, b) => a.pushed - b.pushed);
  }

  /** When the next one becomes free. */
  nextFreeAt(now: number): number {
    return Math.min(Infinity, ...[...this.#known.values()].map(({ freeAt }) => freeAt).filter((at) => at > now));
  }

  all(): Task[] {
    return [...this.#known.values()].map(({ task }) => task);
  }

  waiting(now: number): number {
    let count = 0;
    for (const { isHeld, freeAt } of this.#known.values()) if (!isHeld || freeAt <= now) count++;
    return count;
  }
}

/** A record that is damaged, or of another version, is none: whoever looks after jobs finds that a task is missing. */
function readTask(key: string, data: Uint8Array): TaskRecord | undefined {
  try {
    return taskRecordSchema.safeParse(readJson(key, data)).data;
  } catch (error) {
    if (isDamage(error)) return undefined;
    throw error;
  }
}
