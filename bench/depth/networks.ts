/**
 * What deep networks take: compiles classifiers of images and runs them encrypted, client and server in one process of one
 * thread, against onnxruntime and the labels.
 *
 *   npm run bench:networks -- SAMPLES.npz MODEL.onnx… [--max-error E] [--max-disagreement SHARE] [--max-memory GIB]
 *     [--refresh client] [--rings N,…] [--optimize GOAL] [--weight-memory GIB] [--runs N] [--write]
 *   npm run bench:networks -- --transformer [--max-error E] …
 *
 * SAMPLES.npz has `x`, on which plans are calibrated, and the labels `y`; the first of them are run. `--transformer`: a block of 16
 * tokens of width 64 with seeded weights, in place of files. `--rings`: a plan of each of these rings, in place of the best of all.
 * `--weight-memory`: of encoded weights, in place of the engine's 1.5 GiB.
 * `--refresh client`: plans that their client refreshes, which are also asked over `hepc serve` behind a line with a delay.
 * With --write as a section of `bench/depth.md`. Networks are made by `tools/train-resnets.py`; that of `examples/models/` takes
 * a minute or two.
 */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { compileGraph, compileNetwork } from '../../compiler/compile.ts';
import type { Compilation } from '../../compiler/network-plans.ts';
import { type ImportedModel, importOnnx } from '../../compiler/onnx/import.ts';
import { configurationsFor } from '../../compiler/search/configurations.ts';
import { type CompileOptions, settingsOf } from '../../compiler/settings.ts';
import { exactNetwork } from '../../compiler/simplify.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../ir/interface.ts';
import { errorUnit } from '../../ir/maths/error-unit.ts';
import { type Objective, objectives } from '../../ir/plan/search-report.ts';
import { loadSamples } from '../../runtime/samples.ts';
import { reference, relativeError, simulate } from '../../test/support/run-plans.ts';
import { circumstances, publishSections } from '../publish.ts';
import { askService } from './refreshed/ask-service.ts';
import { lineDelay, type MeasuredRefreshes, renderRefreshes } from './refreshed/render.ts';
import { type MeasuredNetwork, type NetworksKind, renderNetworks } from './render-networks.ts';
import { runInProcess } from './run-in-process.ts';
import { transformerBlock } from './transformer-block.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'max-error': { type: 'string' },
    'max-disagreement': { type: 'string' },
    'max-memory': { type: 'string' },
    'weight-memory': { type: 'string' },
    transformer: { type: 'boolean', default: false },
    refresh: { type: 'string', default: 'none' },
    rings: { type: 'string' },
    optimize: { type: 'string', default: 'latency' },
    runs: { type: 'string', default: '2' },
    write: { type: 'boolean', default: false },
  },
});
const { 'max-error': maxError, 'max-disagreement': maxDisagreement, 'max-memory': gibibytes } = values;
const accuracy = {
  ...(maxError !== undefined && { maxError: Number(maxError) }),
  ...(maxDisagreement !== undefined && { maxDisagreement: Number(maxDisagreement) }),
};
const weightGibibytes = values['weight-memory'];
const weightBytes = weightGibibytes === undefined ? undefined : Number(weightGibibytes) * 2 ** 30;
const limits = gibibytes === undefined ? {} : { limits: { memoryBytes: Number(gibibytes) * 2 ** 30 } };

if (values.refresh !== 'none' && values.refresh !== 'client') throw new Error('--refresh is none or client');
const refreshed = values.refresh === 'client';
const goal = goalOf(values.optimize);
/** Undefined where the search may take any. */
const rings = values.rings?.split(',').map(Number) ?? [undefined];

const measured: MeasuredNetwork[] = [];
const answered: MeasuredRefreshes[] = [];
for (const network of networks())
  for (const ring of rings) {
    const found = await measure(network, ring);
    if (refreshed) answered.push(await overService(found));
    else measured.push(found.network);
  }
const load = `${(loadavg()[2] ?? 0).toFixed(0)} on ${availableParallelism()} cores`;
const setting = { ...circumstances(), load, weightGibibytes };
const section = refreshed
  ? renderRefreshes(answered, { ...setting, options: refreshOptions() })
  : renderNetworks(measured, { ...setting, kind: kindOf() });
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

