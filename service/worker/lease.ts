/** A worker's entry among the leases: that it is there, and what it holds. */
import { hostname } from 'node:os';
import type { Evaluator } from '../evaluation/evaluator.ts';
import { workerPrefix, type WorkerRecord } from '../jobs/worker-record.ts';
import type { Backend } from '../stores/backend.ts';
import { holdLease } from '../stores/hold-lease.ts';
import type { Json } from '../stores/registry.ts';

/** Keeps the entry until `signal` aborts, then removes it. Never rejects: an entry that is missing costs nobody anything. */
export function keepLease(
  backend: Backend,
  evaluator: Evaluator,
  signal: AbortSignal,
  now: () => Pick<WorkerRecord, 'name' | 'tasks' | 'taskSeconds' | 'draining'>,
): Promise<void> {
  return holdLease(backend, `${workerPrefix}.${now().name}`, signal, async () => {
    const { plans, crashes } = await evaluator.usage();
    const record: WorkerRecord = {
      ...now(),
      host: hostname(),
      pid: process.pid,
      plans: plans.map(({ digest, loadedKeys }) => ({ digest, keys: loadedKeys })),
      keyLoads: plans.reduce((sum, { keyLoads }) => sum + keyLoads, 0),
      crashes,
    };
    return JSON.parse(JSON.stringify(record)) as Json;
  });
}
