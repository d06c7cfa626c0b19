/** Signals to a process that runs until it is told to stop. */
import { constants } from 'node:os';

const signals = ['SIGINT', 'SIGTERM'] as const;

/** Resolves at the first signal to stop; at a second one the process ends at once. */
export function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    for (const name of signals)
      process.on(name, () => {
        if (asked) process.exit(128 + constants.signals[name]);
        asked = true;
        resolve();
      });
  });
}
