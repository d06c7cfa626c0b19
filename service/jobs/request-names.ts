/** Idempotency keys: which job a request has become that is sent again. */
import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { otherRequest } from '../../ir/diagnostics/service/jobs.ts';
import type { Backend } from '../stores/backend.ts';
import type { Job } from './job-record.ts';
import type { JobStore } from './job-store.ts';

export const requestPrefix = 'requests';

export const requestSchema = z.object({ job: z.string(), expiresAt: z.number() });

/** Between the claim of a name and the record of its job; after that the claimant has ended. */
const claimMilliseconds = 2_000;
const pollMilliseconds = 20;

export class RequestNames {
  private readonly backend: Backend;
  private readonly store: JobStore;

  constructor(backend: Backend, store: JobStore) {
    this.backend = backend;
    this.store = store;
  }

  /** The name of the record. Keys are any text, and nobody sees those of others. */
  of(tenant: string, key: string): string {
    return `${requestPrefix}.${createHash('sha256')
      .update(JSON.stringify([tenant, key]))
      .digest('hex')}`;
  }

  /** The job of a name, if there is one. Rejects with H823 where it is of another plan or other keys. */
  async job(name: string, plan: string, keys: string): Promise<Job | undefined> {
    const entry = await this.backend.registry.get(name);
    const parsed = requestSchema.safeParse(entry?.value);
    const job = parsed.success ? await this.store.get(parsed.data.job) : undefined;
    return job && this.check(job, plan, keys);
  }

  check(job: Job, plan: string, keys: string): Job {
    if (job.plan !== plan || job.keys !== keys) throw new HepcError([otherRequest({})]);
    return job;
  }

  /** Makes a name that of `job`, whose record follows at once; gives the job that has it already. */
  async claim(name: string, { id, expiresAt, durable }: Job): Promise<Job | undefined> {
    const { registry } = this.backend;
    const value = { job: id, expiresAt };
    for (let waited = 0; ; waited += pollMilliseconds) {
      const entry = await registry.get(name);
      if (entry === undefined) {
        if ((await registry.create(name, value, { durable })) !== undefined) return undefined;
        continue;
      }
      const other = requestSchema.safeParse(entry.value);
      const job = other.success ? await this.store.get(other.data.job) : undefined;
      if (job !== undefined) return job;
      if (waited >= claimMilliseconds && (await registry.update(entry, value, { durable })) !== undefined)
        return undefined;
      await sleep(pollMilliseconds);
    }
  }
}
