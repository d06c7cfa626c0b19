/**
 * What a service costs beside the evaluations that it makes, on loopback; a fleet whose processes are killed, the demo page in
 * Chromium, and the event loop under large bodies:
 *
 *   npm run bench:serve [-- --clients 100] [--parts few,many,page,fleet,loop] [--jobs 500] [--write]
 *
 * With --write into the sections of these parts in `bench/serve.md`. The fleet needs a nats-server (HEPC_NATS_SERVER, or the
 * path).
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type CompiledModel, compile, listSamples, loadSamples, readPlan } from '../../index.ts';
import { median } from '../../ir/maths/averages.ts';
import type { Sample } from '../../ir/interface.ts';
import type { Plan } from '../../ir/plan/plan.ts';
import { smallPlan } from '../../test/fuzz/targets/small-plan.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { priceTables } from '../prices/networks.ts';
import { circumstances, publishSections } from '../publish.ts';
import { evaluateBare, ownCpu } from './bare.ts';
import { type BenchClient, checkAnswers, makeClients } from './clients.ts';
import { measureDemoPage, type PageFigures } from './demo-page.ts';
import { measureFleet } from './fleet.ts';
import { load, uploadAll } from './load.ts';
import { type FewFigures, type ManyFigures, serveSections, type ServeFigures } from './render.ts';
import { measureLoop } from './event-loop/measure.ts';
import { type HepcProcess, startHepc } from './hepc-process.ts';
import { cpuMilliseconds, residentBytes } from './process-figures.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'bench', 'serve.md');
const memoryBytes = 3 * 2 ** 30;
const threads = availableParallelism();
/** Whose keys stay in memory. */
const fewClients = 8;
const requestsEach = 20;
const maxQueue = 64;
const rounds = 5;
/** Of the demo page. */
const visits = 5;
/** Of a request of some 200 MB. */
const largeRequestRuns = 768;

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    parts: { type: 'string', default: 'few,many,page,fleet,loop' },
    jobs: { type: 'string', default: '500' },
    write: { type: 'boolean', default: false },
  },
});
const parts = new Set(values.parts.split(','));
const note = (text: string): void => void process.stderr.write(`${text}\n`);

const mlp = new Uint8Array(readFileSync(join(root, 'examples/models/mlp-784-128-128-10.onnx')));
const images = new Uint8Array(readFileSync(join(root, 'examples/models/mnist-test256.npz')));

