/**
 * `hepc prune` and `hepc compile --prune` on small networks, at night also on example models: the pruned file is an
 * ordinary model, its plan takes less and computes what onnxruntime computes on it; the same options give the same bytes in the library, at night.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import { type OnnxCompilation, compileOnnx } from '../../compiler/compile-onnx.ts';
import { ordersMetadataKey } from '../../compiler/onnx/metadata.ts';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../ir/interface.ts';
import { loadSamples, prune } from '../../index.ts';
import { readHep } from '../../runtime/hep/read.ts';
import { listSamples } from '../../runtime/samples.ts';
import { randomVector } from '../support/arbitrary-maps.ts';
import { type CliResult, denseModel, runCli, sampleFile } from '../support/cli.ts';
import { modelBytes } from '../support/mnist.ts';
import { floats, model, node } from '../support/onnx-builder.ts';
import { editMetadata } from '../support/prune-onnx.ts';
import { importModel, reference, relativeError, runEncrypted, simulate } from '../support/run-plans.ts';
import { isNightly } from '../support/setup/suite.ts';

const digits = readFileSync(join(import.meta.dirname, '..', '..', 'examples', 'models', 'mnist-test256.npz'));

let folder: string;
const at = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hepc-prune-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** As `hepc compile` does it, in the orders of the metadata. */
function compileFor(bytes: Uint8Array, { goal, samples }: PrunedModel): OnnxCompilation {
  const source = { bytes, fileName: 'model.onnx', readExternal: () => undefined };
  return compileOnnx(source, { ...goal, samples: samplesIn(samples, bytes) });
}

function samplesIn({ name, bytes }: SampleFile, model: Uint8Array): Sample[] {
  return listSamples(loadSamples(bytes, name, importModel(model).inputs));
}

const withoutOrders = (bytes: Uint8Array): Uint8Array =>
  editMetadata(bytes, ordersMetadataKey, () => JSON.stringify({ version: 1, orders: [] }));

interface SampleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

interface PrunedModel {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly samples: SampleFile;
  readonly scheme: string;
  readonly sparsity: number;
  readonly goal: { readonly optimize: 'throughput'; readonly batch: number; readonly maxError: number };
}

/** 256-64-64 with a square between, which has some hundred tiles. */
function squares(): Uint8Array {
  const weights = (rows: number, columns: number) =>
    floats(
      [rows, columns],
      randomVector(rows * columns, rows + 2 * columns).map((x) => x / Math.sqrt(columns)),
    );
  return model({
    inputs: { x: ['n', 256] },
    outputs: ['y'],
    nodes: [
      node('Gemm', 'x w1 b1', 'h', { transB: 1 }),
      node('Mul', 'h h', 's'),
      node('Gemm', 's w2 b2', 'y', { transB: 1 }),
    ],
    initializers: { w1: weights(64, 256), b1: weights(1, 64), w2: weights(64, 64), b2: weights(1, 64) },
  });
}

const ofDigits = (name: string) => ({
  name,
  bytes: modelBytes(name),
  samples: { name: 'digits.npz', bytes: digits },
});

const pruned: readonly PrunedModel[] = [
  {
    name: 'squares',
    bytes: squares(),
    samples: { name: 'x.npy', bytes: sampleFile(64, { width: 256 }) },
    scheme: 'P3T:Gl/T-Err',
    sparsity: 0.6,
    goal: { optimize: 'throughput', batch: 64, maxError: 0.001 },
  },
  {
    ...ofDigits('ae-784-64-784'),
    scheme: 'P3T:Gl/T-Err',
    sparsity: 0.4,
    goal: { optimize: 'throughput', batch: 16, maxError: 0.001 },
  },
  {
    ...ofDigits('mlp-784-128-128-10'),
    scheme: 'P4E:Gl/Dat/Wei:0.0625',
    sparsity: 0.9,
    goal: { optimize: 'throughput', batch: 16, maxError: 0.01 },
  },
];

const chosen = isNightly ? pruned : pruned.slice(0, 1);

