/** Asks `hepc serve`, in a process of its own behind a line with a delay, as `hepc infer` does. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Answer, Sample } from '../../../ir/interface.ts';
import type { Plan } from '../../../ir/plan/plan.ts';
import { writeHep } from '../../../runtime/hep/write.ts';
import { RemoteModel } from '../../../runtime/remote/remote-model.ts';
import { startHepc } from '../../serve/hepc-process.ts';
import { cpuMilliseconds } from '../../serve/process-figures.ts';
import { type LineDelay, startDelayProxy } from './delay-proxy.ts';

export interface ServedFigures {
  /** Keys made and uploaded, and checked by the service. */
  readonly prepareMs: number;
  /** Of each sample: from encryption to the decrypted answer. */
  readonly answerMs: readonly number[];
  /** Of each sample: processor time of the service, with the process that evaluates. */
  readonly serviceCpuMs: readonly number[];
  /** Of a sample, whatever passes between client and service but heads of requests. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
  readonly answers: readonly Answer[];
}

/** Beside the plan with keys of one client. */
const spareGibibytes = 2;

/** Sample by sample, on one thread of the service, after one that is not measured: a service prepares plans when they are first asked for. */
export async function askService(plan: Plan, samples: readonly Sample[], delay: LineDelay): Promise<ServedFigures> {
  const folder = mkdtempSync(join(tmpdir(), 'hepc-refreshed-'));
  const file = join(folder, 'plan.hep');
  writeFileSync(file, writeHep(plan));
  const place = ['--store', join(folder, 'store'), '--listen', '127.0.0.1:0'];
  const memory = `${Math.ceil(plan.statistics.peakBytes / 2 ** 30) + spareGibibytes}GiB`;
  const service = await startHepc('serve', [file, ...place, '--threads', '1', '--memory', memory]);
  const proxy = await startDelayProxy(Number(new URL(service.url).port), delay);
  try {
    const model = await RemoteModel.open(`http://127.0.0.1:${proxy.port}`, 'plan');
    try {
      return await ask(model, samples, () => {
        const { server, evaluator } = cpuMilliseconds(service.pid);
        return server + evaluator;
      });
    } finally {
      await model.close();
    }
  } finally {
    await proxy.close();
    await service.stop('SIGTERM');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function ask(model: RemoteModel, samples: readonly Sample[], cpuMs: () => number): Promise<ServedFigures> {
  const [first, ...others] = samples.map((sample) => Object.fromEntries(sample));
  if (first === undefined) throw new Error('there is nothing to ask');
  const begun = performance.now();
  await model.prepare();
  const prepareMs = performance.now() - begun;
  await model.infer([first]);
  const [answerMs, serviceCpuMs]: [number[], number[]] = [[], []];
  const answers: Answer[] = [];
  for (const sample of [first, ...others]) {
    const [start, before] = [performance.now(), cpuMs()];
    answers.push(...(await model.infer([sample])));
    answerMs.push(performance.now() - start);
    serviceCpuMs.push(cpuMs() - before);
    process.stderr.write(`  ${((answerMs.at(-1) ?? 0) / 1000).toFixed(1)} s over the service\n`);
  }
  return { prepareMs, answerMs, serviceCpuMs, ...model.lastTraffic, answers };
}
