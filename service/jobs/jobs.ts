/**
 * Jobs as their callers see them: what is accepted is recorded, its tasks are pushed, and whoever asks is told how it goes.
 * Any number of processes may do this at once; what they share is the backend.
 */
import { randomBytes } from 'node:crypto';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { ServiceSettings } from '../base/settings.ts';
import type { KeyRecord } from '../keys/key-record.ts';
import type { Backend } from '../stores/backend.ts';
import { arrivingInputs, type ArrivingInputs } from './arriving-inputs.ts';
import { BusyError } from './busy-error.ts';
import { isOver, type Job } from './job-record.ts';
import { JobStore } from './job-store.ts';
import { expired } from './overdue.ts';
import { RequestNames } from './request-names.ts';
import { secondsUntilFree } from './seconds-until-free.ts';
import { pushTasks, sweepJobs } from './sweep.ts';
import { cancelled } from './transitions.ts';
import { type JobUpdate, watchJob } from './watch-job.ts';

export interface JobRequest {
  readonly tenant: string;
  readonly plan: {
    readonly digest: string;
    readonly part: ClientPart;
    /** Requests of one key that may share a run; 1 where it is left out. */
    readonly requestsPerRun?: number;
  };
  readonly keys: Pick<KeyRecord, 'digest' | 'keyId'>;
  /** The job whose request to the client the inputs answer. */
  readonly resumes?: Pick<Job, 'id' | 'asks'>;
  /** A file of encrypted inputs, or of refreshed values; each piece is good until the next is asked for. */
  readonly inputs: AsyncIterable<Uint8Array>;
  /** The settings' where it is more. */
  readonly deadlineSeconds: number;
  /** Whether the job outlives the process that accepts it, and a loss of power. */
  readonly durable: boolean;
  /** Requests of a tenant with the same one are one job. Any text. */
  readonly idempotencyKey?: string;
}

export class Jobs {
  private readonly backend: Backend;
  private readonly settings: ServiceSettings;
  private readonly store: JobStore;
  private readonly names: RequestNames;
  /** Requests whose inputs are arriving: they have a place in the queue already. */
  private arriving = 0;

  /** `onEnd` is told of each job that is ended here: cancelled, or past its deadline. */
  constructor(backend: Backend, settings: ServiceSettings, onEnd?: (job: Job) => void) {
    this.backend = backend;
    this.settings = settings;
    this.store = new JobStore(backend, onEnd);
    this.names = new RequestNames(backend, this.store);
  }

  /**
   * Accepts a job: its inputs are stored, its record is there, and its tasks wait. Rejects with `BusyError` (H820), with
   * `HepcError` for inputs that are not the plan's and the keys' (H601–H612), too large (H822) or not as long as they say (H821),
   * for an idempotency key of another request (H823), for a store that has no room or has gone (H807, H811), and with the
   * reason of `signal` and what the inputs throw. Nothing is left behind then.
   */
  async submit(request: JobRequest, signal?: AbortSignal): Promise<Job> {
    const { tenant, plan, keys, resumes, idempotencyKey } = request;
    const own = resumes && idempotencyKey !== undefined ? `${resumes.id} ${idempotencyKey}` : idempotencyKey;
    const name = own === undefined ? undefined : this.names.of(tenant, own);
    const known = name === undefined ? undefined : await this.names.job(name, plan.digest, keys.digest);
    if (known !== undefined) return known;
    const waiting = (await this.backend.queue.waiting()) + this.arriving;
    if (waiting >= this.settings.maxQueue)
      throw new BusyError(waiting, this.settings.maxQueue, await secondsUntilFree(this.backend, waiting));
    this.arriving++;
    try {
      const { maxInputBytes } = this.settings;
      const inputs = await arrivingInputs(request.inputs, plan.part, keys.keyId, maxInputBytes, resumes?.asks);
      return await this.accept(request, inputs, name, signal);
    } finally {
      this.arriving--;
    }
  }

  /** The job, where it is one of the tenant's. Rejects with `HepcError` for a record that cannot be read (H826). */
  async get(tenant: string, id: string): Promise<Job | undefined> {
    if (!idPattern.test(id)) return undefined;
    const job = await this.store.get(id);
    if (job?.tenant !== tenant) return undefined;
    if (expired(job, Date.now(), this.settings) === undefined) return job;
    return (await this.store.change(id, (now) => expired(now, Date.now(), this.settings))).job;
  }

