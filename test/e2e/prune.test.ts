/**
 * `hepc prune` and `hepc compile --prune` on example models: the pruned file is an ordinary model, its plan takes less and
 * computes what onnxruntime computes on it, and the same options give the same bytes.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type OnnxCompilation, compileOnnx } from '../../compiler/compile-onnx.ts';
import { ordersMetadataKey } from '../../compiler/onnx/metadata.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { loadSamples, prune } from '../../index.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { type CliResult, denseModel, runCli, sampleFile } from '../support/cli.ts';
import { mnistImages, modelBytes } from '../support/mnist.ts';
import { editMetadata } from '../support/prune-onnx.ts';
import { importModel, reference, relativeError, runEncrypted, simulate } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const models = join(import.meta.dirname, '..', '..', 'examples', 'models');
const samples = join(models, 'mnist-test256.npz');
const images = mnistImages();

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hepc-prune-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** As `hepc compile` does it, in the orders of the metadata. */
function compileFor(bytes: Uint8Array, goal: PrunedModel['goal']): OnnxCompilation {
  const source = { bytes, fileName: 'model.onnx', readExternal: () => undefined };
  return compileOnnx(source, { ...goal, samples: images });
}

const withoutOrders = (bytes: Uint8Array): Uint8Array =>
  editMetadata(bytes, ordersMetadataKey, () => JSON.stringify({ version: 1, orders: [] }));

interface PrunedModel {
  readonly name: string;
  readonly scheme: string;
  readonly sparsity: number;
  readonly goal: { readonly optimize: 'throughput'; readonly batch: number; readonly maxError: number };
}

const pruned: readonly PrunedModel[] = [
  {
    name: 'ae-784-64-784',
    scheme: 'P3T:Gl/T-Err',
    sparsity: 0.4,
    goal: { optimize: 'throughput', batch: 16, maxError: 0.001 },
  },
  {
    name: 'mlp-784-128-128-10',
    scheme: 'P4E:Gl/Dat/Wei:0.0625',
    sparsity: 0.9,
    goal: { optimize: 'throughput', batch: 16, maxError: 0.01 },
  },
];

describe.each(isNightly ? pruned : pruned.slice(0, 1))('$name by $scheme', ({ name, scheme, sparsity, goal }) => {
  const { optimize, batch, maxError } = goal;
  let run: CliResult;
  let onnx: Uint8Array;
  let after: OnnxCompilation;
  beforeAll(async () => {
    const file = at(`${name}.onnx`);
    const how = ['--scheme', scheme, '--sparsity', String(sparsity), '--epochs', '1', '--seed', '3'];
    const plan = ['--optimize', optimize, '--batch', String(batch), '--max-error', String(maxError)];
    run = await runCli('prune', join(models, `${name}.onnx`), '--data', samples, ...how, ...plan, '-o', file, '-q');
    onnx = readFileSync(file);
    after = compileFor(onnx, goal);
  });

  test('is a model in the order of the user, with policy and orders in its metadata', async () => {
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain(scheme);
    const { inputs, outputs, metadata } = importModel(onnx);
    const unpruned = importModel(modelBytes(name));
    expect({ inputs, outputs }).toEqual({ inputs: unpruned.inputs, outputs: unpruned.outputs });
    expect(metadata.get('hepc.policy')).toBe(`${scheme} at ${sparsity}`);
    const [some] = await reference(onnx, images.slice(0, 1));
    const [own] = await reference(modelBytes(name), images.slice(0, 1));
    expect([...(some ?? [])].map(([output, { length }]) => [output, length])).toEqual(
      [...(own ?? [])].map(([output, { length }]) => [output, length]),
    );
    expect(relativeError([some ?? new Map()], [own ?? new Map()])).toBeLessThan(1);
  });

  test('takes less than the unpruned model, and less than without the orders', () => {
    const before = compileFor(modelBytes(name), goal).plan.statistics;
    const { statistics } = after.plan;
    expect(statistics.weightTiles).toBeLessThanOrEqual((1 - 0.9 * Math.min(sparsity, 0.6)) * before.weightTiles);
    expect(statistics.inputCiphertexts).toBeLessThan(before.inputCiphertexts);
    expect(statistics.peakBytes).toBeLessThan(before.peakBytes);
    const unordered = compileFor(withoutOrders(onnx), goal);
    expect(statistics.weightTiles).toBeLessThan(unordered.plan.statistics.weightTiles);
    expect(after.chosen.cost).toBeLessThan(unordered.chosen.cost);
  });

  test('its plan computes what onnxruntime computes on the pruned file', async () => {
    const inputs = images.slice(0, 2 * batch);
    const expected = await reference(onnx, inputs);
    expect(relativeError(simulate(after.plan, inputs, 3), expected)).toBeLessThan(maxError);
    const encrypted = await runEncrypted(after.plan, inputs.slice(0, batch), 2);
    expect(relativeError(encrypted, expected.slice(0, batch))).toBeLessThan(maxError);
  });
});

