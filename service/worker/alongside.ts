/** What goes on beside a task: the queue is told that its worker is alive, and the worker that the job is over. */
import { isOver, type Job } from '../jobs/job-record.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { Delivery } from '../stores/work-queue.ts';

/** Keeps the lease of a delivery, from now until the function is called that this gives. */
export function keepDelivery(delivery: Delivery, leaseSeconds: number): () => void {
  // A beat that fails is followed by others.
  const beat = setInterval(() => void delivery.extend().catch(() => undefined), (1000 * leaseSeconds) / beats);
  return () => {
    clearInterval(beat);
  };
}

export interface JobEnd {
  /** Aborts when the job has been ended by others, and at its deadline. */
  readonly signal: AbortSignal;
  forget(): void;
}

/** Beats per lease, so that some may be lost. */
const beats = 3;
/** Between two looks at the record, for a signal that was lost. */
const lookMilliseconds = 5_000;
/** What a timer can wait. */
const longestTimer = 2 ** 31 - 1;

export async function watchForEnd(store: JobStore, job: Job): Promise<JobEnd> {
  const over = new AbortController();
  const abort = (): void => {
    over.abort();
  };
  const look = async (): Promise<void> => {
    const now = await store.get(job.id);
    if (now === undefined || isOver(now)) abort();
  };
  const looks = setInterval(() => void look().catch(() => undefined), lookMilliseconds);
  const deadline = setTimeout(abort, Math.min(longestTimer, Math.max(0, job.deadlineAt - Date.now())));
  const unlisten = await store
    .listen(job.id, (message) => {
      if (message.kind === 'changed' && message.over) abort();
    })
    .catch(() => () => undefined);
  return {
    signal: over.signal,
    forget: () => {
      clearInterval(looks);
      clearTimeout(deadline);
      unlisten();
    },
  };
}
