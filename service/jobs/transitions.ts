/**
 * What becomes of a job's record, as functions of the record alone: whoever changes it applies one of these by compare and
 * set, so that all of them together see one history. They give `undefined` where there is nothing to change.
 */
import type { Problem } from '../../runtime/protocol/problem.ts';
import { isOver, type Job, type Part } from './job-record.ts';

/** Counts an attempt at a part before it is made. The job must not be over, and the part not be done. */
export function begun(job: Job, part: number, worker: string): Job | undefined {
  const own = job.parts[part];
  if (isOver(job) || own === undefined || own.state === 'done') return undefined;
  return { ...withPart(job, part, { ...own, state: 'running', attempts: own.attempts + 1, worker }), state: 'running' };
}

/** An attempt of `worker` that came to nothing; another one may follow. */
export function attemptFailed(job: Job, part: number, worker: string, failure: string): Job | undefined {
  const own = job.parts[part];
  if (isOver(job) || own?.state !== 'running' || own.worker !== worker) return undefined;
  return withPart(job, part, { ...own, state: 'waiting', failure });
}

/** The outputs of a part are stored. The first who says so counts. */
export function partDone(job: Job, part: number, worker: string, milliseconds: number): Job | undefined {
  const own = job.parts[part];
  if (isOver(job) || own === undefined || own.state === 'done') return undefined;
  const { first, end, attempts } = own;
  return withPart(job, part, { first, end, attempts, state: 'done', worker, milliseconds });
}

export function allPartsDone({ parts }: Job): boolean {
  return parts.every(({ state }) => state === 'done');
}

/** The result is stored. @param asks where that is a request to the client: the round trip */
export function completed(
  job: Job,
  output: { readonly bytes: number; readonly digest: string },
  { now, keepSeconds }: EndOptions,
  asks?: number,
): Job | undefined {
  if (isOver(job) || !allPartsDone(job)) return undefined;
  const { bytes, digest } = output;
  return ended(job, 'done', { now, keepSeconds }, { output: { bytes, digest }, ...(asks !== undefined && { asks }) });
}

export function failed(job: Job, problem: Problem, options: EndOptions): Job | undefined {
  return isOver(job) ? undefined : ended(job, 'failed', options, { problem });
}

export function cancelled(job: Job, options: EndOptions): Job | undefined {
  return isOver(job) ? undefined : ended(job, 'cancelled', options, {});
}

/** The part of its runs that is done, 0 to 1, with what is done of those that are under way. */
export function progressOf({ state, parts }: Job, fractions: ReadonlyMap<number, number> = new Map()): number {
  if (state === 'done') return 1;
  let runs = 0;
  let done = 0;
  for (const [index, part] of parts.entries()) {
    runs += part.end - part.first;
    done += (part.end - part.first) * (part.state === 'done' ? 1 : (fractions.get(index) ?? 0));
  }
  return done / runs;
}

export interface EndOptions {
  readonly now: number;
  /** How long the record and the result are kept. */
  readonly keepSeconds: number;
}

function ended(
  job: Job,
  state: 'done' | 'failed' | 'cancelled',
  { now, keepSeconds }: EndOptions,
  rest: Partial<Job>,
): Job {
  return { ...job, ...rest, state, endedAt: now, expiresAt: now + 1000 * keepSeconds };
}

function withPart(job: Job, index: number, part: Part): Job {
  return { ...job, parts: job.parts.with(index, part) };
}
