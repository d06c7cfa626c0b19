/**
 * How much the search does: examples, and networks of fifty layers. States of the layout search and programs that are
 * lowered are counted, because they are what takes its time; the seconds of the processor are reported.
 */
import { expect, test } from 'vitest';
import type { Compilation } from '../../compiler/network-plans.ts';
import { randomVector } from '../support/arbitrary-maps.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../support/onnx-builder.ts';
import { compileBytes } from '../support/run-plans.ts';

/** States of the layout search over all configurations, and programs that were lowered. */
interface SearchWork {
  readonly states: number;
  readonly lowered: number;
}

function workOf(name: string, compile: () => Compilation): SearchWork {
  const before = process.cpuUsage();
  const { search } = compile().plan;
  const { user, system } = process.cpuUsage(before);
  if (search === undefined) throw new Error('the plan has no report');
  const states = search.configurations.reduce((sum, configuration) => sum + configuration.states, 0);
  const lowered = search.candidates.filter(({ measures }) => measures !== undefined).length;
  console.log(
    `${name}: ${states} states, ${lowered} programs, ${((user + system) / 1e6).toFixed(1)} s of the processor`,
  );
  return { states, lowered };
}

function expectAtMost(work: SearchWork, { states, lowered }: SearchWork): void {
  expect(work.states).toBeLessThanOrEqual(states);
  expect(work.lowered).toBeLessThanOrEqual(lowered);
}

// Some third more than they take now.
test.each(exampleModels)('$name', ({ name, maxError }) => {
  const samples = mnistImages().slice(128);
  expectAtMost(
    workOf(name, () => compileBytes(modelBytes(name), { samples, maxError })),
    { states: 300, lowered: 8 },
  );
});

function weights(dims: readonly number[], fanIn: number, seed: number): TensorSpec {
  const size = dims.reduce((product, extent) => product * extent, 1);
  return floats(
    dims,
    randomVector(size, seed).map((x) => x * Math.sqrt(3 / fanIn)),
  );
}

/** Branches of two linear layers with a square between, which are summed up one after another. */
function branches(count: number, layer: (k: number, x: string, y: string, first: boolean) => NodeSpec): NodeSpec[] {
  return Array.from({ length: count }, (_, k) => [
    layer(k, 'x', `h${k}`, true),
    node('Mul', `h${k} h${k}`, `s${k}`),
    layer(k, `s${k}`, `o${k}`, false),
    ...(k === 0 ? [] : [node('Add', `${k === 1 ? 'o0' : `t${k - 1}`} o${k}`, `t${k}`)]),
  ]).flat();
}

test('fifty dense layers and sums', () => {
  const initializers: Record<string, TensorSpec> = {};
  const nodes = branches(13, (k, x, y, first) => {
    const [rows, columns] = first ? [48, 64] : [10, 48];
    initializers[`w${y}`] = weights([rows, columns], columns, k);
    return node('Gemm', `${x} w${y}`, y, { transB: 1 });
  });
  expect(nodes.length).toBeGreaterThanOrEqual(50);
  const bytes = model({ inputs: { x: ['batch', 64] }, outputs: ['t12'], nodes, initializers });
  const samples = Array.from({ length: 16 }, (_, k) => new Map([['x', randomVector(64, k)]]));
  expectAtMost(
    workOf('dense', () => compileBytes(bytes, { samples, maxError: 0.02 })),
    { states: 16_000, lowered: 8 },
  );
});

test('fifty convolutions and sums', () => {
  const initializers: Record<string, TensorSpec> = {};
  const nodes = branches(13, (k, x, y, first) => {
    const channels = first ? 1 : 4;
    initializers[`w${y}`] = weights([4, channels, 3, 3], 9 * channels, k);
    return node('Conv', `${x} w${y}`, y, { kernel_shape: [3, 3], pads: [1, 1, 1, 1] });
  });
  nodes.push(node('Flatten', 't12', 'f'), node('MatMul', 'f wd', 'y'));
  initializers['wd'] = weights([4 * 12 * 12, 10], 576, 99);
  const bytes = model({ inputs: { x: ['batch', 1, 12, 12] }, outputs: ['y'], nodes, initializers });
  const samples = Array.from({ length: 16 }, (_, k) => new Map([['x', randomVector(144, k)]]));
  expectAtMost(
    workOf('convolutions', () => compileBytes(bytes, { samples, maxError: 0.02 })),
    { states: 100_000, lowered: 8 },
  );
});
