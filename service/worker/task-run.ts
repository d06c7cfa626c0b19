/**
 * One task, from its delivery to its end. What it changes, it changes so that it does no harm twice: its worker may end
 * between any two steps, and whoever has the task next goes on from the record.
 */
import { rm } from 'node:fs/promises';
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { givenUp, objectGone } from '../../ir/diagnostics/service/jobs.ts';
import { problemOf } from '../base/problems.ts';
import type { ServiceSettings } from '../base/settings.ts';
import type { EvaluationResult } from '../evaluation/evaluator.ts';
import { isOver, type Job, type Part } from '../jobs/job-record.ts';
import { JobStore, partOutput, pausedOutput } from '../jobs/job-store.ts';
import { expired } from '../jobs/overdue.ts';
import { describeFailure, isOfStore, isTransient } from '../jobs/failures.ts';
import { allPartsDone, attemptFailed, begun, completed, failed, partDone } from '../jobs/transitions.ts';
import type { Backend } from '../stores/backend.ts';
import type { LocalFile, StoredObject } from '../stores/object-store.ts';
import type { Delivery } from '../stores/work-queue.ts';
import { watchForEnd } from './alongside.ts';
import { joinParts } from './join-parts.ts';
import { patiently } from './patiently.ts';
import type { Evaluating } from './shared-evaluation.ts';
import type { WorkerEvent } from './worker-event.ts';

export interface TaskSurroundings {
  readonly backend: Backend;
  readonly evaluator: Evaluating;
  readonly settings: ServiceSettings;
  /** Name of the worker. */
  readonly worker: string;
  /** Aborts when nothing shall be begun any more. */
  readonly draining: AbortSignal;
  /** Aborts when what has begun is to be left to others, too. */
  readonly late: AbortSignal;
  readonly onEvaluated: (milliseconds: number) => void;
  readonly onEvent: (event: WorkerEvent) => void;
}

type Beginning =
  | { readonly kind: 'run'; readonly job: Job; readonly part: Part }
  /** All parts are done, and somebody has ended before they were put together. */
  | { readonly kind: 'join'; readonly job: Job }
  /** There is nothing to do. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'bury'; readonly reason: string };

/** Before another attempt: the first, the second, and so on. */
const pauseSeconds = (attempt: number): number => Math.min(30, 0.25 * 2 ** (attempt - 1));

export class TaskRun {
  private readonly delivery: Delivery;
  private readonly at: TaskSurroundings;
  private readonly store: JobStore;
  private readonly id: string;
  private readonly part: number;

  constructor(delivery: Delivery, at: TaskSurroundings) {
    this.delivery = delivery;
    this.at = at;
    this.store = new JobStore(at.backend, (job) => {
      at.onEvent({ kind: 'ended', job });
    });
    this.id = delivery.task.job;
    this.part = delivery.task.part;
  }

  /** Never rejects: what cannot be told to the backend is delivered again when the lease ends. */
  async do(): Promise<void> {
    try {
      await this.doIt();
    } catch (error) {
      this.at.onEvent({ kind: 'backend-failed', error });
      await this.delivery.giveBack(pauseSeconds(this.delivery.attempt)).catch(() => undefined);
    }
  }

  private async doIt(): Promise<void> {
    const { delivery, at } = this;
    if (at.draining.aborted) {
      at.onEvent({ kind: 'given-back', job: this.id, part: this.part });
      await delivery.giveBack(0);
      return;
    }
    const beginning = await this.begin();
    switch (beginning.kind) {
      case 'nothing':
        await delivery.acknowledge();
        break;
      case 'bury':
        await delivery.bury(beginning.reason);
        break;
      case 'join':
        await this.attempt(beginning.job, delivery.attempt, () => this.join(beginning.job));
        break;
      case 'run':
        await this.attempt(beginning.job, beginning.part.attempts, (signal) => this.run(beginning, signal));
        break;
    }
  }

