/** The worker of the library itself. In the build for browsers a module that loads the worker's script stands here. */
import { type WorkerEntry, workerModule } from '../engines/threads/worker-thread.ts';

const entry: WorkerEntry = {
  module: () => workerModule('worker', import.meta.url),
  inBrowser: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
};

export function libraryEntry(): WorkerEntry | Promise<WorkerEntry> {
  return entry;
}

/** Of a worker that has SEAL, should the first one be without: a script of a text cannot load another. */
export function libraryEntryWithSeal(): WorkerEntry | Promise<WorkerEntry> | undefined {
  return undefined;
}
