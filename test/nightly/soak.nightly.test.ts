/**
 * Servers for hours, in minutes: plans and keys that alternate, several sessions at once, aborts, closes in the middle, on
 * both engines. Every answer is that of the plan in the clear within what the plan predicts, and nothing grows.
 *
 * Takes five minutes, HEPC_SOAK_SECONDS more or fewer, and a minute to begin with. HEPC_SEED draws other choices.
 */
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compileGraph } from '../../compiler/compile.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { Client } from '../../runtime/client.ts';
import { liveWorkers } from '../../runtime/engines/threads/worker-thread.ts';
import { Server } from '../../runtime/server.ts';
import type { ServerSession } from '../../runtime/server-session.ts';
import type { KeySet } from '../../runtime/cipher/key-files.ts';
import { Draw, drawOf } from '../fuzz/mutate/draw.ts';
import { fuzzSeed } from '../fuzz/seed.ts';
import { memoryUse } from '../support/memory-use.ts';
import { relativeError, runInTheClear } from '../support/run-plans.ts';
import { denseChain, graphOf, residual, samplesOf } from '../support/tiny-networks.ts';

const seconds = Number(process.env['HEPC_SOAK_SECONDS'] ?? 300);
const mebibyte = 2 ** 20;
/** Steps before memory is first looked at: engines compile and keep what the next session can use. */
const warmUpSteps = 60;

/** A client with keys of its own, its inputs and what they should give. */
interface Tenant {
  readonly plan: Plan;
  readonly client: Client;
  readonly keys: KeySet;
  readonly files: readonly { readonly inputs: Uint8Array; readonly expected: readonly Sample[] }[];
  readonly unit: number;
}

let tenants: readonly Tenant[] = [];

beforeAll(async () => {
  const modules = [denseChain([24, 16, 5]), residual(20, 8, 3)];
  const plans = modules.map((module) => {
    const samples = samplesOf(module, 16);
    return { samples, plan: compileGraph(graphOf(module), { samples, maxError: 0.01 }).plan };
  });
  const made: Tenant[] = [];
  for (const { plan, samples } of plans)
    for (let key = 0; key < 2; key++) {
      const client = await Client.create(plan.client);
      const keys = client.generateKeys();
      const files = [samples.slice(0, 1), samples.slice(0, 3)].map((some) => ({
        inputs: client.encrypt(some),
        expected: runInTheClear(plan, some),
      }));
      const largest = runInTheClear(plan, samples).map((outputs) =>
        Math.max(...[...outputs.values()].flatMap((y) => [...y.map(Math.abs)])),
      );
      made.push({ plan, client, keys, files, unit: largest.sort((a, b) => a - b)[largest.length >> 1] ?? 1 });
    }
  tenants = made;
});
afterAll(() => {
  for (const { client } of tenants) client.close();
});

interface Opened {
  readonly tenant: Tenant;
  readonly session: ServerSession;
}

/** One server of one plan with its sessions, and what becomes of them. */
class Soak {
  readonly counts = { servers: 0, sessions: 0, answers: 0, aborted: 0, refused: 0 };
  worst = 0;
  private readonly draw: Draw;
  private server: Server | undefined;
  private readonly sessions: Opened[] = [];
  private pending: Promise<void>[] = [];

  constructor(draw: Draw) {
    this.draw = draw;
  }

  async step(): Promise<void> {
    const { draw } = this;
    if (this.server === undefined || draw.chance(0.04)) await this.restart();
    if (this.sessions.length === 0 || (this.sessions.length < 4 && draw.chance(0.2))) await this.open();
    const opened = draw.pick(this.sessions);
    this.pending.push(this.evaluate(opened));
    // Sometimes its session is closed while it evaluates, or more are asked for before it is done.
    if (draw.chance(0.15)) this.pending.push(this.closeSession(opened));
    if (this.pending.length >= 1 + draw.below(4)) await this.settle();
  }

