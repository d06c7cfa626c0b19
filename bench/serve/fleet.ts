/**
 * A fleet whose processes are killed while it works: one front and some workers over NATS, of which one is killed every few
 * seconds, and the front and NATS, too, where that is asked for. What was killed is started again. Every request is to be
 * answered once and rightly, or refused with a reason.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { seededRandom } from '../../ir/random.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { codeOf } from '../../runtime/remote/errors.ts';
import { RemoteModel } from '../../runtime/remote/remote-model.ts';
import { isOver, jobSchema } from '../../service/jobs/job-record.ts';
import { openNatsBackend } from '../../service/stores/nats/open.ts';
import { freePort, startNatsServer } from '../../test/support/nats-server.ts';
import { difference, inTheClear, randomSample } from '../../test/support/serve-plans.ts';
import { FleetProcesses } from './fleet-processes.ts';
import type { HepcProcess } from './hepc-process.ts';

export interface FleetMeasurement {
  readonly plan: Plan;
  readonly requests: number;
  /** Samples of a request: from one to so many. */
  readonly samples: number;
  /** With keys of their own, each of which has so many requests under way at once. */
  readonly clients: number;
  readonly atOnce: number;
  readonly workers: number;
  readonly leaseSeconds: number;
  /** Between two deaths. */
  readonly killSeconds: number;
  /** What is killed beside workers: each in turn, every third time. */
  readonly alsoKill: readonly ('front' | 'nats')[];
  readonly maxAttempts: number;
  readonly seed: number;
}

export interface FleetFigures {
  readonly seconds: number;
  readonly answered: number;
  /** By the code of the reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** Rejected without a reason that is documented: what they said. */
  readonly unexplained: readonly string[];
  readonly wrong: number;
  /** Jobs that were made twice of one request. */
  readonly duplicated: number;
  /** Requests of the clients that had to be made again. */
  readonly retries: number;
  /** Attempts at parts of jobs beyond the first. */
  readonly redelivered: number;
  readonly killed: Readonly<Record<'worker' | 'front' | 'nats', number>>;
  readonly longestSeconds: number;
}

/** Of slots in the clear; what a mixed up answer is far away from. */
const tolerance = 0.01;
const storeBytes = 16 * 2 ** 30;

export async function measureFleet(options: FleetMeasurement): Promise<FleetFigures> {
  const { plan, leaseSeconds } = options;
  const folder = await mkdtemp(join(tmpdir(), 'hepc-fleet-'));
  const nats = await startNatsServer();
  const fleet = new FleetProcesses({
    nats: nats.url,
    leaseSeconds,
    args: ['--max-attempts', String(options.maxAttempts)],
  });
  try {
    const file = join(folder, 'small.hep');
    await writeFile(file, writeHep(plan));
    const front = ['--listen', `127.0.0.1:${await freePort()}`, '--runs-per-part', '2', file];
    const chaos = new Chaos(options, { fleet, nats, front });
    const url = await chaos.begin();
    const asking = new Asking(options, url);
    await asking.prepare();
    const start = performance.now();
    const killing = chaos.run();
    await asking.run();
    const seconds = (performance.now() - start) / 1000;
    const killed = await chaos.end(killing);
    const backend = await openNatsBackend(nats.url, { storeBytes, cacheFolder: join(folder, 'cache') });
    let jobs = 0;
    let redelivered = 0;
    for await (const { value } of backend.registry.list('jobs')) {
      const job = jobSchema.parse(value);
      if (isOver(job) && job.state !== 'cancelled') jobs++;
      for (const { attempts } of job.parts) redelivered += Math.max(0, attempts - 1);
    }
    await backend.close();
    await asking.close();
    return { ...asking.figures, seconds, killed, redelivered, duplicated: Math.max(0, jobs - options.requests) };
  } finally {
    await fleet.end();
    await nats.end();
    await rm(folder, { recursive: true });
  }
}

/** Ends processes and starts them again. */
class Chaos {
  private readonly options: FleetMeasurement;
  private readonly at: {
    readonly fleet: FleetProcesses;
    readonly nats: { kill(): Promise<void>; start(): Promise<void> };
    readonly front: readonly string[];
  };
  private readonly over = new AbortController();
  private readonly workers: HepcProcess[] = [];
  private front: HepcProcess | undefined;
  private readonly killed = { worker: 0, front: 0, nats: 0 };

  constructor(options: FleetMeasurement, at: Chaos['at']) {
    this.options = options;
    this.at = at;
  }

