/** What happens to a job, for who waits for it. Signals say when to look; the record is looked at without them, too. */
import { isOver, type Job } from './job-record.ts';
import type { JobStore } from './job-store.ts';
import { progressOf } from './transitions.ts';

export interface JobUpdate {
  readonly job: Job;
  /** 0 to 1. */
  readonly progress: number;
}

/** Between two looks at the record where no signal comes. */
const lookMilliseconds = 2_000;

export async function* watchJob(
  store: JobStore,
  get: () => Promise<Job | undefined>,
  id: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<JobUpdate> {
  signal?.throwIfAborted();
  const news = new News();
  const fractions = new Map<number, number>();
  // Listening begins before the first look, so that nothing falls between.
  const unlisten = await store.listen(id, (message) => {
    if (message.kind === 'changed') news.tell(true);
    else {
      fractions.set(message.part, message.fraction);
      news.tell(false);
    }
  });
  const onAbort = (): void => {
    news.tell(true);
  };
  signal?.addEventListener('abort', onAbort, { once: true });
  try {
    let job: Job | undefined;
    let told = -1;
    for (let changed = true; ;) {
      signal?.throwIfAborted();
      if (changed) job = await get();
      if (job === undefined) return;
      const progress = progressOf(job, fractions);
      if (changed || progress !== told) yield { job, progress };
      told = progress;
      if (isOver(job)) return;
      changed = await news.wait(Math.min(lookMilliseconds, Math.max(0, job.deadlineAt - Date.now()) + 1));
    }
  } finally {
    signal?.removeEventListener('abort', onAbort);
    unlisten();
  }
}

/** Wakes one who waits; what happens while nobody waits wakes the next at once. */
class News {
  /** Undefined where nothing has happened; else whether the record may have changed. */
  private pending: boolean | undefined;
  private wake: (() => void) | undefined;

  tell(changed: boolean): void {
    this.pending = (this.pending ?? false) || changed;
    this.wake?.();
  }

  /** Whether the record may have changed, which is also so when nothing has come for `milliseconds`. */
  async wait(milliseconds: number): Promise<boolean> {
    if (this.pending === undefined)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    const changed = this.pending ?? true;
    this.pending = undefined;
    this.wake = undefined;
    return changed;
  }
}
