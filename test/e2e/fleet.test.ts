/**
 * A fleet as processes: fronts and workers that share NATS, and what happens when one of them ends. A second front and a
 * worker that is killed come at night.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest';
import { isFarewell } from '../../bench/serve/fleet.ts';
import { FleetProcesses } from '../../bench/serve/fleet-processes.ts';
import type { HepcProcess } from '../../bench/serve/hepc-process.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Answer, Sample } from '../../ir/interface.ts';
import { writeHep } from '../../runtime/hep/write.ts';
import { RemoteModel } from '../../runtime/remote/remote-model.ts';
import { jobSchema, type Job } from '../../service/jobs/job-record.ts';
import type { Backend } from '../../service/stores/backend.ts';
import { openNatsBackend } from '../../service/stores/nats/open.ts';
import { smallPlan } from '../fuzz/targets/small-plan.ts';
import { hasOpenSsl, makeCertificate } from '../support/certificate.ts';
import { makeCredentials } from '../support/nats-credentials.ts';
import { type NatsServer, natsServerPath, startNatsServer } from '../support/nats-server.ts';
import { difference, inTheClear, randomSample } from '../support/serve-plans.ts';
import { stagedError, stagedPlan } from '../support/staged-plan.ts';
import { isNightly } from '../support/setup/suite.ts';
import { beginUpload, infer, offsetOf, problemIn, sendPiece, smallClient } from '../support/service-client.ts';

const reason = 'skipped: there is no nats-server 2.11 (HEPC_NATS_SERVER, PATH)';
const leaseSeconds = 2;
const plan = smallPlan();

describe.skipIf(natsServerPath === undefined)(natsServerPath === undefined ? reason : 'a fleet', () => {
  let nats: NatsServer;
  let backend: Backend;
  let fleet: FleetProcesses;
  let front: HepcProcess;
  let model: RemoteModel;
  const pool: HepcProcess[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'hepc-fleet-'));
  const file = join(folder, 'small.hep');

  beforeAll(async () => {
    writeFileSync(file, writeHep(plan));
    nats = await startNatsServer();
    fleet = new FleetProcesses({ nats: nats.url, leaseSeconds });
    front = await fleet.front(file, '--listen', '127.0.0.1:0', '--runs-per-part', '2');
    backend = await openNatsBackend(nats.url, { storeBytes: 16 * 2 ** 30, cacheFolder: join(folder, 'cache') });
    // Records of jobs stay for the tests to look at.
    const remembering: typeof fetch = (input, init) =>
      isFarewell(input, init) ? Promise.resolve(new Response(null, { status: 404 })) : fetch(input, init);
    model = await RemoteModel.open(front.url, 'small', { fetch: remembering });
    await model.prepare();
  }, 60_000);
  afterAll(async () => {
    await model.close();
    await fleet.end();
    await backend.close();
    await nats.end();
    rmSync(folder, { recursive: true });
  });

  /** As many as are asked for, those first that are there. */
  async function workers(count: number): Promise<HepcProcess[]> {
    for (const left of pool.splice(count)) await left.stop('SIGKILL');
    const missing = Array.from({ length: count - pool.length }, () => fleet.worker());
    for (const started of await Promise.all(missing)) {
      pool.push(started);
      void started.ended.then(() => pool.splice(pool.indexOf(started) >>> 0, 1));
    }
    return [...pool];
  }

  async function worst(samples: readonly Sample[], answers: readonly Answer[], of = plan): Promise<number> {
    expect(answers).toHaveLength(samples.length);
    const all = samples.map(async (sample, k) =>
      difference(of, (answers[k] ?? new Map()) as ReadonlyMap<string, Float64Array>, await inTheClear(of, sample)),
    );
    return Math.max(...(await Promise.all(all)));
  }

  async function jobs(): Promise<Job[]> {
    const found: Job[] = [];
    for await (const { value } of backend.registry.list('jobs')) found.push(jobSchema.parse(value));
    return found;
  }

  /** The one that `before` did not have, once it fits. */
  async function newJob(before: readonly Job[], fits: (job: Job) => boolean): Promise<Job> {
    const known = new Set(before.map(({ id }) => id));
    return expect
      .poll(async () => (await jobs()).find((job) => !known.has(job.id) && fits(job)), {
        timeout: 10_000,
        interval: 20,
      })
      .toBeDefined()
      .then(async () => (await jobs()).find((job) => !known.has(job.id)) as Job);
  }

  const samplesOf = (count: number, seed: number) =>
    Array.from({ length: count }, (_, k) => randomSample(plan, seed + k));

  test('stages of a plan that its client refreshes are done by whichever worker comes', async () => {
    await workers(2);
    const staged = stagedPlan();
    const stagedFile = join(folder, 'staged.hep');
    writeFileSync(stagedFile, writeHep(staged));
    const other = await fleet.front(stagedFile, '--listen', '127.0.0.1:0');
    const refreshed = await RemoteModel.open(other.url, 'staged');
    onTestFinished(() => refreshed.close());
    const samples = [1, 2, 3].map((seed) => randomSample(staged, seed));
    const answers = await Promise.all(samples.map((sample) => refreshed.infer([sample])));
    expect(await worst(samples, answers.flat(), staged)).toBeLessThan(stagedError);
    await other.stop('SIGTERM');
  });

  test('two workers share a job, its answers come in order, and one that is told to stop drains', async () => {
    const [first, second] = await workers(2);
    const few = samplesOf(1, 0);
    expect(await worst(few, await model.infer(few))).toBeLessThan(0.01);

    const before = await jobs();
    const many = samplesOf(24, 100);
    const answering = model.infer(many);
    await newJob(before, ({ parts }) =>
      parts.some(({ state, worker }) => state === 'running' && worker === first?.name),
    );
    // What it is at is finished, the rest is the other's.
    expect(await first?.stop('SIGTERM')).toEqual([0, null]);
    expect(await worst(many, await answering)).toBeLessThan(0.01);
    const job = await newJob(before, ({ state }) => state === 'done');
    expect(job.parts).toHaveLength(12);
    expect(job.parts.map(({ attempts }) => attempts)).toEqual(Array.from({ length: 12 }, () => 1));
    expect(new Set(job.parts.map(({ worker }) => worker))).toEqual(new Set([first?.name, second?.name]));
    const metrics = async () => (await fetch(`${front.url}/metrics`)).text();
    await expect.poll(metrics, { timeout: 5_000 }).toContain(`hepc_worker_crashes{worker="${second?.name ?? ''}"} 0\n`);
  });

  if (isNightly)
    test('a second front serves the same keys and jobs, and finishes an upload that began at the first', async () => {
      const [other, small] = await Promise.all([fleet.front('--listen', '127.0.0.1:0'), smallClient(), workers(1)]);
      onTestFinished(() => small.client.close());
      const bytes = small.keys.evaluationKeys;
      const half = Math.floor(bytes.length / 2);
      const begun = new URL(await beginUpload(front, bytes.length, small.digest));
      await sendPiece(front, begun.href, 0, bytes.subarray(0, half));
      const there = new URL(begun.pathname, other.url).href;
      expect(await offsetOf(other, there)).toBe(half);
      await sendPiece(other, there, half, bytes.subarray(half));

      const headers = { prefer: 'respond-async', 'idempotency-key': 'one' };
      const accepted = await infer(front, small, { headers });
      const again = await infer(other, small, { headers });
      expect([accepted.status, again.status % 200]).toEqual([202, again.status === 202 ? 2 : 0]);
      const location = accepted.headers.get('location') ?? '';
      await accepted.body?.cancel();
      await again.body?.cancel();
      if (again.status === 202) expect(again.headers.get('location')).toBe(location);
      const result = () => fetch(new URL(`${location}/result`, other.url));
      await expect.poll(async () => (await result()).status, { timeout: 10_000 }).toBe(200);
      const outputs = small.client.decrypt(new Uint8Array(await (await result()).arrayBuffer()));
      const [answer] = outputs;
      const sample = new Map(plan.client.inputs.map(({ name }, k) => [name, new Float64Array(2048).fill((k + 1) / 4)]));
      expect(await worst([sample], [answer ?? new Map()])).toBeLessThan(0.01);
    });

  if (isNightly)
    test('a job whose worker is killed is answered once and rightly', async () => {
      const [first] = await workers(2);
      const before = await jobs();
      const many = samplesOf(24, 200);
      const answering = model.infer(many);
      await newJob(before, ({ parts }) =>
        parts.some(({ state, worker }) => state === 'running' && worker === first?.name),
      );
      expect(await first?.stop('SIGKILL')).toEqual([null, 'SIGKILL']);
      expect(await worst(many, await answering)).toBeLessThan(0.01);
      const after = (await jobs()).filter(({ id }) => !before.some((job) => job.id === id));
      expect(after.map(({ state }) => state)).toEqual(['done']);
      expect(Math.max(...(after[0]?.parts.map(({ attempts }) => attempts) ?? []))).toBe(2);
    });

  test('a job that fails each time ends among the dead, and its caller learns why', async () => {
    await workers(0);
    const before = await jobs();
    const answering = model.infer(samplesOf(1, 300)).then(
      () => undefined,
      (error: unknown) => error,
    );
    const job = await newJob(before, () => true);
    const [worker] = await workers(1);
    // Its evaluator ends before it has answered, each time.
    const killing = setInterval(() => {
      spawnSync('pkill', ['-KILL', '-P', String(worker?.pid)]);
    }, 20);
    const error = await answering;
    clearInterval(killing);
    expect(error).toBeInstanceOf(HepcError);
    expect(String(error)).toContain('H825');
    // The caller is answered before the task is buried.
    await vi.waitFor(
      async () => {
        const dead = [];
        for await (const task of backend.queue.dead()) if (task.task.job === job.id) dead.push(task);
        expect(dead).toEqual([expect.objectContaining({ reason: expect.stringContaining('H812') as string })]);
      },
      { timeout: 10_000, interval: 50 },
    );
    expect((await jobs()).find(({ id }) => id === job.id)).toMatchObject({
      state: 'failed',
      problem: { code: 'H825' },
    });
  });

  test('a front says that NATS is away, and takes up its work when it is back', async () => {
    const codeAt = async (path: string, init?: RequestInit): Promise<string> => {
      const response = await fetch(`${front.url}${path}`, init);
      return response.ok ? 'ok' : (await problemIn(response)).message;
    };
    await nats.kill();
    expect([await codeAt('/healthz'), await codeAt('/readyz')]).toEqual(['ok', '503 H811']);
    // Requests wait for it for a while.
    if (isNightly) expect(await codeAt('/v1/keys')).toBe('503 H811');
    await nats.start();
    await expect.poll(() => codeAt('/readyz'), { timeout: 30_000 }).toBe('ok');
    expect(await codeAt('/v1/keys')).toBe('ok');
    await workers(1);
    const sample = randomSample(plan, 77);
    expect(await worst([sample], await model.infer([sample]))).toBeLessThan(0.01);
  }, 90_000);
});

