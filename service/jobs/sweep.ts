/** What falls behind when processes end, and what time makes superfluous. */
import type { ServiceSettings } from '../base/settings.ts';
import type { Backend } from '../stores/backend.ts';
import type { WorkQueue } from '../stores/work-queue.ts';
import { isOver, type Job } from './job-record.ts';
import { jobOfObject, type JobStore, pausedOutput } from './job-store.ts';
import { expired } from './overdue.ts';
import { requestPrefix, requestSchema } from './request-names.ts';
import { allPartsDone } from './transitions.ts';

/** A job without a task for so long has lost it, or whoever would have pushed it. */
const pushingSeconds = 10;
/** An object without a record for so long belongs to nothing: what arrives has its record by then. */
const arrivingSeconds = 3600;

/** Pushes the tasks of some parts, of all unless told. */
export async function pushTasks(queue: WorkQueue, job: Job, parts: Iterable<number> = job.parts.keys()): Promise<void> {
  const { id, plan, keys, durable, tenant, samples, shared: places } = job;
  const shared = places && { tenant, samples, ...places };
  for (const part of parts)
    await queue.push({ job: id, part, plan, keys, ...(shared && { shared }) }, { durable, transient: !durable });
}

/** Parts that nobody does or will do; where only the putting together is left, the first stands for it. */
function lostParts(job: Job, held: ReadonlySet<number> = new Set()): number[] {
  if (allPartsDone(job)) return held.size === 0 ? [0] : [];
  return [...job.parts.keys()].filter((part) => job.parts[part]?.state !== 'done' && !held.has(part));
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
  // Looked at before the records: what has been done meanwhile is done there, too.
  const held = await queue.parts();
  const list = store.list((name) => damaged.add(name.slice(name.lastIndexOf('.') + 1)));
  for await (const job of list) {
    const { job: current = job } = await store.change(job.id, (before) => expired(before, now, settings));
    if (isOver(current) && current.expiresAt <= now) {
      await store.remove(current);
      continue;
    }
    jobs.set(job.id, isOver(current));
    if (isOver(current) || now - current.submittedAt < 1000 * pushingSeconds) continue;
    await pushTasks(queue, current, lostParts(current, held.get(current.id)));
  }

  for (const bucket of ['inputs', 'outputs'] as const)
    for await (const { name, storedAt } of objects.list(bucket)) {
      const id = jobOfObject(name);
      const isOfNothing = !jobs.has(id) && !damaged.has(id) && now - storedAt > 1000 * arrivingSeconds;
      const isResult = bucket === 'outputs' && (name === id || name === pausedOutput(id));
      const isDoneWith = jobs.get(id) === true && !isResult;
      if (isOfNothing || isDoneWith) await objects.delete(bucket, name);
    }

  for await (const entry of backend.registry.list(requestPrefix)) {
    const request = requestSchema.safeParse(entry.value);
    if (!request.success || request.data.expiresAt <= now) await backend.registry.delete(entry);
  }
}
