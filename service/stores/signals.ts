/**
 * What is told to whoever listens now, and is lost otherwise: progress, the end of a job, a cancellation. Nothing depends on
 * a signal alone; who waits for one looks at the record from time to time.
 */
import type { Json } from './registry.ts';

export interface Signals {
  /** Subjects are named as entries of the registry are. */
  send(subject: string, message: Json): void;
  /** Calls `onMessage` until the function that it gives is called. Listening has begun when it resolves. */
  listen(subject: string, onMessage: (message: Json) => void): Promise<() => void>;
}
