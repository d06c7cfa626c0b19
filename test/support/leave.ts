/** Workers of tests end as those of engines do: by themselves, not in the middle of whatever they do. */
import { once } from 'node:events';
import type { Worker } from 'node:worker_threads';
import { farewell } from '../../runtime/engines/threads/worker-thread.ts';

/** @param workers that call `serveParent`, and have nothing left to do */
export async function leave(workers: readonly Worker[]): Promise<void> {
  await Promise.all(
    workers.map(async (worker) => {
      const ended = once(worker, 'exit');
      worker.postMessage(farewell);
      await ended;
    }),
  );
}
