/**
 * Tasks are records of a bucket, taken by compare and set: whoever changes a free one first has it, with the attempt counted
 * in the same change. So a worker looks at all that wait before it takes one, and nothing is moved or counted that it passes
 * over, which consumers of a stream cannot do: they learn what a message is by being delivered it.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

import { z } from 'zod';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { Affinity, offeredTasks } from '../affinity.ts';
import { Turns } from '../local/turns.ts';
import {
  type DeadTask,
  type Delivery,
  partsByJob,
  type PartsByJob,
  type TakeOptions,
  type Task,
  taskSchema,
  type WorkQueue,
} from '../work-queue.ts';
import type { Link } from './link.ts';
import { markSeconds, readJson } from './registry.ts';
import type { StreamPlace } from './streams.ts';
import { type KnownTask, KnownTasks, type TaskRecord } from './tasks.ts';

/** How often who waits looks without having been told. */
const lookMs = 1000;

/** A new task waits so long for a worker that it suits as well as any task ever suited that worker. */
const courtesyMs = 20;

const deadSchema = z.object({ task: taskSchema, reason: z.string(), attempts: z.int(), at: z.number() });

type HeldRecord = TaskRecord & { readonly pushed: number; readonly holder: string };

export class NatsQueue implements WorkQueue {
  readonly leaseSeconds: number;
  readonly #link: Link;
  readonly #tasks: StreamPlace;
  readonly #dead: StreamPlace;
  readonly #known: KnownTasks;
  readonly #changed: string;
  /** Told when tasks may have become free. */
  readonly #waiting = new Set<() => void>();
  /** Those that this process is taking right now. */
  readonly #taking = new Set<string>();
  readonly #affinity = new Affinity();
  #bestScore = 0;

  constructor(link: Link, places: { tasks: StreamPlace; dead: StreamPlace }, prefix: string, leaseSeconds: number) {
    this.leaseSeconds = leaseSeconds;
    this.#link = link;
    this.#tasks = places.tasks;
    this.#dead = places.dead;
    this.#known = new KnownTasks(link, places.tasks, leaseSeconds);
    this.#changed = `${prefix}.changed`;
    link.nc.subscribe(this.#changed, {
      callback: () => {
        for (const wake of this.#waiting) wake();
      },
    });
  }

  async push(task: Task): Promise<void> {
    const record: TaskRecord = { task: taskSchema.parse(task), attempts: 0 };
    await this.#link.publish(`task of ${task.job}`, this.#subjectOf(randomUUID()), JSON.stringify(record));
    this.#tell();
  }

