/** Chunks of objects and uploads that were never finished: whoever sent them ended in the midst. */
import type { Chunks } from './chunks.ts';

/** Longer than a front that is alive waits between two chunks. */
const abandonedMs = 3_600_000;

/**
 * Removes chunks of what is not there, when there have been as many for an hour. The hour is of this process's monotonic
 * clock: a wall clock that jumps would end uploads that are under way.
 */
export class ChunkSweep {
  readonly #seen = new Map<string, { readonly count: number; readonly since: number }>();
  readonly #chunks: Chunks;
  readonly #ids: () => Promise<ReadonlySet<string>>;

  /** @param ids of the chunks of what is there */
  constructor(chunks: Chunks, ids: () => Promise<ReadonlySet<string>>) {
    this.#chunks = chunks;
    this.#ids = ids;
  }

  /** To be called from time to time. `now` is of `performance.now()`. */
  async run(now: number): Promise<void> {
    const counts = await this.#chunks.counts();
    const ids = await this.#ids();
    for (const id of this.#seen.keys()) if (!counts.has(id) || ids.has(id)) this.#seen.delete(id);
    for (const [id, count] of counts) {
      if (ids.has(id)) continue;
      const before = this.#seen.get(id);
      if (before?.count !== count) this.#seen.set(id, { count, since: now });
      else if (now - before.since >= abandonedMs) await this.#chunks.purge(id);
    }
  }
}
