/**
 * What deep networks take: compiles classifiers of images and runs them encrypted, client and server in one process of one
 * thread, against onnxruntime and the labels.
 *
 *   npm run bench:networks -- SAMPLES.npz MODEL.onnx… [--max-error E] [--max-memory GIB] [--runs N] [--write]
 *
 * SAMPLES.npz has `x`, on which plans are calibrated, and the labels `y`; the first of them are run. With --write as a section
 * of `bench/depth.md`. Networks are made by `tools/train-resnets.py`; that of `examples/models/` takes a minute or two.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileGraph } from '../../compiler/compile.ts';
import { importOnnx } from '../../compiler/onnx/import.ts';
import type { Sample } from '../../ir/interface.ts';
import { loadSamples } from '../../runtime/samples.ts';
import { reference, relativeError } from '../../test/support/run-plans.ts';
import { circumstances, publishSections } from '../publish.ts';
import { type MeasuredNetwork, renderNetworks } from './render-networks.ts';
import { runInProcess } from './run-in-process.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'max-error': { type: 'string', default: '0.01' },
    'max-memory': { type: 'string' },
    runs: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const [samplesFile, ...models] = positionals;
if (samplesFile === undefined || models.length === 0) throw new Error('SAMPLES.npz and MODEL.onnx are missing');
const maxError = Number(values['max-error']);
const gibibytes = values['max-memory'];
const limits = gibibytes === undefined ? {} : { limits: { memoryBytes: Number(gibibytes) * 2 ** 30 } };

const measured: MeasuredNetwork[] = [];
for (const model of models) measured.push(await measure(model, samplesFile));
const load = `${(loadavg()[2] ?? 0).toFixed(0)} on ${availableParallelism()} cores`;
const section = renderNetworks(measured, { ...circumstances(), load });
await publishSections(join(import.meta.dirname, '..', 'depth.md'), [section], values.write);

async function measure(model: string, images: string): Promise<MeasuredNetwork> {
  const name = basename(model, '.onnx');
  process.stderr.write(`${name}\n`);
  const bytes = readFileSync(model);
  const graph = importOnnx({ bytes, fileName: model, readExternal: () => undefined });
  const [input] = graph.inputs;
  if (input === undefined || graph.outputs.length !== 1) throw new Error(`${model} has not one input and one output`);
  const { inputs, labels = [] } = loadSamples(readFileSync(images), images, [input]);
  const samples = (inputs.get(input.name) ?? []).map((image): Sample => new Map([[input.name, image]]));
  const before = process.cpuUsage();
  const compilation = compileGraph(graph, { samples, maxError, batch: 1, ...limits });
  const { user, system } = process.cpuUsage(before);
  const compileBytes = process.resourceUsage().maxRSS * 1024;
  const used = samples.slice(0, Number(values.runs));
  const figures = runInProcess(compilation.plan, used, input.name);
  const outputs = figures.outputs.map((scores) => Float64Array.from(scores));
  const [output] = graph.outputs;
  const got = outputs.map((scores): Sample => new Map([[output?.name ?? '', scores]]));
  const expected = await reference(bytes, used);
  const labelsOf = (answers: readonly Sample[]): number[] =>
    answers.map((answer) => [...answer.values()].flatMap((scores) => scores.indexOf(Math.max(...scores)))[0] ?? -1);
  const [own, models] = [labelsOf(got), labelsOf(expected)];
  return {
    name,
    plan: compilation.plan,
    estimatedMs: compilation.chosen.cost,
    compileCpuMs: (user + system) / 1000,
    compileBytes,
    figures,
    error: relativeError(got, expected),
    same: own.filter((label, k) => label === models[k]).length,
    right: own.filter((label, k) => label === labels[k]).length,
  };
}