  /** Looks at the record, and counts the attempt there. */
  private async begin(): Promise<Beginning> {
    const { settings, worker } = this.at;
    let beginning: Beginning = { kind: 'nothing' };
    const { job, changed } = await this.store.change(this.id, (before) => {
      beginning = { kind: 'nothing' };
      const part = before.parts[this.part];
      if (isOver(before) || part === undefined) return undefined;
      const overdue = expired(before, Date.now(), settings);
      if (overdue !== undefined) return overdue;
      if (part.state === 'done') {
        if (allPartsDone(before)) beginning = { kind: 'join', job: before };
        return undefined;
      }
      if (part.attempts >= settings.maxAttempts) {
        const reason = part.failure ?? 'its worker ended';
        beginning = { kind: 'bury', reason };
        return this.givenUp(before, part.attempts, reason);
      }
      const after = begun(before, this.part, worker);
      const own = after?.parts[this.part];
      if (after !== undefined && own !== undefined) beginning = { kind: 'run', job: after, part: own };
      return after;
    });
    return job === undefined && !changed ? { kind: 'nothing' } : beginning;
  }

  /** Does `work` until the job is over otherwise, and settles the delivery by how it ends. */
  private async attempt(job: Job, attempts: number, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { delivery } = this;
    const end = await watchForEnd(this.store, job);
    try {
      await work(AbortSignal.any([end.signal, this.at.late]));
      await delivery.acknowledge();
    } catch (error) {
      if (end.signal.aborted) await this.endOverdue();
      else if (this.at.late.aborted) await this.leave();
      else await this.attemptFailed(attempts, error);
    } finally {
      end.forget();
    }
  }

  private async run({ job, part }: Extract<Beginning, { kind: 'run' }>, signal: AbortSignal): Promise<void> {
    const { onEvaluated, onEvent } = this.at;
    const { objects } = this.at.backend;
    const name = partOutput(this.id, this.part, job.parts.length);
    const path = objects.unfinishedPath(name);
    const pauses = objects.unfinishedPath(pausedOutput(this.id));
    try {
      const {
        outputs,
        timings,
        openMs,
        paused,
        requests = 1,
      } = await this.evaluate(job, part, { path, pauses }, signal);
      onEvaluated((timings.keys + timings.evaluate) / requests);
      onEvent({ kind: 'evaluated', job: this.id, part: this.part, requests, timings, openMs });
      const [output] = outputs;
      if (output === undefined) throw new InternalError('an evaluation without outputs');
      let stored: StoredObject | undefined;
      const kept = { durable: job.durable, signal };
      await patiently(signal, async () => {
        // Before the request is there, so that nobody can answer what cannot be resumed.
        if (paused !== undefined && stored === undefined)
          await objects.putFile('outputs', pausedOutput(this.id), { path: pauses, ...paused }, kept);
        stored ??= await objects.putFile('outputs', name, { path, ...output }, kept);
        const result = stored;
        const { job: after } = await this.store.change(this.id, (before) => {
          const done = partDone(before, this.part, this.at.worker, timings.evaluate) ?? before;
          return job.parts.length === 1
            ? completed(done, result, this.endOptions(), paused?.round)
            : unlessSame(done, before);
        });
        // Of a job that nobody waits for any more.
        if (after === undefined)
          for (const gone of [name, pausedOutput(this.id)]) await objects.delete('outputs', gone);
        else if (!isOver(after) && allPartsDone(after)) await this.join(after);
      });
    } finally {
      await rm(path, { force: true });
      await rm(pauses, { force: true });
    }
  }