describe.each(chosen)('$name by $scheme', (each) => {
  const { name, bytes, scheme, sparsity, goal } = each;
  const { optimize, batch, maxError } = goal;
  const samples = samplesIn(each.samples, bytes);
  let run: CliResult;
  let onnx: Uint8Array;
  let after: OnnxCompilation;
  beforeAll(async () => {
    const [whole, file, data] = [at(`${name}.whole.onnx`), at(`${name}.onnx`), at(each.samples.name)];
    writeFileSync(whole, bytes);
    writeFileSync(data, each.samples.bytes);
    const how = ['--scheme', scheme, '--sparsity', String(sparsity), '--epochs', '1', '--seed', '3'];
    const plan = ['--optimize', optimize, '--batch', String(batch), '--max-error', String(maxError)];
    run = await runCli('prune', whole, '--data', data, ...how, ...plan, '-o', file, '-q');
    onnx = readFileSync(file);
    after = compileFor(onnx, each);
  });

  test('is a model in the order of the user, with policy and orders in its metadata', async () => {
    expect(run).toMatchObject({ exitCode: 0, stderr: '' });
    expect(run.stdout).toContain(scheme);
    const { inputs, outputs, metadata } = importModel(onnx);
    const unpruned = importModel(bytes);
    expect({ inputs, outputs }).toEqual({ inputs: unpruned.inputs, outputs: unpruned.outputs });
    expect(metadata.get('hepc.policy')).toBe(`${scheme} at ${sparsity}`);
    const [some] = await reference(onnx, samples.slice(0, 1));
    const [own] = await reference(bytes, samples.slice(0, 1));
    expect([...(some ?? [])].map(([output, { length }]) => [output, length])).toEqual(
      [...(own ?? [])].map(([output, { length }]) => [output, length]),
    );
    expect(relativeError([some ?? new Map()], [own ?? new Map()])).toBeLessThan(1);
  });

  test('takes less than the unpruned model, and less than without the orders', () => {
    const unpruned = compileFor(bytes, each);
    const before = unpruned.plan.statistics;
    const { statistics } = after.plan;
    expect(statistics.weightTiles).toBeLessThanOrEqual((1 - 0.9 * Math.min(sparsity, 0.6)) * before.weightTiles);
    // Fewer ciphertexts or fewer rotations: whichever is cheaper.
    expect(after.chosen.cost).toBeLessThan(0.75 * unpruned.chosen.cost);
    expect(statistics.inputCiphertexts).toBeLessThanOrEqual(before.inputCiphertexts);
    expect(statistics.rotations).toBeLessThan(before.rotations);
    expect(statistics.peakBytes).toBeLessThan(before.peakBytes);
    const unordered = compileFor(withoutOrders(onnx), each);
    expect(statistics.weightTiles).toBeLessThan(unordered.plan.statistics.weightTiles);
    expect(after.chosen.cost).toBeLessThan(unordered.chosen.cost);
  });

  test('its plan computes what onnxruntime computes on the pruned file', async () => {
    const inputs = samples.slice(0, Math.max(32, batch));
    const expected = await reference(onnx, inputs);
    expect(relativeError(simulate(after.plan, inputs, 3), expected)).toBeLessThan(maxError);
    if (!isNightly) return;
    const encrypted = await runEncrypted(after.plan, inputs.slice(0, batch), 2);
    expect(relativeError(encrypted, expected.slice(0, batch))).toBeLessThan(maxError);
  });
});

if (isNightly)
  test.each(chosen.slice(0, 2))('the library prunes $name to the same bytes as the command line', async (each) => {
    const { name, bytes, samples, scheme, sparsity, goal } = each;
    // A plan is named after its file.
    const source = { bytes, fileName: `${name}.whole.onnx` };
    const { onnx, report } = await prune(source, {
      data: loadSamples(samples.bytes, samples.name, importModel(bytes).inputs),
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
  const onnx = readFileSync(at('squares.onnx'));
  const tampered: readonly (readonly [code: string, edit: (orders: string) => string])[] = [
    ['H355', () => '{'],
    ['H355', () => '{"version":2,"orders":[]}'],
    ['H356', (orders) => orders.replace('"rows:0"', '"rows:9"').replace('"input:x"', '"input:other"')],
    ['H357', (orders) => orders.replace(/\[(\d+),(\d+),/, '[$1,$1,')],
    ['H357', (orders) => orders.replace(/\[(\d+),/, '[')],
  ];
  for (const [code, edit] of tampered) {
    writeFileSync(at('tampered.onnx'), editMetadata(onnx, ordersMetadataKey, edit));
    const args = ['compile', at('tampered.onnx'), '-o', at('tampered.hep'), '--calibrate', at('x.npy'), '-q'];
    const result = await runCli(...args);
    expect(result).toMatchObject({ exitCode: 1, stdout: '' });
    expect(result.stderr).toContain(code);
    expect(existsSync(at('tampered.hep'))).toBe(false);
  }
});

const inOneGo = chosen.filter(({ name }) => name === 'squares' || name.startsWith('mlp'));

test.each(inOneGo)(
  'compile --prune gives the plan of $name in one go, and its report shows the tiles',
  async (each) => {
    const [whole, data, plan] = [at('one-go.onnx'), at(each.samples.name), at('one-go.hep')];
    writeFileSync(whole, each.bytes);
    writeFileSync(data, each.samples.bytes);
    const how = ['--prune', 'P2T', '--sparsity', '0.5', '--epochs', '1', '--data', data];
    const compiled = await runCli('compile', whole, '-o', plan, ...how, '-q');
    expect(compiled).toMatchObject({ exitCode: 0, stderr: '' });
    expect(compiled.stdout).toMatch(/pruned +[\d.]+% of the time, /);
    const { pruning, statistics, client } = readHep(readFileSync(plan), plan);
    expect(pruning).toMatchObject({ policy: 'P2T:Gl/T-Err', sparsity: 0.5, after: { tiles: statistics.weightTiles } });
    expect(pruning?.after.tiles).toBeLessThan(pruning?.before.tiles ?? 0);
    expect(client.synthetic).toBe(false);
    const page = at('report.html');
    expect(await runCli('inspect', plan, '--html', page)).toMatchObject({ exitCode: 0, stderr: '' });
    const html = readFileSync(page, 'utf8');
    for (const part of ['id="tiles"', 'P2T:Gl/T-Err']) expect(html).toContain(part);
  },
);

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
  if (isNightly) expect(await codesOf('P2T')).not.toContain('H378');
});

// The search itself is in test/unit/pruning/auto.test.ts, and its refusal on the command line in prune-bad-input.test.ts.
if (isNightly)
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
