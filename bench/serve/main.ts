/**
 * What a service costs beside the evaluations that it makes, on loopback:
 *
 *   npm run bench:serve [-- --clients 100] [--fleet] [--write]
 *
 * With --write into `bench/serve.md`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { compile, listSamples, loadSamples, readPlan } from '../../index.ts';
import { median } from '../../ir/maths/averages.ts';
import { ReferenceModel } from '../../training/onnxruntime.ts';
import { circumstances, publish } from '../publish.ts';
import { evaluateBare } from './bare.ts';
import { checkAnswers, makeClients } from './clients.ts';
import { load, uploadAll } from './load.ts';
import { renderServe, type ServeFigures } from './render.ts';
import { startService } from './service-process.ts';

const root = join(import.meta.dirname, '..', '..');
const resultFile = join(root, 'bench', 'serve.md');
const memoryBytes = 3 * 2 ** 30;
const threads = availableParallelism();
/** Whose keys stay in memory. */
const fewClients = 8;
const requestsEach = 20;
const maxQueue = 64;

const { values } = parseArgs({
  options: { clients: { type: 'string', default: '100' }, write: { type: 'boolean', default: false } },
});

const folder = mkdtempSync(join(tmpdir(), 'hepc-bench-serve-'));
try {
  const figures = await measure(Number(values.clients));
  await publish(resultFile, renderServe(figures, { ...circumstances(), cores: threads }), values.write);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function measure(count: number): Promise<ServeFigures> {
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  const onnx = new Uint8Array(readFileSync(join(root, 'examples/models/mlp-784-128-128-10.onnx')));
  const images = new Uint8Array(readFileSync(join(root, 'examples/models/mnist-test256.npz')));
  const { hep } = compile(onnx, {
    calibration: (inputs) => listSamples(loadSamples(images, 'mnist-test256.npz', inputs)),
  });
  const planFile = join(folder, 'mlp.hep');
  writeFileSync(planFile, hep);
  const plan = readPlan(hep, 'mlp.hep');
  const samples = listSamples(loadSamples(images, 'mnist-test256.npz', plan.client.inputs));
  const model = await ReferenceModel.load(onnx);
  const expected: Float64Array[] = [];
  for (const sample of samples) expected.push([...(await model.run(sample)).values()][0] ?? new Float64Array());
  await model.close();

  note(`keys and requests of ${count} clients`);
  const clients = await makeClients(plan, samples, { count, each: requestsEach, folder });
  const few = clients.slice(0, fewClients);
  const serve = (...more: string[]) =>
    startService([
      planFile,
      '--store',
      join(folder, 'store'),
      '--memory',
      `${memoryBytes / 2 ** 30}GiB`,
      '--threads',
      `${threads}`,
      ...more,
    ]);

  note('few clients, whose keys stay in memory: bare and served, in turns');
  const bare: number[] = [];
  const served: number[] = [];
  const evaluations: number[] = [];
  const overheads: number[] = [];
  for (let round = 0; round < 3; round++) {
    const alone = await evaluateBare(plan, few, { threads, memoryBytes });
    bare.push((fewClients * requestsEach) / alone.seconds);
    evaluations.push(median(alone.milliseconds));
    const service = await serve();
    try {
      await uploadAll(service.url, 'mlp', few);
      await load(service.url, 'mlp', few);
      served.push((fewClients * requestsEach) / (await load(service.url, 'mlp', few)).seconds);
      const single = await load(service.url, 'mlp', few.slice(0, 1), { rounds: 3 });
      const own = await evaluateBare(plan, few.slice(0, 1), { threads, memoryBytes });
      overheads.push(median(single.latencies) - median(own.milliseconds));
    } finally {
      await service.stop();
    }
  }

  note(`${count} clients at once`);
  const service = await serve('--max-queue', `${maxQueue}`, '--tenant-keys', '64GiB');
  try {
    await uploadAll(service.url, 'mlp', clients);
    let peak = 0;
    const watch = setInterval(() => (peak = Math.max(peak, service.residentBytes())), 200);
    const all = await load(service.url, 'mlp', clients, { retryMs: 2000 });
    clearInterval(watch);
    const checked = await checkAnswers(plan, clients, all.answers, expected);
    return {
      few: { clients: fewClients, requests: fewClients * requestsEach, bare, served, evaluations, overheads },
      many: {
        clients: count,
        requests: count * requestsEach,
        seconds: all.seconds,
        retries: all.retries,
        refusals: all.refusals.length,
        ...checked,
        peakBytes: peak,
        latencyMs: median(all.latencies),
      },
      memoryBytes,
      maxQueue,
      threads,
    };
  } finally {
    await service.stop();
  }
}