  async take({ suits, signal }: TakeOptions): Promise<Delivery> {
    for (;;) {
      signal.throwIfAborted();
      // Asked before looking, so that what changes meanwhile is not missed.
      const told = this.#whenTold();
      try {
        const delivery = await this.#tryToTake(suits, signal);
        if (delivery !== undefined) return delivery;
        const now = performance.now();
        const wait = Math.min(lookMs, Math.max(1, this.#known.nextFreeAt(now) - now), this.#courtesyLeft(now));
        await told.within(wait, signal);
      } catch (error) {
        signal.throwIfAborted();
        // Who waits for work goes on waiting while the server is away.
        if (this.#link.isClosed || !(error instanceof HepcError)) throw error;
        await delay(lookMs, undefined, { signal }).catch(() => undefined);
      } finally {
        told.end();
      }
    }
  }

  async #tryToTake(suits: (task: Task) => number, signal: AbortSignal): Promise<Delivery | undefined> {
    await this.#known.update(signal);
    for (;;) {
      const now = performance.now();
      const [first, ...others] = this.#free(now).slice(0, offeredTasks);
      if (first === undefined) return undefined;
      const free = [first, ...others] as const;
      const choice = this.#affinity.choose(free, suits, now);
      const { chosen, score } = choice;
      if (Number.isFinite(score)) this.#bestScore = Math.max(this.#bestScore, score);
      if (score < this.#bestScore && now - chosen.seenAt < courtesyMs) return undefined;
      const delivery = await this.#claim(chosen);
      if (delivery === undefined) continue;
      this.#affinity.take(free, choice, now);
      // It has been taken for nobody: as if it had not been.
      if (signal.aborted) await delivery.giveBack(0);
      signal.throwIfAborted();
      return delivery;
    }
  }

  async takeAlso(fits: (task: Task) => boolean): Promise<Delivery | undefined> {
    await this.#known.update();
    for (;;) {
      const found = this.#free(performance.now()).find(({ task }) => fits(task));
      if (found === undefined) return undefined;
      const delivery = await this.#claim(found);
      if (delivery !== undefined) return delivery;
    }
  }

  async waiting(): Promise<number> {
    await this.#known.update();
    return this.#known.waiting(performance.now());
  }

  async parts(): Promise<PartsByJob> {
    await this.#known.update();
    return partsByJob(this.#known.all());
  }

  async *dead(): AsyncGenerator<DeadTask, void, undefined> {
    for (let seq = 1; ;) {
      const query = { seq, subject: `${this.#dead.subject}.>`, batch: 256 };
      const found = await this.#link.next('dead tasks', this.#dead.stream, query);
      for (const { data } of found) {
        const parsed = deadSchema.safeParse(readJson('a dead task', data));
        if (parsed.success) yield parsed.data;
      }
      const last = found.at(-1);
      if (last === undefined) return;
      seq = last.seq + 1;
    }
  }

  #free(now: number): KnownTask[] {
    return this.#known.free(now).filter(({ key }) => !this.#taking.has(key));
  }

  #courtesyLeft(now: number): number {
    const youngest = Math.max(-Infinity, ...this.#free(now).map(({ seenAt }) => seenAt));
    const left = youngest + courtesyMs - now;
    return left > 0 ? left : Infinity;
  }

  /** `undefined` where somebody else was faster. */
  async #claim(known: KnownTask): Promise<Delivery | undefined> {
    const { key, task, pushed, revision } = known;
    const attempts = known.attempts + 1;
    const record = { task, pushed, attempts, holder: randomUUID() };
    this.#taking.add(key);
    try {
      const taken = await this.#change(key, record, revision);
      if (taken === undefined) {
        this.#known.forget(known);
        await this.#known.update();
        return undefined;
      }
      return this.#delivery(key, record, taken);
    } finally {
      this.#taking.delete(key);
    }
  }

  /** Changes its record one after another: each change has to know the one before. */
  #delivery(key: string, held: HeldRecord, taken: number): Delivery {
    const { task, pushed, attempts } = held;
    const turns = new Turns();
    /** `undefined` since it is somebody else's, or done. */
    let revision: number | undefined = taken;
    const remove = async (): Promise<void> => {
      const marked = await this.#link.publish(`task of ${task.job}`, this.#subjectOf(key), '', {
        headers: { 'KV-Operation': 'DEL' },
        ttlSeconds: markSeconds,
      });
      revision = undefined;
      if (marked !== undefined) this.#known.done(key, marked);
    };
    return {
      task,
      attempt: attempts,
      extend: () =>
        turns.take('', async () => {
          if (revision !== undefined) revision = await this.#change(key, held, revision);
        }),
      acknowledge: () => turns.take('', remove),
      giveBack: (delaySeconds) =>
        turns.take('', async () => {
          if (revision === undefined) return;
          await this.#change(key, { task, pushed, attempts, delayMs: delaySeconds * 1000 }, revision);
          revision = undefined;
          this.#tell();
        }),
      bury: (reason) =>
        turns.take('', async () => {
          const dead: DeadTask = { task, reason, attempts, at: Date.now() };
          // One for each task, however often it is buried.
          await this.#link.publish(`task of ${task.job}`, `${this.#dead.subject}.${key}`, JSON.stringify(dead), {
            lastSeq: 0,
          });
          await remove();
        }),
    };
  }

  async #change(key: string, record: TaskRecord, revision: number): Promise<number | undefined> {
    const options = { lastSeq: revision };
    const text = JSON.stringify(record);
    const changed = await this.#link.publish(`task of ${record.task.job}`, this.#subjectOf(key), text, options);
    if (changed !== undefined) this.#known.note(key, record, changed);
    return changed;
  }

  #tell(): void {
    if (!this.#link.isClosed) this.#link.nc.publish(this.#changed);
  }

  #whenTold() {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => resolve(undefined);
    this.#waiting.add(wake);
    return {
      within: async (ms: number, signal: AbortSignal): Promise<void> => {
        const late = new AbortController();
        const ended = AbortSignal.any([signal, late.signal]);
        await Promise.race([promise, delay(ms, undefined, { signal: ended }).catch(() => undefined)]);
        late.abort();
      },
      end: () => this.#waiting.delete(wake),
    };
  }

  #subjectOf(key: string): string {
    return `${this.#tasks.subject}.${key}`;
  }
}
