/**
 * Tasks in memory, with a file for each that is not transient, whose name counts the deliveries: a process that ends, for whatever reason, finds
 * them and their counts again. A task that is being done is one that may not be taken before its lease ends.
 */
import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { Affinity, offeredTasks, type Waiting } from '../affinity.ts';
import type { ChangeOptions } from '../registry.ts';
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
import { onDisk } from '../../base/on-disk.ts';
import { removeFile } from './disk.ts';
import { readRecords, type RecordFolders, writeRecord } from './records.ts';
import { Turns } from './turns.ts';

export interface QueueFolders extends RecordFolders {
  readonly tasks: string;
  readonly dead: string;
}

/** Of the dead tasks, so many are kept: the latest. */
const keptDead = 1000;

const deadSchema = z.object({ task: taskSchema, reason: z.string(), attempts: z.int(), at: z.number() });

interface Item extends Waiting {
  readonly id: number;
  readonly hasFile: boolean;
  attempts: number;
  /** Not to be delivered before, by the monotonic clock. */
  freeAt: number;
  /** Who was given it last and has not given it back. */
  holder: symbol | undefined;
}

interface Taker {
  readonly options: TakeOptions;
  readonly deliver: (item: Item) => void;
  readonly fail: (reason: unknown) => void;
}

export class LocalQueue implements WorkQueue {
  readonly #items = new Map<number, Item>();
  readonly #takers = new Set<Taker>();
  readonly #turns = new Turns();
  readonly #affinity = new Affinity();
  #lastId = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  readonly #folders: QueueFolders;
  readonly leaseSeconds: number;

  private constructor(folders: QueueFolders, leaseSeconds: number) {
    this.#folders = folders;
    this.leaseSeconds = leaseSeconds;
  }

  static async open(folders: QueueFolders, leaseSeconds: number): Promise<LocalQueue> {
    const queue = new LocalQueue(folders, leaseSeconds);
    const items: Item[] = [];
    for await (const { file, value } of readRecords(folders, folders.tasks, taskSchema)) {
      const [id = 0, attempts = 0] = file.split('.').map(Number);
      items.push({ id, hasFile: true, attempts, task: value, freeAt: 0, holder: undefined, passedSince: undefined });
    }
    for (const item of items.toSorted((a, b) => a.id - b.id)) queue.#items.set(item.id, item);
    const dead = (await readdir(folders.dead)).map((file) => Number.parseInt(file, 10));
    queue.#lastId = Math.max(0, ...dead, ...queue.#items.keys());
    return queue;
  }

