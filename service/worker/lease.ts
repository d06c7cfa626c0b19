/** A worker's entry among the leases: that it is there, and what it holds. */
import { hostname } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Evaluator } from '../evaluation/evaluator.ts';
import { workerPrefix, type WorkerRecord } from '../jobs/worker-record.ts';
import type { Backend } from '../stores/backend.ts';
import type { Json } from '../stores/registry.ts';

/** Keeps the entry until `signal` aborts, then removes it. Never rejects: an entry that is missing costs nobody anything. */
export async function keepLease(
  { leases, queue }: Backend,
  evaluator: Evaluator,
  signal: AbortSignal,
  now: () => Pick<WorkerRecord, 'name' | 'tasks' | 'taskSeconds' | 'draining'>,
): Promise<void> {
  const name = `${workerPrefix}.${now().name}`;
  while (!signal.aborted) {
    try {
      const { plans, crashes } = await evaluator.usage();
      const record: WorkerRecord = {
        ...now(),
        host: hostname(),
        pid: process.pid,
        plans: plans.map(({ digest, loadedKeys }) => ({ digest, keys: loadedKeys })),
        keyLoads: plans.reduce((sum, { keyLoads }) => sum + keyLoads, 0),
        crashes,
      };
      const value = JSON.parse(JSON.stringify(record)) as Json;
      const entry = await leases.get(name);
      await (entry === undefined ? leases.create(name, value) : leases.update(entry, value));
    } catch {
      // The next time.
    }
    await sleep((1000 * queue.leaseSeconds) / 3, undefined, { signal }).catch(() => undefined);
  }
  try {
    const entry = await leases.get(name);
    if (entry !== undefined) await leases.delete(entry);
  } catch {
    // It goes by itself.
  }
}
