/** How a worker of the engine is started. In the build for browsers a module that holds the worker's script stands here. */
import { type WorkerEntry, workerModule } from '../../threads/worker-thread.ts';

export const entry: WorkerEntry = {
  module: () => workerModule('worker', import.meta.url),
  inBrowser: () => new Worker(new URL('./worker.js', import.meta.url), { type: 'module' }),
};
