/** Where the program of the process that evaluates is, in the sources or compiled. */
import { workerModule } from '../../runtime/engines/threads/worker-thread.ts';

export function evaluatorModule(): URL {
  return workerModule('evaluator-process', import.meta.url);
}