test('the library prunes to the same bytes as the command line', async () => {
  const [{ name, scheme, sparsity, goal } = expect.fail()] = pruned;
  const data = loadSamples(readFileSync(samples), samples, importModel(modelBytes(name)).inputs);
  // A plan is named after its file.
  const model = { bytes: modelBytes(name), fileName: `${name}.onnx` };
  const { onnx, report } = await prune(model, {
    data,
    policy: scheme,
    sparsity,
    epochs: 1,
    seed: 3,
    compile: { ...goal, weights: 'plain' },
  });
  expect(Buffer.compare(onnx, readFileSync(at(`${name}.onnx`)))).toBe(0);
  expect(report.after.tiles).toBeLessThan(report.before.tiles);
});

test('orders that do not fit the model are refused', async () => {
  const onnx = readFileSync(at('ae-784-64-784.onnx'));
  const tampered: readonly (readonly [code: string, edit: (orders: string) => string])[] = [
    ['H355', () => '{'],
    ['H355', () => '{"version":2,"orders":[]}'],
    ['H356', (orders) => orders.replace('"rows:0"', '"rows:9"').replace('"input:input"', '"input:other"')],
    ['H357', (orders) => orders.replace(/\[(\d+),(\d+),/, '[$1,$1,')],
    ['H357', (orders) => orders.replace(/\[(\d+),/, '[')],
  ];
  for (const [code, edit] of tampered) {
    writeFileSync(at('tampered.onnx'), editMetadata(onnx, ordersMetadataKey, edit));
    const result = await runCli('compile', at('tampered.onnx'), '-o', at('tampered.hep'), '--calibrate', samples, '-q');
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain(code);
    expect(existsSync(at('tampered.hep'))).toBe(false);
  }
});

test('compile --prune gives the plan in one go, and its report shows the tiles', async () => {
  const plan = at('mlp.hep');
  const model = join(models, 'mlp-784-128-128-10.onnx');
  const how = ['--prune', 'P2T', '--sparsity', '0.5', '--epochs', '1', '--data', samples];
  const compiled = await runCli('compile', model, '-o', plan, ...how, '-q');
  expect(compiled).toMatchObject({ exitCode: 0, stderr: '' });
  expect(compiled.stdout).toMatch(/pruned +[\d.]+% of the time, accuracy/);
  const { pruning, statistics, client } = readHep(readFileSync(plan), plan);
  expect(pruning).toMatchObject({ policy: 'P2T:Gl/T-Err', sparsity: 0.5, after: { tiles: statistics.weightTiles } });
  expect(pruning?.after.tiles).toBeLessThan(pruning?.before.tiles ?? 0);
  expect(client.synthetic).toBe(false);
  const page = at('report.html');
  expect(await runCli('inspect', plan, '--html', page)).toMatchObject({ exitCode: 0, stderr: '' });
  const html = readFileSync(page, 'utf8');
  for (const part of ['id="tiles"', 'P2T:Gl/T-Err']) expect(html).toContain(part);
});

/** By costs of an engine that does not hoist the small network has several tiles. */
const by = { compile: { engine: 'seal-wasm' as const } };

function small() {
  const bytes = denseModel(2);
  return { bytes, data: loadSamples(sampleFile(64), 'x.npy', importModel(bytes).inputs) };
}

test('a scheme that saves nothing says so', async () => {
  const { bytes, data } = small();
  const codesOf = async (policy: string) => {
    const { warnings } = await prune(bytes, { ...by, data, policy, sparsity: 0.5, epochs: 0 });
    return warnings.map(({ code }) => code);
  };
  expect(await codesOf('P2:Gl/Rnd/Wei')).toContain('H378');
  expect(await codesOf('P2T')).not.toContain('H378');
});

describe('auto', () => {
  test('searches within the budget, and reports what it tried', async () => {
    const { bytes, data } = small();
    const steps: string[] = [];
    const onStep = (step: string): void => void steps.push(step);
    const found = await prune(bytes, { ...by, data, policy: 'auto', maxDegradation: 0.5, epochs: 1, onStep });
    expect(steps).toEqual(expect.arrayContaining(['recovering candidate 1', 'recovering candidate 2']));
    const { points, quality, before, after } = found.report;
    expect(points.filter(({ chosen }) => chosen)).toHaveLength(1);
    expect(points.find(({ chosen }) => chosen)?.quality).toBe(quality.recovered);
    expect(after.milliseconds).toBeLessThan(before.milliseconds);
  });

  test('a budget that nothing keeps', async () => {
    const { bytes, data } = small();
    const nothing = prune(bytes, { ...by, data, policy: 'auto', maxDegradation: 0, epochs: 0 });
    const error: unknown = await nothing.catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HepcError);
    expect(String(error)).toContain('H373');
  });
});