const isGuardable = natsServerPath !== undefined && hasOpenSsl;
test.skipIf(!isGuardable)(
  isGuardable
    ? 'a fleet whose NATS asks for credentials, over TLS'
    : 'skipped: there is no nats-server 2.11 or no openssl',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hepc-guarded-'));
    const { key, cert } = makeCertificate(folder);
    const { config, creds } = makeCredentials(folder);
    const tls = ['--tls', '--tlscert', cert, '--tlskey', key, '--tlsverify', '--tlscacert', cert];
    const nats = await startNatsServer(['--config', config, ...tls]);
    const args = ['--nats-creds', creds, '--nats-ca', cert, '--nats-cert', cert, '--nats-key', key];
    const fleet = new FleetProcesses({ nats: nats.url, leaseSeconds, args });
    onTestFinished(async () => {
      await fleet.end();
      await nats.end();
      rmSync(folder, { recursive: true });
    });
    const file = join(folder, 'small.hep');
    writeFileSync(file, writeHep(plan));
    const [{ url }] = await Promise.all([fleet.front(file, '--listen', '127.0.0.1:0'), fleet.worker()]);
    const model = await RemoteModel.open(url, 'small');
    onTestFinished(() => model.close());
    const sample = randomSample(plan, 1);
    const [answer = new Map()] = await model.infer([sample]);
    expect(difference(plan, answer as ReadonlyMap<string, Float64Array>, await inTheClear(plan, sample))).toBeLessThan(
      0.01,
    );
  },
  60_000,
);
