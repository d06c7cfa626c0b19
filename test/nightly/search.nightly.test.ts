/** How long the search takes, in seconds of the processor: examples, and networks of fifty layers. */
import { expect, test } from 'vitest';
import type { Compilation } from '../../compiler/compile.ts';
import { randomVector } from '../support/arbitrary-maps.ts';
import { exampleModels, mnistImages, modelBytes } from '../support/mnist.ts';
import { floats, model, node, type NodeSpec, type TensorSpec } from '../support/onnx-builder.ts';
import { compileBytes } from '../support/run-plans.ts';

function secondsOf(compile: () => Compilation): number {
  const before = process.cpuUsage();
  compile();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

test.each(exampleModels)('$name', ({ name, maxError }) => {
  const samples = mnistImages().slice(128);
  expect(secondsOf(() => compileBytes(modelBytes(name), { samples, maxError }))).toBeLessThan(5);
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
  expect(secondsOf(() => compileBytes(bytes, { samples, maxError: 0.02 }))).toBeLessThan(60);
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
  expect(secondsOf(() => compileBytes(bytes, { samples, maxError: 0.02 }))).toBeLessThan(60);
});