/** Which plans these are, as the command line has it. */
function refreshOptions(): string {
  const ofRings = values.rings === undefined ? '' : ` --rings ${values.rings}`;
  const ofError = maxError === undefined ? '' : ` --max-error ${maxError}`;
  return `--refresh client${ofRings} --optimize ${goal}${ofError} --runs ${values.runs}`;
}

function residualNetwork(model: string, images: string): Network {
  const bytes = readFileSync(model);
  const [input] = importOnnx({ bytes, fileName: model, readExternal: () => undefined }).inputs;
  if (input === undefined) throw new Error(`${model} has no input`);
  const { inputs, labels } = loadSamples(readFileSync(images), images, [input]);
  const samples = (inputs.get(input.name) ?? []).map((image): Sample => new Map([[input.name, image]]));
  return { name: basename(model, '.onnx'), bytes, samples, ...(labels && { labels }) };
}

interface Measured {
  readonly network: MeasuredNetwork;
  /** What was run, and what the model says of it. */
  readonly used: readonly Sample[];
  readonly expected: readonly Sample[];
  readonly unit: number;
}

async function measure({ name, bytes, samples, labels = [] }: Network, ring: number | undefined): Promise<Measured> {
  process.stderr.write(`${name}\n`);
  const graph = importOnnx({ bytes, fileName: name, readExternal: () => undefined });
  const [[input], [output]] = [graph.inputs, graph.outputs];
  if (input === undefined || output === undefined || graph.outputs.length !== 1)
    throw new Error(`${name} has not one input and one output`);
  const before = process.cpuUsage();
  const refresh = refreshed ? 'client' : 'none';
  const { plan, chosen } = compileOn(ring, graph, {
    samples,
    ...accuracy,
    batch: 1,
    refresh,
    optimize: goal,
    ...limits,
  });
  const { user, system } = process.cpuUsage(before);
  const compileBytes = process.resourceUsage().maxRSS * 1024;
  const used = samples.slice(0, Number(values.runs));
  const figures = runInProcess(plan, used, input.name, weightBytes);
  const got = figures.outputs.map((scores): Sample => new Map([[output.name, Float64Array.from(scores)]]));
  const all = await reference(bytes, samples);
  const expected = all.slice(0, used.length);
  const unit = errorUnit(all.map((answer) => [...answer.values()]));
  return {
    network: {
      name,
      plan,
      estimatedMs: chosen.measures.milliseconds,
      compileCpuMs: (user + system) / 1000,
      compileBytes,
      figures,
      error: relativeError(got, expected, unit),
      same: sameLabels(got, expected),
      ...(labels.length > 0 && { right: labelsOf(got).filter((label, k) => label === labels[k]).length }),
    },
    ...{ used, expected, unit },
  };
}

function goalOf(name: string): Objective {
  const goal = objectives.find((each) => each === name);
  if (goal === undefined) throw new Error(`--optimize is one of ${objectives.join(', ')}`);
  return goal;
}

/** The best plan, of all rings or of one. */
function compileOn(ring: number | undefined, graph: ImportedModel, options: CompileOptions): Compilation {
  if (ring === undefined) return compileGraph(graph, options);
  const settings = settingsOf(options);
  const configurations = configurationsFor(settings.goal, settings.profile).filter(({ degree }) => degree === ring);
  const found = compileNetwork(exactNetwork(graph, settings), settings, configurations);
  if ('refused' in found) throw new HepcError(found.refused);
  return found;
}

async function overService({ network, used, expected, unit }: Measured): Promise<MeasuredRefreshes> {
  const { plan } = network;
  const served = await askService(plan, used, lineDelay);
  const got = served.answers.map(
    (answer): Sample => new Map([...answer].map(([name, y]) => [name, Float64Array.from(y as Float64Array)])),
  );
  return {
    ...network,
    simulatedError: relativeError(simulate(plan, used, 1), expected, unit),
    served: { ...served, error: relativeError(got, expected, unit), same: sameLabels(got, expected) },
  };
}

function labelsOf(answers: readonly Sample[]): number[] {
  return answers.map(
    (answer) => [...answer.values()].flatMap((scores) => scores.indexOf(Math.max(...scores)))[0] ?? -1,
  );
}

function sameLabels(got: readonly Sample[], expected: readonly Sample[]): number {
  const models = labelsOf(expected);
  return labelsOf(got).filter((label, k) => label === models[k]).length;
}