  /**
   * The job now, then each change of it and of its progress, until it is over; nothing where it is none of the tenant's. Ends
   * with the reason of `signal`. A job that is past its deadline is ended by whoever watches it.
   */
  watch(tenant: string, id: string, signal?: AbortSignal): AsyncIterable<JobUpdate> {
    return watchJob(this.store, () => this.get(tenant, id), id, signal);
  }

  /** The file of encrypted outputs of a job that is done, where it is one of the tenant's. */
  async result(tenant: string, id: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    const job = await this.get(tenant, id);
    return job?.state === 'done' ? this.backend.objects.read('outputs', id) : undefined;
  }

  /** Gives a job up unless it is over: tasks that wait are not begun, and those that are under way end soon. */
  async cancel(tenant: string, id: string): Promise<Job | undefined> {
    const job = await this.get(tenant, id);
    if (job === undefined || isOver(job)) return job;
    const options = { now: Date.now(), keepSeconds: this.settings.resultSeconds };
    return (await this.store.change(id, (before) => cancelled(before, options))).job;
  }

  /** Gives a job up unless it is over, and removes all that there is of it. What fails here a sweep does. */
  async discard({ tenant, id }: Pick<Job, 'tenant' | 'id'>): Promise<void> {
    const job = await this.cancel(tenant, id);
    if (job !== undefined) await this.store.remove(job);
  }

  /**
   * Ends what is past its deadline, removes what has expired and what belongs to nothing, and pushes tasks again that were
   * lost: by the end of the process that had accepted them, or by damage. To be called at start, and from time to time; by several at
   * once if need be.
   */
  sweep(now: number): Promise<void> {
    return sweepJobs(this.backend, this.store, this.settings, now);
  }

  private async accept(
    request: JobRequest,
    inputs: ArrivingInputs,
    name: string | undefined,
    signal: AbortSignal | undefined,
  ): Promise<Job> {
    const { objects } = this.backend;
    const { plan, keys, durable } = request;
    const id = randomBytes(16).toString('base64url');
    const options = { limitBytes: inputs.bytes, durable, ...(signal && { signal }) };
    await objects.put('inputs', id, inputs.content, options);
    try {
      signal?.throwIfAborted();
      const job = this.recordOf(id, request, inputs);
      const earlier = name === undefined ? undefined : await this.names.claim(name, job);
      if (earlier !== undefined) {
        await objects.delete('inputs', id);
        return this.names.check(earlier, plan.digest, keys.digest);
      }
      await this.store.create(job);
      await pushTasks(this.backend.queue, job);
      return job;
    } catch (error) {
      await this.withdraw(id);
      throw error;
    }
  }

  private recordOf(
    id: string,
    { tenant, plan, keys, deadlineSeconds, durable, resumes }: JobRequest,
    inputs: ArrivingInputs,
  ): Job {
    const { deadlineSeconds: longest, resultSeconds, runsPerPart } = this.settings;
    const seconds = Math.min(deadlineSeconds, longest);
    const now = Date.now();
    const { requestsPerRun: most = 1 } = plan;
    const { place } = inputs;
    return {
      id,
      tenant,
      plan: plan.digest,
      keys: keys.digest,
      samples: inputs.samples,
      inputBytes: inputs.bytes,
      ...(place !== undefined && most > 1 && { shared: { place, most } }),
      ...(resumes !== undefined && { resumes: resumes.id }),
      state: 'waiting',
      // The client answers for all runs at once.
      parts: partsOf(inputs.runs, plan.part.refreshes === undefined ? runsPerPart : inputs.runs),
      durable,
      submittedAt: now,
      deadlineAt: now + 1000 * seconds,
      expiresAt: now + 1000 * (seconds + resultSeconds),
    };
  }

  /** Of what could not be accepted: the caller is told so, and nobody shall do it. What fails here a sweep removes. */
  private async withdraw(id: string): Promise<void> {
    const options = { now: Date.now(), keepSeconds: 0 };
    await this.store.change(id, (job) => cancelled(job, options)).catch(() => undefined);
    await this.backend.objects.delete('inputs', id).catch(() => undefined);
  }
}

const idPattern = /^[A-Za-z0-9_-]{22}$/;

function partsOf(runs: number, runsPerPart: number): Job['parts'] {
  return Array.from({ length: Math.ceil(runs / runsPerPart) }, (_, part) => ({
    first: part * runsPerPart,
    end: Math.min(runs, (part + 1) * runsPerPart),
    state: 'waiting',
    attempts: 0,
  }));
}
