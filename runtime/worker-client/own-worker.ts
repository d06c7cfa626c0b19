/** Workers of the caller, for pages whose content security policy has no `blob:`. */
import type { BrowserWorker, WorkerEntry } from '../engines/threads/worker-thread.ts';
import { libraryEntry } from './worker-entry.ts';

/**
 * Where the script `hepc/client-worker/worker` is, or what starts it. A function gives a new worker each time; the client
 * ends it.
 */
export type OwnWorker = string | URL | (() => BrowserWorker);

/** How the worker of a client is started. */
export function workerEntry(own: OwnWorker | undefined): WorkerEntry | Promise<WorkerEntry> {
  if (own === undefined) return libraryEntry();
  if (typeof own === 'function') return { inBrowser: own };
  return { module: () => own, inBrowser: () => new Worker(own, { type: 'module' }) };
}
