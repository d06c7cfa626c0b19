/**
 * Ctrl-C. While an interruptible work runs, signals to end abort it; otherwise they end the process at once, which is
 * right for synchronous work, when no JavaScript could react.
 */
import { constants } from 'node:os';
import { Interrupted } from './failure.ts';

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** How long an aborted work may take to clean up after itself. */
const patienceMilliseconds = 3000;

/**
 * Runs `work` with an `AbortSignal`. Rejects with `Interrupted` once it has been aborted; where `work` does not end by
 * itself soon, or at a second signal, the process ends.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  let impatience: ReturnType<typeof setTimeout> | undefined;
  const onSignal = (name: NodeJS.Signals): void => {
    const interrupted = new Interrupted(128 + constants.signals[name]);
    const end = (): void => process.exit(interrupted.exitCode);
    if (controller.signal.aborted) end();
    controller.abort(interrupted);
    impatience = setTimeout(end, patienceMilliseconds);
  };
  for (const name of signals) process.on(name, onSignal);
  try {
    const result = await work(controller.signal);
    controller.signal.throwIfAborted();
    return result;
  } catch (error) {
    // What aborting has led to is not of interest.
    controller.signal.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(impatience);
    for (const name of signals) process.off(name, onSignal);
  }
}
