/** A store in a folder with a plan and a client's keys in it, and what a front has of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sha256Hex } from '../../ir/digest.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { defaultSettings, type ServiceSettings } from '../../service/base/settings.ts';
import type { Evaluator } from '../../service/evaluation/evaluator.ts';
import { openEvaluator } from '../../service/evaluation/open-evaluator.ts';
import type { Job } from '../../service/jobs/job-record.ts';
import { type JobRequest, Jobs } from '../../service/jobs/jobs.ts';
import type { Backend } from '../../service/stores/backend.ts';
import type { Bucket } from '../../service/stores/object-store.ts';
import { openLocalBackend } from '../../service/stores/local/open.ts';
import { Worker, type WorkerOptions } from '../../service/worker/worker.ts';
import { smallParameters, ProgramWriter } from '../unit/runtime/engines/seal-wasm/programs.ts';
import { withStatistics } from './serve-plans.ts';

/** One rotation, one product with weights, one rescale; a run is a sample. */
export function smallPlan(): Plan {
  const writer = new ProgramWriter(smallParameters, 2 ** 28);
  const x = writer.input();
  const sum = writer.sum(x, writer.rotate(x, 1));
  writer.output(writer.rescale(writer.multiplyPlain(sum, writer.plaintext([0.5, 0.25]))));
  return withStatistics(writer.plan(2));
}

export const testSettings: ServiceSettings = { ...defaultSettings, memoryBytes: 2 ** 30, threads: 1, runsPerPart: 2 };

/** In one buffer, as from a network: each piece is good until the next is asked for. */
export async function* pieces(bytes: Uint8Array, size = 65_536): AsyncGenerator<Uint8Array> {
  const memory = Buffer.alloc(Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    const piece = bytes.subarray(at, at + size);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0);
  }
}

async function collect(source: AsyncIterable<Uint8Array> | undefined): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of source ?? []) all.push(piece);
  return Buffer.concat(all);
}

export class JobService {
  readonly backend: Backend;
  readonly settings: ServiceSettings;
  readonly jobs: Jobs;
  private readonly folder: string;
  private readonly ends: (() => Promise<void>)[] = [];

  static async open(settings: ServiceSettings = testSettings, leaseSeconds = 30): Promise<JobService> {
    const folder = await mkdtemp(join(tmpdir(), 'hepc-jobs-'));
    return new JobService(folder, await openLocalBackend(folder, { leaseSeconds }), settings);
  }

  constructor(folder: string, backend: Backend, settings: ServiceSettings) {
    this.folder = folder;
    this.backend = backend;
    this.settings = settings;
    this.jobs = new Jobs(backend, settings);
  }

  async store(bucket: Bucket, bytes: Uint8Array): Promise<string> {
    const digest = sha256Hex(bytes);
    await this.backend.objects.put(bucket, digest, pieces(bytes), { limitBytes: bytes.length, digest });
    return digest;
  }

  async client(plan: Plan): Promise<ServedClient> {
    const client = await Client.create(plan.client);
    this.ends.push(() => {
      client.close();
      return Promise.resolve();
    });
    const keys = client.generateKeys();
    client.loadKeys(keys.secretKey);
    return {
      client,
      keys,
      plan: { digest: await this.store('plans', writeHep(plan)), part: plan.client },
      keyRecord: { digest: await this.store('keys', keys.evaluationKeys), keyId: sha256Hex(sectionOf(keys.publicKey)) },
    };
  }

  evaluator(): Evaluator {
    const evaluator = openEvaluator(this.settings);
    this.ends.push(() => evaluator.close());
    return evaluator;
  }

  /** Starts a worker, which drains when what it gives is called, and at the end. */
  work(evaluator: Evaluator, options: WorkerOptions): () => Promise<void> {
    const draining = new AbortController();
    const ended = new Worker(this.backend, evaluator, this.settings, options).run(draining.signal);
    const drain = async (): Promise<void> => {
      draining.abort();
      await ended;
    };
    this.ends.push(drain);
    return drain;
  }

  submit({ plan, keyRecord }: ServedClient, inputs: Uint8Array, rest: Partial<JobRequest> = {}): Promise<Job> {
    return this.jobs.submit({
      tenant: 'tenant',
      plan,
      keys: keyRecord,
      inputs: pieces(inputs),
      deadlineSeconds: 60,
      durable: true,
      ...rest,
    });
  }

  async ended(id: string): Promise<Job | undefined> {
    let last: Job | undefined;
    for await (const { job } of this.jobs.watch('tenant', id)) last = job;
    return last;
  }

  async result(id: string): Promise<Uint8Array> {
    return collect(await this.jobs.result('tenant', id));
  }

  async close(): Promise<void> {
    for (const end of this.ends.toReversed()) await end();
    await this.backend.close();
    await rm(this.folder, { recursive: true });
  }
}

export interface ServedClient {
  readonly client: Client;
  readonly keys: KeySet;
  readonly plan: JobRequest['plan'];
  readonly keyRecord: JobRequest['keys'];
}

/** The content of an envelope with one section. */
function sectionOf(file: Uint8Array): Uint8Array {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return file.subarray(12 + view.getUint32(8, true), file.length - 64);
}
