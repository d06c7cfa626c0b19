/** Work that has been done is not lost because a store is away for a while. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

const firstPauseMilliseconds = 100;
const longestPauseMilliseconds = 5_000;
const patienceMilliseconds = 60_000;

/** Does `work`, again where the store has gone or has no room (H807, H811), for up to a minute. */
export async function patiently<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const end = performance.now() + patienceMilliseconds;
  for (let pause = firstPauseMilliseconds; ; pause = Math.min(longestPauseMilliseconds, 2 * pause)) {
    try {
      return await work();
    } catch (error) {
      if (!isOutage(error) || performance.now() + pause > end) throw error;
      await sleep(pause, undefined, { signal });
    }
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof HepcError && error.diagnostics.some(({ code }) => code === 'H807' || code === 'H811');
}
