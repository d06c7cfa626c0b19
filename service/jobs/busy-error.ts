/** That the service has enough to do (H820), and when to come again. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { queueFull } from '../../ir/diagnostics/service/jobs.ts';

export class BusyError extends HepcError {
  readonly retryAfterSeconds: number;

  constructor(waiting: number, limit: number, retryAfterSeconds: number) {
    super([queueFull({ waiting, limit, retryAfterSeconds })]);
    this.retryAfterSeconds = retryAfterSeconds;
  }
}
