/** A service from its parts: the front, and, where it has no fleet, the worker that does the work. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Diagnostic } from '../ir/diagnostics/diagnostic.ts';
import type { Plan } from '../ir/plan/plan.ts';
import type { ServiceSettings } from './base/settings.ts';
import { openEvaluator } from './evaluation/open-evaluator.ts';
import { type Address, formatAddress, listenError } from './http/address.ts';
import { type App, createApp, type AppOptions } from './http/app.ts';
import { type LogOptions, openLog } from './http/base/log.ts';
import { Metrics } from './http/base/metrics.ts';
import { type ServiceParts, ServiceState } from './http/base/parts.ts';
import type { Tokens } from './http/base/tenants.ts';
import type { Job } from './jobs/job-record.ts';
import { Jobs } from './jobs/jobs.ts';
import { KeyUploads } from './keys/key-uploads.ts';
import { Keys } from './keys/keys.ts';
import { Catalogue } from './models/catalogue.ts';
import type { ServedPlan } from './models/served-plan.ts';
import { frontLease, frontPrefix, PlanSweep } from './plan-sweep.ts';
import type { Backend } from './stores/backend.ts';
import { holdLease } from './stores/hold-lease.ts';
import { forgetDeletedKeys, keyChecker } from './keys-and-evaluator.ts';
import { logWork } from './http/log-work.ts';
import type { Site } from './site/site.ts';
import { Worker } from './worker/worker.ts';
import type { WorkerEvent } from './worker/worker-event.ts';

export interface ServeOptions {
  /** Stays its owner's to close, after the service. */
  readonly backend: Backend;
  /** Files of plans; none for a front that serves what others have told of. */
  readonly plans: readonly string[];
  readonly settings: ServiceSettings;
  readonly address: Address;
  /** Whether this process evaluates; otherwise workers do. */
  readonly works: boolean;
  /** Of this process, among all of a fleet. */
  readonly name: string;
  readonly version: string;
  readonly log: LogOptions;
  readonly maxConnections: number;
  readonly tokens?: Tokens | undefined;
  readonly tls?: AppOptions['tls'];
  /** Throws `HepcError` for a plan that does not fit this machine. */
  readonly check?: (plan: Plan) => void;
  readonly renderReport?: (plan: Plan) => Promise<string>;
  /** Called for a plan that can be served and should not be (H513). */
  readonly onWarning?: (warning: Diagnostic) => void;
  /** A page at the root. */
  readonly site?: Site | undefined;
}

/** Between two looks at what has expired, at plans that nobody serves, and at what other fronts have published. */
const sweepMs = 60_000;
const planSweepMs = 300_000;
const refreshMs = 5_000;
const drainPollMs = 50;

export class Service {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  readonly port: number;
  private readonly app: App;
  private readonly parts: ServiceParts;
  private readonly rounds: readonly NodeJS.Timeout[];
  private readonly stopWork = new AbortController();
  private readonly late = new AbortController();
  private readonly work: Promise<void>;
  private readonly unlisten: () => void;
  private readonly lease: Promise<void>;
  private readonly leave = new AbortController();
  private stopping: Promise<void> | undefined;

  /**
   * Listens when it resolves. To be stopped. Rejects with `HepcError` for plans that cannot be served, an address that is
   * taken (H869), and a store that fails.
   */
  static async start(options: ServeOptions): Promise<Service> {
    const { backend, settings, plans, check, renderReport, onWarning, address, tls } = options;
    const catalogue = new Catalogue(backend);
    if (plans.length === 0) await catalogue.refresh();
    else
      await catalogue.serve(plans, {
        ...(check && { check }),
        ...(renderReport && { renderReport }),
        ...(onWarning && { onWarning }),
      });
    const evaluator = openEvaluator(settings);
    try {
      const keys = new Keys(backend, { settings, check: keyChecker(backend, evaluator) });
      const metrics = new Metrics({ backend, keys, evaluator });
      const onEnd = (job: Job): void => {
        metrics.ended(job);
      };
      const parts: ServiceParts = {
        ...{ settings, backend, catalogue, keys, evaluator, metrics, tokens: options.tokens },
        uploads: new KeyUploads(backend, catalogue, keys),
        jobs: new Jobs(backend, settings, options.works ? onEnd : undefined),
        works: options.works,
        log: openLog(options.log),
        state: new ServiceState(),
        site: options.site,
      };
      const { maxConnections, version } = options;
      const app = await createApp({ parts, version, maxConnections, ...(tls && { tls }) });
      try {
        await app.listen({ host: address.host, port: address.port });
        const unlisten = await forgetDeletedKeys(backend, evaluator);
        return new Service(app, parts, options, unlisten);
      } catch (error) {
        await app.close();
        throw listenError(error, address);
      }
    } catch (error) {
      await evaluator.close();
      throw error;
    }
  }

