/** While a task is done: tells the queue that its worker is alive, and the worker when the job is over. */
import { isOver, type Job } from '../jobs/job-record.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { Delivery } from '../stores/work-queue.ts';

export interface Heartbeat {
  /** Aborts when the job has been ended by others, and at its deadline. */
  readonly signal: AbortSignal;
  end(): void;
}

/** Beats per lease, so that some may be lost. */
const beats = 3;
/** What a timer can wait. */
const longestTimer = 2 ** 31 - 1;

export async function heartbeat(
  delivery: Delivery,
  store: JobStore,
  job: Job,
  leaseSeconds: number,
): Promise<Heartbeat> {
  const over = new AbortController();
  const abort = (): void => {
    over.abort();
  };
  const look = async (): Promise<void> => {
    await delivery.extend();
    const now = await store.get(job.id);
    if (now === undefined || isOver(now)) abort();
  };
  // A beat that fails is followed by others.
  const beat = setInterval(() => void look().catch(() => undefined), (1000 * leaseSeconds) / beats);
  const deadline = setTimeout(abort, Math.min(longestTimer, Math.max(0, job.deadlineAt - Date.now())));
  const unlisten = await store
    .listen(job.id, (message) => {
      if (message.kind === 'changed' && message.over) abort();
    })
    .catch(() => () => undefined);
  return {
    signal: over.signal,
    end: () => {
      clearInterval(beat);
      clearTimeout(deadline);
      unlisten();
    },
  };
}
