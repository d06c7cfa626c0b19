/** Signals within this process: told after whoever sends has gone on, as over a network. */
import { checkDottedName } from '../names.ts';
import type { Json } from '../registry.ts';
import type { Signals } from '../signals.ts';
import { frozen } from './registry.ts';

export class LocalSignals implements Signals {
  readonly #listeners = new Map<string, Set<(message: Json) => void>>();

  send(subject: string, message: Json): void {
    checkDottedName(subject);
    const sent = frozen(message);
    for (const listener of this.#listeners.get(subject) ?? [])
      queueMicrotask(() => {
        if (this.#listeners.get(subject)?.has(listener) === true) listener(sent);
      });
  }

  listen(subject: string, onMessage: (message: Json) => void): Promise<() => void> {
    checkDottedName(subject);
    // A function of its own, so that who listens twice is told twice.
    const listener = (message: Json): void => {
      onMessage(message);
    };
    const listeners = this.#listeners.get(subject) ?? new Set();
    this.#listeners.set(subject, listeners.add(listener));
    return Promise.resolve(() => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(subject) === listeners) this.#listeners.delete(subject);
    });
  }
}