  private constructor(app: App, parts: ServiceParts, options: ServeOptions, unlisten: () => void) {
    this.app = app;
    this.parts = parts;
    this.unlisten = unlisten;
    const { settings, backend, works, name, plans, address, tls } = options;
    const bound = app.server.address();
    this.port = bound === null || typeof bound === 'string' ? address.port : bound.port;
    this.url = `${tls === undefined ? 'http' : 'https'}://${formatAddress({ host: address.host, port: this.port })}`;
    this.work = works
      ? new Worker(backend, parts.evaluator, settings, { name, onEvent: tellOfWork(parts) }).run(
          this.stopWork.signal,
          this.late.signal,
        )
      : Promise.resolve();
    const plansInStore = new PlanSweep(backend);
    this.lease = holdLease(backend, `${frontPrefix}.${name}`, this.leave.signal, () => frontLease(this.models));
    void this.sweep();
    // The process that evaluates starts now, and not while somebody waits for it.
    void this.quietly(parts.evaluator.usage().then(() => undefined));
    const sweep = setInterval(() => void this.sweep(), sweepMs).unref();
    const refresh =
      plans.length > 0 ? [] : [setInterval(() => void this.quietly(parts.catalogue.refresh()), refreshMs)];
    const planSweep = setInterval(() => void this.quietly(plansInStore.run(performance.now())), planSweepMs).unref();
    this.rounds = [sweep, planSweep, ...refresh];
  }

  get models(): readonly ServedPlan[] {
    return this.parts.catalogue.list();
  }

  get settings(): ServiceSettings {
    return this.parts.settings;
  }

  /**
   * Takes nothing new, finishes what is under way for at most `seconds`, gives up the rest, and frees everything. Jobs that
   * were accepted for later stay in the store.
   */
  stop(seconds: number): Promise<void> {
    this.stopping ??= this.stopNow(seconds);
    return this.stopping;
  }

  private async stopNow(seconds: number): Promise<void> {
    const { state, evaluator, log } = this.parts;
    state.draining = true;
    log.info({ running: state.running }, 'draining');
    const end = performance.now() + 1000 * seconds;
    while (state.running > 0 && performance.now() < end) await sleep(drainPollMs);
    state.stopped.abort();
    for (const round of this.rounds) clearInterval(round);
    this.stopWork.abort();
    const patience = setTimeout(() => {
      this.late.abort();
    }, end - performance.now());
    await this.work;
    clearTimeout(patience);
    await this.app.close();
    this.leave.abort();
    await this.lease;
    this.unlisten();
    await evaluator.close();
    log.info('stopped');
  }

  private async sweep(): Promise<void> {
    const { jobs, keys, uploads } = this.parts;
    await this.quietly(jobs.sweep(Date.now()));
    await this.quietly(keys.sweep());
    await this.quietly(uploads.sweep());
  }

  /** What fails now is tried again at the next round. */
  private async quietly(round: Promise<void>): Promise<void> {
    await round.catch((error: unknown) => {
      this.parts.log.warn({ failure: error instanceof Error ? error.message : 'unknown' }, 'a round has failed');
    });
  }
}

/** Into the log and the metrics. */
function tellOfWork({ log, metrics }: ServiceParts): (event: WorkerEvent) => void {
  const logged = logWork(log);
  return (event) => {
    if (event.kind === 'ended') metrics.ended(event.job);
    logged(event);
  };
}
