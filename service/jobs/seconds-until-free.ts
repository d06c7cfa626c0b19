/** When it is worth while to come again, for who finds all places of the queue taken. */
import type { Backend } from '../stores/backend.ts';
import { workerPrefix, workerSchema } from './worker-record.ts';

/** Of a task, where no worker has told yet. */
const guessedTaskSeconds = 1;
const longest = 120;

/** Until half of those who wait have been served, at the rate of the workers that there are. Whole seconds, 1 to 120. */
export async function secondsUntilFree({ leases }: Backend, waiting: number): Promise<number> {
  let perSecond = 0;
  for await (const { value } of leases.list(workerPrefix)) {
    const worker = workerSchema.safeParse(value);
    if (worker.success && !worker.data.draining) perSecond += 1 / (worker.data.taskSeconds ?? guessedTaskSeconds);
  }
  const seconds = waiting / 2 / (perSecond === 0 ? 1 / guessedTaskSeconds : perSecond);
  return Math.min(longest, Math.max(1, Math.ceil(seconds)));
}