  async push(task: Task, { durable = true, transient = false }: ChangeOptions = {}): Promise<void> {
    const item: Item = {
      id: ++this.#lastId,
      hasFile: !transient,
      attempts: 0,
      task: taskSchema.parse(task),
      freeAt: 0,
      holder: undefined,
      passedSince: undefined,
    };
    if (item.hasFile) await writeRecord(this.#folders, this.#pathOf(item), `task of ${task.job}`, item.task, durable);
    this.#items.set(item.id, item);
    this.#dispatch();
  }

  async take(options: TakeOptions): Promise<Delivery> {
    const { signal } = options;
    signal.throwIfAborted();
    if (this.#closed) throw new InternalError('the queue is closed');
    const { promise, resolve, reject } = Promise.withResolvers<Item>();
    const taker: Taker = { options, deliver: resolve, fail: reject };
    const abort = (): void => {
      this.#takers.delete(taker);
      reject(signal.reason as Error);
    };
    this.#takers.add(taker);
    signal.addEventListener('abort', abort, { once: true });
    try {
      this.#dispatch();
      return await this.#begin(await promise);
    } finally {
      this.#takers.delete(taker);
      signal.removeEventListener('abort', abort);
    }
  }

  async takeAlso(fits: (task: Task) => boolean): Promise<Delivery | undefined> {
    const item = this.#free(performance.now()).find(({ task }) => fits(task));
    if (item === undefined) return undefined;
    this.#hold(item);
    return this.#begin(item);
  }

  waiting(): Promise<number> {
    const now = performance.now();
    let count = 0;
    for (const item of this.#items.values()) if (item.holder === undefined || item.freeAt <= now) count++;
    return Promise.resolve(count);
  }

  parts(): Promise<PartsByJob> {
    return Promise.resolve(partsByJob([...this.#items.values()].map(({ task }) => task)));
  }

  async *dead(): AsyncGenerator<DeadTask, void, undefined> {
    const dead: { id: number; value: DeadTask }[] = [];
    for await (const { file, value } of readRecords(this.#folders, this.#folders.dead, deadSchema))
      dead.push({ id: Number.parseInt(file, 10), value });
    yield* dead.toSorted((a, b) => a.id - b.id).map(({ value }) => value);
  }

  /** Those that wait are refused. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const { fail } of this.#takers) fail(new InternalError('the queue is closed'));
    this.#takers.clear();
  }

  /** The oldest that may be taken. */
  #free(now: number): Item[] {
    const free: Item[] = [];
    for (const item of this.#items.values()) {
      if (item.freeAt <= now) free.push(item);
      if (free.length === offeredTasks) break;
    }
    return free;
  }

  /** Gives tasks to those who wait, each to whom it suits best. */
  #dispatch(): void {
    while (this.#takers.size > 0) {
      const now = performance.now();
      const [first, ...others] = this.#free(now);
      if (first === undefined) break;
      const free = [first, ...others] as const;
      let best: { taker: Taker; chosen: Item; score: number } | undefined;
      for (const taker of this.#takers) {
        const own = offer(taker, () => this.#affinity.choose(free, taker.options.suits, now));
        if (own === undefined) this.#takers.delete(taker);
        else if (best === undefined || own.score > best.score) best = { taker, ...own };
      }
      if (best === undefined) break;
      this.#affinity.take(free, best, now);
      this.#hold(best.chosen);
      this.#takers.delete(best.taker);
      best.taker.deliver(best.chosen);
    }
    this.#wakeUp();
  }

  /** Looks again when the next lease or delay ends. */
  #wakeUp(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#takers.size === 0) return;
    const next = Math.min(...[...this.#items.values()].map(({ freeAt }) => freeAt));
    if (next === Infinity) return;
    this.#timer = setTimeout(() => this.#dispatch(), Math.max(1, next - performance.now()));
    this.#timer.unref();
  }

  #hold(item: Item): void {
    item.holder = Symbol('delivery');
    item.freeAt = performance.now() + this.leaseSeconds * 1000;
  }

  /** Counts the delivery before it is made. */
  async #begin(item: Item): Promise<Delivery> {
    const { holder } = item;
    try {
      await this.#turns.take(String(item.id), async () => {
        const from = this.#pathOf(item);
        const to = this.#pathOf({ ...item, attempts: item.attempts + 1 });
        if (item.hasFile) await onDisk(`task of ${item.task.job}`, () => rename(from, to));
        item.attempts++;
      });
    } catch (error) {
      this.#giveBack(item, holder, 0);
      throw error;
    }
    const { task, attempts } = item;
    return {
      task,
      attempt: attempts,
      extend: () => {
        if (this.#holds(item, holder)) item.freeAt = performance.now() + this.leaseSeconds * 1000;
        return Promise.resolve();
      },
      acknowledge: () => this.#remove(item),
      giveBack: (delaySeconds) => {
        this.#giveBack(item, holder, delaySeconds);
        return Promise.resolve();
      },
      bury: async (reason) => {
        if (!this.#items.has(item.id)) return;
        const dead = { task, reason, attempts, at: Date.now() };
        await writeRecord(
          this.#folders,
          join(this.#folders.dead, `${item.id}.json`),
          `task of ${task.job}`,
          dead,
          true,
        );
        await this.#remove(item);
        await this.#forgetDead();
      },
    };
  }

  #holds(item: Item, holder: symbol | undefined): boolean {
    return this.#items.has(item.id) && item.holder === holder && item.freeAt > performance.now();
  }

  #giveBack(item: Item, holder: symbol | undefined, delaySeconds: number): void {
    if (!this.#holds(item, holder)) return;
    item.holder = undefined;
    item.freeAt = performance.now() + delaySeconds * 1000;
    this.#dispatch();
  }

  async #remove(item: Item): Promise<void> {
    if (!this.#items.delete(item.id) || !item.hasFile) return;
    await this.#turns.take(String(item.id), () =>
      onDisk(`task of ${item.task.job}`, () => removeFile(this.#pathOf(item))),
    );
  }

  async #forgetDead(): Promise<void> {
    const ids = (await readdir(this.#folders.dead)).map((file) => Number.parseInt(file, 10)).toSorted((a, b) => b - a);
    for (const id of ids.slice(keptDead)) await removeFile(join(this.#folders.dead, `${id}.json`));
  }

  #pathOf({ id, attempts }: Pick<Item, 'id' | 'attempts'>): string {
    return join(this.#folders.tasks, `${String(id).padStart(12, '0')}.${attempts}.json`);
  }
}

/** What `ask` gives; where it throws, the taker is told. */
function offer<T>(taker: Taker, ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    taker.fail(error);
    return undefined;
  }
}
