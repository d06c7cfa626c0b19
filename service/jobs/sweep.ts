/** What falls behind when processes end, and what time makes superfluous. */
import type { ServiceSettings } from '../base/settings.ts';
import type { Backend } from '../stores/backend.ts';
import type { WorkQueue } from '../stores/work-queue.ts';
import { isOver, type Job } from './job-record.ts';
import { jobOfObject, type JobStore } from './job-store.ts';
import { expired } from './overdue.ts';
import { requestPrefix, requestSchema } from './request-names.ts';

/** A record without tasks for so long has lost whoever would have pushed them. */
const pushingSeconds = 10;
/** An object without a record for so long belongs to nothing: what arrives has its record by then. */
const arrivingSeconds = 3600;

/** Pushes the tasks of the parts that nobody has begun. */
export async function pushTasks(queue: WorkQueue, job: Job): Promise<void> {
  const { id, plan, keys, parts, durable, tenant, samples, shared: places } = job;
  const shared = places && { tenant, samples, ...places };
  for (const [part, { state }] of parts.entries())
    if (state === 'waiting')
      await queue.push({ job: id, part, plan, keys, ...(shared && { shared }) }, { durable, transient: !durable });
}

export async function sweepJobs(
  backend: Backend,
  store: JobStore,
  settings: ServiceSettings,
  now: number,
): Promise<void> {
  const { objects, queue } = backend;
  /** By id: whether it is over. */
  const jobs = new Map<string, boolean>();
  const damaged = new Set<string>();
  const list = store.list((name) => damaged.add(name.slice(name.lastIndexOf('.') + 1)));
  for await (const job of list) {
    const { job: current = job } = await store.change(job.id, (before) => expired(before, now, settings));
    if (isOver(current) && current.expiresAt <= now) {
      await store.remove(current);
      continue;
    }
    jobs.set(job.id, isOver(current));
    if (isOver(current) || current.queued || now - current.submittedAt < 1000 * pushingSeconds) continue;
    await pushTasks(queue, current);
    await store.change(current.id, (before) => (before.queued ? undefined : { ...before, queued: true }));
  }

  for (const bucket of ['inputs', 'outputs'] as const)
    for await (const { name, storedAt } of objects.list(bucket)) {
      const id = jobOfObject(name);
      const isOfNothing = !jobs.has(id) && !damaged.has(id) && now - storedAt > 1000 * arrivingSeconds;
      const isDoneWith = jobs.get(id) === true && !(bucket === 'outputs' && name === id);
      if (isOfNothing || isDoneWith) await objects.delete(bucket, name);
    }

  for await (const entry of backend.registry.list(requestPrefix)) {
    const request = requestSchema.safeParse(entry.value);
    if (!request.success || request.data.expiresAt <= now) await backend.registry.delete(entry);
  }
}
