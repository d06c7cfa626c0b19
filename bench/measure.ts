/** Measures one model, each step in a process of its own: so that memory is that of the step alone. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type Accuracy, measureAccuracy } from '../cli/accuracy.ts';
import { readHep } from '../runtime/hep/read.ts';
import { type PlanStatistics } from '../ir/plan/plan.ts';
import { ReferenceModel } from '../runtime/onnxruntime.ts';
import { listSamples, loadSamples } from '../runtime/samples.ts';
import type { BenchModel } from './models.ts';

const root = join(import.meta.dirname, '..');
const modelFolder = join(root, 'examples', 'models');
const imageFile = join(modelFolder, 'mnist-test256.npz');

const runReport = z.object({
  keygenMs: z.number(),
  prepareMs: z.number(),
  encryptMs: z.number(),
  evaluateMs: z.number(),
  evaluateMsByRun: z.array(z.number()),
  decryptMs: z.number(),
  peakRssBytes: z.number(),
  outputs: z.record(z.string(), z.array(z.array(z.number()))),
});
type RunReport = z.output<typeof runReport>;

const serverReport = z.object({ beforeBytes: z.number(), peakBytes: z.number() });

export interface Measurement {
  readonly model: BenchModel;
  readonly compileMs: number;
  readonly statistics: PlanStatistics;
  readonly accuracy: Accuracy;
  /** By number of threads. */
  readonly runs: ReadonlyMap<number, RunReport>;
  /** Resident memory of a server above what was in use before loading. */
  readonly serverBytes: number;
}

/** Compiles with all images as calibration samples, and runs the first `images`. */
export async function measure(
  model: BenchModel,
  folder: string,
  { threads, images }: { threads: readonly number[]; images: number },
): Promise<Measurement> {
  const onnxFile = join(modelFolder, `${model.name}.onnx`);
  const planFile = join(folder, `${model.name}.hep`);
  const start = performance.now();
  hepc(['compile', onnxFile, '-o', planFile, '--calibrate', imageFile, '--max-error', String(model.maxError)]);
  const compileMs = performance.now() - start;
  const plan = readHep(readFileSync(planFile), planFile);
  const runs = new Map<number, RunReport>();
  for (const count of threads) {
    const args = [
      'run',
      planFile,
      '--input',
      imageFile,
      '--limit',
      String(images),
      '--threads',
      String(count),
      '--json',
    ];
    runs.set(count, runReport.parse(JSON.parse(hepc(args))));
  }
  const samples = listSamples(loadSamples(readFileSync(imageFile), imageFile, plan.client.inputs)).slice(0, images);
  const reference = await ReferenceModel.load(readFileSync(onnxFile));
  const expected = await reference.runBatch(samples);
  await reference.close();
  const [first] = runs.values();
  const got = samples.map(
    (_, k) =>
      new Map(Object.entries(first?.outputs ?? {}).map(([name, values]) => [name, Float64Array.from(values[k] ?? [])])),
  );
  const serverBytes = measureServer(planFile, folder);
  return { model, compileMs, statistics: plan.statistics, accuracy: measureAccuracy(got, expected), runs, serverBytes };
}

/** Bytes that a server takes above what was in use before it loaded keys and weights. */
function measureServer(planFile: string, folder: string): number {
  const keys = join(folder, 'keys');
  const inputs = join(folder, 'in.ct');
  hepc(['keygen', planFile, '-o', keys, '--force']);
  hepc(['encrypt', planFile, '--keys', keys, '--input', imageFile, '--limit', '1', '-o', inputs]);
  const script = join(import.meta.dirname, 'server-memory.ts');
  const printed = run([script, planFile, join(keys, 'eval.keys'), inputs]);
  const { beforeBytes, peakBytes } = serverReport.parse(JSON.parse(printed));
  return peakBytes - beforeBytes;
}

function hepc(args: readonly string[]): string {
  return run([join(root, 'cli', 'main.ts'), ...args]);
}

/** Standard output of a program, which has to succeed. */
function run(args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [...process.execArgv, ...args], {
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status ?? 'a signal'}:\n${stderr}`);
  return stdout;
}
