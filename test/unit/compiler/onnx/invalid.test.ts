/** Nodes that onnxruntime refuses are refused with H106, and not computed as something else. */
import { expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { ReferenceModel } from '../../../../training/onnxruntime.ts';
import { elementCount } from '../../../../ir/constant.ts';
import { floats, int64s, model, type ModelSpec, node } from '../../../support/onnx-builder.ts';
import { type Case, given, weights } from './cases/case.ts';
import { importModel } from './differential.ts';

const x = { x: [2, 4] };
const image = { x: [1, 2, 4, 4] };

const cases: readonly Case[] = [
  given('Gemm with a C that would widen the product', {
    inputs: { x: [2, 3] },
    nodes: [node('Gemm', 'x b c', 'y')],
    initializers: { b: weights(3, 1), c: weights(1, 4) },
  }),
  given('Gemm with a C that would lengthen the product', {
    inputs: { x: [1, 3] },
    nodes: [node('Gemm', 'x b c', 'y')],
    initializers: { b: weights(3, 4), c: weights(2, 4) },
  }),
  given('Gemm with a C of rank 3', {
    inputs: { x: [2, 3] },
    nodes: [node('Gemm', 'x b c', 'y')],
    initializers: { b: weights(3, 4), c: weights(1, 1, 4) },
  }),
  given('Split without sizes or num_outputs', {
    opset: 18,
    inputs: x,
    nodes: [node('Split', 'x', 'y z', { axis: 1 })],
  }),
  given('Split that does not come out even', {
    opset: 13,
    inputs: x,
    nodes: [node('Split', 'x', 'y z w', { axis: 1 })],
  }),
  given('PRelu with as many slopes in another shape', {
    inputs: x,
    nodes: [node('PRelu', 'x s', 'y')],
    initializers: { s: weights(4, 2) },
  }),
  given('GatherElements beyond the data', {
    inputs: x,
    nodes: [node('GatherElements', 'x i', 'y', { axis: 1 })],
    initializers: { i: int64s([3, 1], [0, 1, 2]) },
  }),
  given('Slice of an axis twice', {
    inputs: x,
    nodes: [node('Slice', 'x zeros ones axes', 'y')],
    initializers: { zeros: int64s([2], [0, 0]), ones: int64s([2], [1, 1]), axes: int64s([2], [1, -1]) },
  }),
  given('Concat without an axis', { inputs: x, nodes: [node('Concat', 'x x', 'y')] }),
  given('AveragePool with padding as wide as the window', {
    inputs: image,
    nodes: [node('AveragePool', 'x', 'y', { kernel_shape: [2, 2], pads: [2, 0, 0, 0] })],
  }),
  given('Resize by scales and to sizes', {
    inputs: image,
    nodes: [node('Resize', 'x _ scales sizes', 'y')],
    initializers: { scales: floats([4], [1, 1, 2, 2]), sizes: int64s([4], [1, 2, 8, 8]) },
  }),
  given('Resize by negative scales', {
    inputs: image,
    nodes: [node('Resize', 'x _ scales', 'y')],
    initializers: { scales: floats([4], [1, 1, -2, 2]) },
  }),
];

async function runs(spec: ModelSpec): Promise<boolean> {
  const feeds = Object.entries(spec.inputs).map(([name, shape]) => {
    return [name, new Float64Array(elementCount(shape.map(Number)))] as const;
  });
  try {
    const reference = await ReferenceModel.load(model(spec));
    await reference.run(new Map(feeds)).finally(() => reference.close());
    return true;
  } catch (error) {
    if (error instanceof HepcError) return false;
    throw error;
  }
}

function codesOf(spec: ModelSpec): string[] {
  try {
    importModel(model(spec));
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code }) => code);
    throw error;
  }
  return [];
}

test.each(cases.map(({ name, spec }) => [name, spec] as const))('%s', async (_, spec) => {
  expect(await runs(spec)).toBe(false);
  expect(codesOf(spec)).toEqual(['H106']);
});