  /** The address of the front. */
  async begin(): Promise<string> {
    const { fleet, front } = this.at;
    this.front = await fleet.front(...front);
    for (let k = 0; k < this.options.workers; k++) this.workers.push(await fleet.worker());
    return this.front.url;
  }

  async run(): Promise<void> {
    const { killSeconds, alsoKill, seed } = this.options;
    const random = seededRandom(seed);
    for (let round = 1; ; round++) {
      await sleep(1000 * killSeconds * (0.5 + random.uniform()), undefined, { signal: this.over.signal }).catch(
        () => undefined,
      );
      if (this.over.signal.aborted) return;
      const also = round % 3 === 0 ? alsoKill[(round / 3 - 1) % alsoKill.length] : undefined;
      await this.kill(also ?? 'worker', Math.floor(random.uniform() * this.workers.length));
    }
  }

  async end(running: Promise<void>) {
    this.over.abort();
    await running;
    return this.killed;
  }

  private async kill(what: 'worker' | 'front' | 'nats', which: number): Promise<void> {
    const { fleet, nats, front } = this.at;
    this.killed[what]++;
    if (what === 'nats') {
      await nats.kill();
      await sleep(500);
      await nats.start();
    } else if (what === 'front') {
      await this.front?.stop('SIGKILL');
      this.front = await fleet.front(...front);
    } else {
      await this.workers[which]?.stop('SIGKILL');
      this.workers[which] = await fleet.worker();
    }
  }
}

/** Whether a client says that its job may go: records that stay can be counted. For the `fetch` of a `RemoteModel`. */
export function isFarewell(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  return init?.method === 'DELETE' && /\/v1\/jobs\//.test(new Request(input).url);
}

/** Clients that ask until all has been asked, and compare each answer with that in the clear. */
class Asking {
  private readonly options: FleetMeasurement;
  private readonly url: string;
  private readonly models: RemoteModel[] = [];
  private next = 0;
  readonly figures = {
    ...{ answered: 0, wrong: 0, retries: 0, longestSeconds: 0 },
    refused: {} as Record<string, number>,
    unexplained: [] as string[],
  };

  constructor(options: FleetMeasurement, url: string) {
    this.options = options;
    this.url = url;
  }

  async prepare(): Promise<void> {
    const counting: typeof fetch = async (input, init) => {
      if (isFarewell(input, init)) return new Response(null, { status: 404 });
      try {
        const response = await fetch(input, init);
        if (response.status === 429 || response.status >= 500) this.figures.retries++;
        return response;
      } catch (error) {
        this.figures.retries++;
        throw error;
      }
    };
    for (let k = 0; k < this.options.clients; k++) {
      const model = await RemoteModel.open(this.url, 'small', { fetch: counting, tries: 12 });
      await model.prepare();
      this.models.push(model);
    }
  }

  async run(): Promise<void> {
    const { atOnce } = this.options;
    await Promise.all(this.models.flatMap((model) => Array.from({ length: atOnce }, () => this.askAll(model))));
  }

  async close(): Promise<void> {
    await Promise.all(this.models.map((model) => model.close()));
  }

  private async askAll(model: RemoteModel): Promise<void> {
    while (this.next < this.options.requests) await this.ask(model, this.next++);
  }

  private async ask(model: RemoteModel, number: number): Promise<void> {
    const { plan, seed } = this.options;
    const count = 1 + (number % this.options.samples);
    const samples = Array.from({ length: count }, (_, k) => randomSample(plan, seed + 1000 * number + k));
    const start = performance.now();
    try {
      const answers = await model.infer(samples);
      this.figures.answered++;
      if (answers.length !== count || (await this.worst(samples, answers)) > tolerance) this.figures.wrong++;
    } catch (error) {
      const [diagnostic] = error instanceof HepcError ? error.diagnostics : [];
      const reason = codeOf(error) ?? diagnostic?.code;
      if (reason === undefined) this.figures.unexplained.push(String(error));
      else this.figures.refused[reason] = (this.figures.refused[reason] ?? 0) + 1;
    }
    this.figures.longestSeconds = Math.max(this.figures.longestSeconds, (performance.now() - start) / 1000);
  }

  private async worst(samples: readonly Sample[], answers: Awaited<ReturnType<RemoteModel['infer']>>): Promise<number> {
    let worst = 0;
    for (const [k, sample] of samples.entries()) {
      const answer = (answers[k] ?? new Map()) as ReadonlyMap<string, Float64Array>;
      worst = Math.max(worst, difference(this.options.plan, answer, await inTheClear(this.options.plan, sample)));
    }
    return worst;
  }
}
