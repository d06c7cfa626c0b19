/** Jobs that nobody has done in time. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { pastDeadline } from '../../ir/diagnostics/service/jobs.ts';
import { problemOf } from '../base/problems.ts';
import type { ServiceSettings } from '../base/settings.ts';
import type { Job } from './job-record.ts';
import { failed } from './transitions.ts';

/** What becomes of a job at `now`: failed with H824 once it is past its deadline. */
export function expired(job: Job, now: number, { resultSeconds }: ServiceSettings): Job | undefined {
  if (now < job.deadlineAt) return undefined;
  const seconds = Math.round((job.deadlineAt - job.submittedAt) / 1000);
  const problem = problemOf(new HepcError([pastDeadline({ seconds })]));
  return failed(job, problem, { now, keepSeconds: resultSeconds });
}