const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-serve-'));
try {
  const figures: ServeFigures = {
    ...(parts.has('few') || parts.has('many') ? await measureServer(Number(values.clients)) : {}),
    ...(parts.has('page') && { page: await measurePage() }),
    ...(parts.has('fleet') && { fleets: await measureFleets(Number(values.jobs)) }),
    ...(parts.has('loop') && { loop: await measureEventLoop() }),
    ...{ memoryBytes, maxQueue, threads },
  };
  const sections = serveSections(figures, { ...circumstances(), cores: threads });
  await publishSections(resultFile, sections, values.write);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function measurePage(): Promise<PageFigures> {
  note('the demo page');
  return measureDemoPage(visits, threads);
}

async function measureFleets(requests: number): Promise<NonNullable<ServeFigures['fleets']>> {
  const fleets = [];
  for (const [what, alsoKill] of [
    ['workers', []],
    ['workers, the front and NATS', ['front', 'nats']],
  ] as const) {
    note(`a fleet: ${what} are killed`);
    const figures = await measureFleet({
      ...{ plan: smallPlan(), requests, samples: 8, clients: 2, atOnce: 4, workers: 3 },
      ...{ leaseSeconds: 3, killSeconds: 3, maxAttempts: 5, seed: 1, alsoKill },
    });
    fleets.push({ what, requests, figures });
  }
  return fleets;
}

async function measureEventLoop() {
  note('the event loop');
  const deep = priceTables.flatMap(({ networks }) => networks).find(({ what }) => what === '2, `Relu`');
  if (deep === undefined) throw new Error('there is no network with two ReLUs');
  const plans = [
    { name: 'mlp', plan: compiled(mlp).plan, runs: largeRequestRuns },
    { name: 'two-relus', plan: compiled(deep.bytes()).plan },
  ];
  return measureLoop(plans, { rounds, folder, images });
}

function compiled(onnx: Uint8Array): CompiledModel {
  return compile(onnx, { calibration: (inputs) => listSamples(loadSamples(images, 'mnist-test256.npz', inputs)) });
}

async function measureServer(count: number): Promise<Pick<ServeFigures, 'few' | 'many'>> {
  const { hep } = compiled(mlp);
  const planFile = join(folder, 'mlp.hep');
  writeFileSync(planFile, hep);
  const plan = readPlan(hep, 'mlp.hep');
  const samples = listSamples(loadSamples(images, 'mnist-test256.npz', plan.client.inputs));
  note(`keys and requests of ${count} clients`);
  const clients = await makeClients(plan, samples, { count, each: requestsEach, folder });
  const at: ServerBench = { plan, planFile, clients };
  return {
    ...(parts.has('few') && { few: await measureFew(at) }),
    ...(parts.has('many') && { many: await measureMany(at, await answersInTheClear(mlp, samples)) }),
  };
}

async function answersInTheClear(onnx: Uint8Array, samples: readonly Sample[]): Promise<Float64Array[]> {
  const model = await ReferenceModel.load(onnx);
  const expected: Float64Array[] = [];
  for (const sample of samples) expected.push([...(await model.run(sample)).values()][0] ?? new Float64Array());
  await model.close();
  return expected;
}

interface ServerBench {
  readonly plan: Plan;
  readonly planFile: string;
  readonly clients: readonly BenchClient[];
}

function serve(planFile: string, ...more: string[]): Promise<HepcProcess> {
  const limits = ['--memory', `${memoryBytes / 2 ** 30}GiB`, '--threads', `${threads}`];
  return startHepc('serve', [
    planFile,
    '--store',
    join(folder, 'store'),
    '--listen',
    '127.0.0.1:0',
    ...limits,
    ...more,
  ]);
}

/** Those whose keys stay in memory: bare and served, in turns. */
async function measureFew({ plan, planFile, clients }: ServerBench): Promise<FewFigures> {
  const few = clients.slice(0, fewClients);
  const requests = few.length * requestsEach;
  const bare: number[] = [];
  const sideBySide: number[] = [];
  const served: number[] = [];
  const evaluations: number[] = [];
  const overheads: number[] = [];
  const cpu = {
    ...{ bare: [] as number[], sideBySide: [] as number[] },
    ...{ server: [] as number[], evaluator: [] as number[], clients: [] as number[] },
  };
  for (let round = 0; round < rounds; round++) {
    note(`few clients, round ${round + 1} of ${rounds}`);
    const alone = await evaluateBare(plan, few, { threads, memoryBytes });
    cpu.bare.push(alone.cpuMilliseconds / requests);
    bare.push(requests / alone.seconds);
    evaluations.push(median(alone.milliseconds));
    const together = await evaluateBare(plan, few, { threads, memoryBytes, atOnce: true });
    cpu.sideBySide.push(together.cpuMilliseconds / requests);
    sideBySide.push(requests / together.seconds);
    const service = await serve(planFile);
    try {
      await uploadAll(service.url, 'mlp', few);
      await load(service.url, 'mlp', few);
      const [before, own] = [cpuMilliseconds(service.pid), ownCpu()];
      served.push(requests / (await load(service.url, 'mlp', few)).seconds);
      const after = cpuMilliseconds(service.pid);
      cpu.server.push((after.server - before.server) / requests);
      cpu.evaluator.push((after.evaluator - before.evaluator) / requests);
      cpu.clients.push((ownCpu() - own) / requests);
      const single = await load(service.url, 'mlp', few.slice(0, 1), { rounds: 3 });
      const one = await evaluateBare(plan, few.slice(0, 1), { threads, memoryBytes });
      overheads.push(median(single.latencies) - median(one.milliseconds));
    } finally {
      await service.stop('SIGTERM');
    }
  }
  return { clients: few.length, requests, bare, sideBySide, served, evaluations, overheads, cpu };
}

async function measureMany(
  { plan, planFile, clients }: ServerBench,
  expected: readonly Float64Array[],
): Promise<ManyFigures> {
  note(`${clients.length} clients at once`);
  const service = await serve(planFile, '--max-queue', `${maxQueue}`, '--tenant-keys', '64GiB');
  try {
    await uploadAll(service.url, 'mlp', clients);
    const peak = { server: 0, evaluator: 0 };
    const watch = setInterval(() => {
      const { server, evaluator } = residentBytes(service.pid);
      peak.server = Math.max(peak.server, server);
      peak.evaluator = Math.max(peak.evaluator, evaluator);
    }, 200);
    const all = await load(service.url, 'mlp', clients, { retryMs: 2000 });
    clearInterval(watch);
    const checked = await checkAnswers(plan, clients, all.answers, expected);
    return {
      ...{ clients: clients.length, requests: clients.length * requestsEach, seconds: all.seconds },
      ...{ retries: all.retries, refusals: all.refusals.length, ...checked },
      ...{ peakBytes: peak, latencyMs: median(all.latencies) },
    };
  } finally {
    await service.stop('SIGTERM');
  }
}
