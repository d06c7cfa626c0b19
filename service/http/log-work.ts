/** What a worker does, as lines of the log. */
import type { Logger } from 'pino';
import type { WorkerEvent } from '../worker/worker-event.ts';
import { describe } from './base/errors.ts';

export function logWork(log: Logger): (event: WorkerEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'evaluated': {
        const { job, part, requests, timings, openMs } = event;
        log.info({ job, part, requests, openMs: Math.round(openMs), ms: Math.round(timings.evaluate) }, 'evaluated');
        break;
      }
      case 'attempt-failed': {
        const { job, part, again, error } = event;
        log.warn({ job, part, again, failure: describe(error) }, 'attempt failed');
        break;
      }
      case 'ended':
        log.info({ job: event.job.id, end: event.job.state }, 'ended');
        break;
      case 'given-back':
        log.info({ job: event.job, part: event.part }, 'given back');
        break;
      case 'backend-failed':
        log.error({ failure: describe(event.error) }, 'the store fails');
        break;
    }
  };
}