  private async evaluate(
    job: Job,
    part: Part,
    { path, pauses }: { readonly path: string; readonly pauses: string },
    signal: AbortSignal,
  ): Promise<EvaluationResult & { readonly requests?: number }> {
    const { objects } = this.at.backend;
    const wanted = [
      { bucket: 'plans', name: job.plan, what: 'the plan' },
      { bucket: 'keys', name: job.keys, what: 'the evaluation keys' },
      { bucket: 'inputs', name: job.id, what: 'the encrypted inputs' },
      ...(job.resumes === undefined
        ? []
        : ([{ bucket: 'outputs', name: pausedOutput(job.resumes), what: 'the paused evaluation' }] as const)),
    ] as const;
    const opened = await Promise.allSettled(wanted.map(({ bucket, name }) => objects.open(bucket, name, signal)));
    const files: LocalFile[] = [];
    try {
      for (const [index, result] of opened.entries()) {
        if (result.status === 'fulfilled' && result.value !== undefined) files.push(result.value);
        else if (result.status === 'fulfilled') throw new HepcError([objectGone({ what: wanted[index]?.what ?? '' })]);
      }
      for (const result of opened) if (result.status === 'rejected') throw result.reason;
      const [plan, keys, inputs, resumes] = files;
      if (plan === undefined || keys === undefined || inputs === undefined) throw new InternalError('three are less');
      return await this.at.evaluator.evaluate({
        plan: { digest: job.plan, path: plan.path },
        keys: { digest: job.keys, path: keys.path },
        inputs: [{ path: inputs.path, first: part.first, end: part.end }],
        outputs: [path],
        staged: { pauses, ...(resumes && { resumes: resumes.path }) },
        signal,
        onProgress: (fraction) => {
          this.store.send(this.id, { kind: 'progress', part: this.part, fraction });
        },
      });
    } finally {
      await Promise.allSettled(files.map((file) => file.release()));
    }
  }

  private async join(job: Job): Promise<void> {
    const stored = await joinParts(this.at.backend.objects, job);
    // Without its parts somebody else has put them together.
    if (stored === undefined) return;
    await this.store.change(this.id, (before) => completed(before, stored, this.endOptions()));
  }

  /** The job has ended while this worker was at it, or is to end now. */
  private async endOverdue(): Promise<void> {
    await this.store.change(this.id, (before) => expired(before, Date.now(), this.at.settings));
    await this.delivery.acknowledge();
  }

  /** Somebody else does it. The attempt stays counted: what makes workers too slow to stop would stop all of them. */
  private async leave(): Promise<void> {
    const { delivery, at } = this;
    await this.store.change(this.id, (before) => attemptFailed(before, this.part, at.worker, 'its worker was stopped'));
    at.onEvent({ kind: 'given-back', job: this.id, part: this.part });
    await delivery.giveBack(0);
  }

  private async attemptFailed(attempts: number, error: unknown): Promise<void> {
    const { delivery, at } = this;
    const again = isTransient(error) && attempts < at.settings.maxAttempts;
    at.onEvent({ kind: 'attempt-failed', job: this.id, part: this.part, again, error });
    if (again) {
      await this.store.change(this.id, (before) => attemptFailed(before, this.part, at.worker, describeFailure(error)));
      await delivery.giveBack(pauseSeconds(attempts));
      return;
    }
    if (error instanceof HepcError && !isTransient(error)) {
      await this.store.change(this.id, (before) => failed(before, problemOf(error), this.endOptions()));
      await delivery.acknowledge();
      return;
    }
    const reason = describeFailure(error);
    const ofStore = isOfStore(error) ? problemOf(error) : undefined;
    await this.store.change(this.id, (before) =>
      ofStore === undefined ? this.givenUp(before, attempts, reason) : failed(before, ofStore, this.endOptions()),
    );
    await delivery.bury(reason);
  }

  private givenUp(job: Job, attempts: number, reason: string): Job | undefined {
    return failed(job, problemOf(new HepcError([givenUp({ attempts, reason })])), this.endOptions());
  }

  private endOptions() {
    return { now: Date.now(), keepSeconds: this.at.settings.resultSeconds };
  }
}

function unlessSame(after: Job, before: Job): Job | undefined {
  return after === before ? undefined : after;
}