  async settle(): Promise<void> {
    const { pending } = this;
    this.pending = [];
    await Promise.all(pending);
  }

  async close(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    this.sessions.length = 0;
    await server?.close();
    await this.settle();
  }

  private async restart(): Promise<void> {
    await this.close();
    const { plan } = this.draw.pick(tenants);
    const engine = this.draw.chance(0.6) ? 'simd' : 'seal-wasm';
    this.server = await Server.create(plan, { engine, threads: 1 + this.draw.below(3) });
    this.counts.servers++;
  }

  private async open(): Promise<void> {
    const { server, draw } = this;
    if (server === undefined) throw new Error('there is no server');
    const tenant = draw.pick(tenants.filter(({ plan }) => plan === server.plan));
    const session = await server.openSession(tenant.keys.evaluationKeys);
    this.sessions.push({ tenant, session });
    this.counts.sessions++;
  }

  private async closeSession(opened: Opened): Promise<void> {
    this.sessions.splice(this.sessions.indexOf(opened), 1);
    await opened.session.close();
  }

  private async evaluate({ tenant, session }: Opened): Promise<void> {
    const { draw, counts } = this;
    const { inputs, expected } = draw.pick(tenant.files);
    const controller = new AbortController();
    const reason = new Error('enough');
    const wait = draw.chance(0.3) ? draw.below(60) : undefined;
    const timer =
      wait === undefined
        ? undefined
        : setTimeout(() => {
            controller.abort(reason);
          }, wait);
    try {
      const { outputs } = await session.evaluate(inputs, { signal: controller.signal });
      const error = relativeError(tenant.client.decrypt(outputs, { raw: true }), expected, tenant.unit);
      this.worst = Math.max(this.worst, error / tenant.plan.client.predictedMaxError);
      counts.answers++;
    } catch (error) {
      if (error === reason) counts.aborted++;
      else if (error instanceof HepcError && error.diagnostics.every(({ code }) => code === 'H640')) counts.refused++;
      else throw error;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** What a process holds besides memory; one of each comes and goes with timers of Node itself. */
function holdings(): { readonly workers: number; readonly files: number; readonly threads: number } {
  return {
    workers: liveWorkers(),
    files: readdirSync('/proc/self/fd').length,
    threads: readdirSync('/proc/self/task').length,
  };
}

test(
  'right answers only, and nothing grows',
  async () => {
    const seed = fuzzSeed();
    console.log(`seed ${seed}`);
    // Two servers at once.
    const soaks = [0, 1].map((k) => new Soak(drawOf(seed, 'soak', k)));
    const steps = async (isOver: (step: number) => boolean): Promise<void> => {
      await Promise.all(
        soaks.map(async (soak) => {
          for (let step = 0; !isOver(step); step++) await soak.step();
          await soak.close();
        }),
      );
    };
    await steps((step) => step >= warmUpSteps);
    const before = { memory: await memoryUse(), ...holdings() };
    const end = performance.now() + 1000 * seconds;
    await steps(() => performance.now() > end);
    const after = { memory: await memoryUse(), ...holdings() };
    for (const { counts, worst } of soaks) console.log({ ...counts, worst });

    expect(Math.max(...soaks.map(({ worst }) => worst))).toBeLessThan(2);
    for (const { counts } of soaks)
      expect(Math.min(counts.servers, counts.sessions, counts.answers, counts.aborted)).toBeGreaterThan(0);
    expect(after.workers).toBe(0);
    expect(after.threads).toBeLessThanOrEqual(before.threads + 1);
    expect(after.files).toBeLessThanOrEqual(before.files + 2);
    expect(after.memory.heapBytes - before.memory.heapBytes).toBeLessThan(16 * mebibyte);
    expect(after.memory.residentBytes - before.memory.residentBytes).toBeLessThan(200 * mebibyte);
  },
  (seconds + 600) * 1000,
);
