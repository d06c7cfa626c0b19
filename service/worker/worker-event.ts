/** What a worker tells whoever keeps a log: names and times, nothing of what is in keys and ciphertexts. */
import type { EvaluationTimings } from '../../runtime/base/engine.ts';
import type { Job } from '../jobs/job-record.ts';

export type WorkerEvent =
  | {
      readonly kind: 'evaluated';
      readonly job: string;
      readonly part: number;
      /** How many shared the run. */
      readonly requests: number;
      readonly timings: EvaluationTimings;
      readonly openMs: number;
    }
  /** `again`: whether another attempt follows. */
  | {
      readonly kind: 'attempt-failed';
      readonly job: string;
      readonly part: number;
      readonly again: boolean;
      readonly error: unknown;
    }
  /** By this worker: done, failed, or past its deadline. */
  | { readonly kind: 'ended'; readonly job: Job }
  | { readonly kind: 'given-back'; readonly job: string; readonly part: number }
  | { readonly kind: 'backend-failed'; readonly error: unknown };
