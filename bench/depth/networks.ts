/**
 * What deep networks take: compiles classifiers of images and runs them encrypted, client and server in one process of one
 * thread, against onnxruntime and the labels.
 *
 *   npm run bench:networks -- SAMPLES.npz MODEL.onnx… [--max-error E] [--max-disagreement SHARE] [--max-memory GIB]
 *     [--runs N] [--write]
 *   npm run bench:networks -- --transformer [--max-error E] …
 *
 * SAMPLES.npz has `x`, on which plans are calibrated, and the labels `y`; the first of them are run. `--transformer`: a block of 16
 * tokens of width 64 with seeded weights, in place of files. With --write as a section
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
import { type MeasuredNetwork, type NetworksKind, renderNetworks } from './render-networks.ts';
import { runInProcess } from './run-in-process.ts';
import { transformerBlock } from './transformer-block.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'max-error': { type: 'string' },
    'max-disagreement': { type: 'string' },
    'max-memory': { type: 'string' },
    transformer: { type: 'boolean', default: false },
    runs: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const { 'max-error': maxError, 'max-disagreement': maxDisagreement, 'max-memory': gibibytes } = values;
const accuracy = {
  ...(maxError !== undefined && { maxError: Number(maxError) }),
  ...(maxDisagreement !== undefined && { maxDisagreement: Number(maxDisagreement) }),
};
const limits = gibibytes === undefined ? {} : { limits: { memoryBytes: Number(gibibytes) * 2 ** 30 } };

const measured: MeasuredNetwork[] = [];
for (const network of networks()) measured.push(await measure(network));
const load = `${(loadavg()[2] ?? 0).toFixed(0)} on ${availableParallelism()} cores`;
const section = renderNetworks(measured, { ...circumstances(), load, kind: kindOf() });
await publishSections(join(import.meta.dirname, '..', 'depth.md'), [section], values.write);

interface Network {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly samples: readonly Sample[];
  /** Of the samples, where they have any. */
  readonly labels?: ArrayLike<number>;
}

function* networks(): Generator<Network> {
  const [images, ...models] = positionals;
  if (values.transformer) yield { name: 'transformer block', ...transformerBlock({ tokens: 16, width: 64, heads: 4 }) };
  else if (images === undefined || models.length === 0) throw new Error('SAMPLES.npz and MODEL.onnx are missing');
  else for (const model of models) yield residualNetwork(model, images);
}

function kindOf(): NetworksKind {
  if (values.transformer) return 'transformer';
  return maxError === undefined && maxDisagreement !== undefined ? 'residual, by labels' : 'residual';
}

function residualNetwork(model: string, images: string): Network {
  const bytes = readFileSync(model);
  const [input] = importOnnx({ bytes, fileName: model, readExternal: () => undefined }).inputs;
  if (input === undefined) throw new Error(`${model} has no input`);
  const { inputs, labels } = loadSamples(readFileSync(images), images, [input]);
  const samples = (inputs.get(input.name) ?? []).map((image): Sample => new Map([[input.name, image]]));
  return { name: basename(model, '.onnx'), bytes, samples, ...(labels && { labels }) };
}

async function measure({ name, bytes, samples, labels = [] }: Network): Promise<MeasuredNetwork> {
  process.stderr.write(`${name}\n`);
  const graph = importOnnx({ bytes, fileName: name, readExternal: () => undefined });
  const [input] = graph.inputs;
  if (input === undefined || graph.outputs.length !== 1) throw new Error(`${name} has not one input and one output`);
  const before = process.cpuUsage();
  const compilation = compileGraph(graph, { samples, ...accuracy, batch: 1, ...limits });
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
    ...(labels.length > 0 && { right: own.filter((label, k) => label === labels[k]).length }),
  };
}
