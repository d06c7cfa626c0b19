/** Metrics for Prometheus. None has a label with a value that callers choose. */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Evaluator } from '../../evaluation/evaluator.ts';
import type { Job } from '../../jobs/job-record.ts';
import { workerPrefix, type WorkerRecord, workerSchema } from '../../jobs/worker-record.ts';
import type { Keys } from '../../keys/keys.ts';
import type { Backend } from '../../stores/backend.ts';

interface Observed {
  readonly backend: Backend;
  readonly keys: Keys;
  readonly evaluator: Evaluator;
}

const secondBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** Counting keys reads all records. */
const keysEveryMs = 10_000;

export class Metrics {
  private readonly registry = new Registry();
  private readonly requests: Counter<'route' | 'method' | 'status'>;
  private readonly bytes: Counter<'direction'>;
  private readonly seconds: Histogram<'step'>;
  private readonly jobs: Counter<'end'>;

  constructor({ backend, keys, evaluator }: Observed) {
    const registers = [this.registry];
    collectDefaultMetrics({ register: this.registry });
    this.requests = new Counter({
      name: 'hepc_http_requests_total',
      help: 'Requests that were answered, by route, method and status',
      labelNames: ['route', 'method', 'status'],
      registers,
    });
    this.bytes = new Counter({
      name: 'hepc_http_body_bytes_total',
      help: 'Bytes of bodies, in and out',
      labelNames: ['direction'],
      registers,
    });
    this.seconds = new Histogram({
      name: 'hepc_step_seconds',
      help: 'Time by step: receive (inputs), wait (in the queue and for others), evaluate, answer (whole requests)',
      labelNames: ['step'],
      buckets: secondBuckets,
      registers,
    });
    this.jobs = new Counter({
      name: 'hepc_jobs_total',
      help: 'Jobs that this process has ended, by how: those that a worker elsewhere ends are counted where their caller waits',
      labelNames: ['end'],
      registers,
    });
    this.gauge('hepc_queue_tasks', 'Tasks that wait', () => backend.queue.waiting());
    let counted = { at: -Infinity, totals: Promise.resolve({ count: 0, bytes: 0 }) };
    const totals = () => {
      if (performance.now() - counted.at > keysEveryMs) counted = { at: performance.now(), totals: keys.totals() };
      return counted.totals;
    };
    this.gauge('hepc_keys', 'Keys that tenants have, each counted', async () => (await totals()).count);
    this.gauge('hepc_keys_bytes', 'Bytes of these keys', async () => (await totals()).bytes);
    const usage = async (of: (plan: Awaited<ReturnType<Evaluator['usage']>>['plans'][number]) => number) =>
      (await evaluator.usage()).plans.reduce((sum, plan) => sum + of(plan), 0);
    this.gauge(
      'hepc_evaluator_budget_bytes',
      'Memory for plans and keys',
      async () => (await evaluator.usage()).budgetBytes,
    );
    this.gauge('hepc_evaluator_bytes', 'Of it in use', () => usage(({ bytes }) => bytes));
    this.gauge('hepc_evaluator_sessions', 'Sessions that are open', () => usage(({ sessions }) => sessions));
    this.gauge('hepc_evaluator_loaded_keys', 'Keys in memory', () => usage(({ loadedKeys }) => loadedKeys));
    this.gauge('hepc_evaluator_key_loads', 'Keys that were loaded since the plans were', () =>
      usage(({ keyLoads }) => keyLoads),
    );
    this.workerGauges(backend);
    this.gauge(
      'hepc_evaluator_crashes',
      'Ends of the evaluator by itself',
      async () => (await evaluator.usage()).crashes,
    );
  }

  answered(route: string, method: string, status: number, milliseconds: number): void {
    this.requests.inc({ route, method, status });
    this.step('answer', milliseconds);
  }

  transferred(direction: 'in' | 'out', bytes: number): void {
    this.bytes.inc({ direction }, bytes);
  }

  step(step: 'receive' | 'wait' | 'evaluate' | 'answer', milliseconds: number): void {
    this.seconds.observe({ step }, Math.max(0, milliseconds) / 1000);
  }

  /** A job that is over, once each. */
  ended({ state, submittedAt, endedAt, parts }: Job): void {
    this.jobs.inc({ end: state });
    if (state !== 'done') return;
    const evaluation = parts.reduce((sum, { milliseconds = 0 }) => sum + milliseconds, 0);
    this.step('evaluate', evaluation);
    this.step('wait', (endedAt ?? submittedAt) - submittedAt - evaluation);
  }

  text(): Promise<string> {
    return this.registry.metrics();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** Of all workers of the fleet, as they say themselves, at every front. */
  private workerGauges({ leases }: Backend): void {
    const each = async (collect: (worker: WorkerRecord) => void): Promise<void> => {
      for await (const { value } of leases.list(workerPrefix)) {
        const worker = workerSchema.safeParse(value);
        if (worker.success) collect(worker.data);
      }
    };
    const perWorker = (name: string, help: string, of: (worker: WorkerRecord) => number): void => {
      const gauge = new Gauge({
        name,
        help,
        labelNames: ['worker'],
        registers: [this.registry],
        collect: async () => {
          // Those that are gone are left out, and all where the store is.
          gauge.reset();
          await each((worker) => {
            gauge.set({ worker: worker.name }, of(worker));
          }).catch(() => undefined);
        },
      });
    };
    perWorker('hepc_worker_tasks', 'Tasks that a worker does now', ({ tasks }) => tasks);
    perWorker('hepc_worker_keys', 'Keys that a worker holds in memory', ({ plans }) =>
      plans.reduce((sum, { keys }) => sum + keys, 0),
    );
    perWorker(
      'hepc_worker_key_loads',
      'Keys that a worker has loaded since its plans were',
      ({ keyLoads }) => keyLoads,
    );
    perWorker('hepc_worker_crashes', 'Ends of the evaluator of a worker by itself', ({ crashes }) => crashes);
  }

  private gauge(name: string, help: string, value: () => Promise<number>): void {
    const gauge = new Gauge({
      name,
      help,
      registers: [this.registry],
      collect: async () => {
        // What cannot be told now is left out, and the rest is told.
        await value().then(
          (now) => {
            gauge.set(now);
          },
          () => {
            gauge.reset();
          },
        );
      },
    });
  }
}
