/** The reference: how samples and batches reach onnxruntime, and how its faults come back. */
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { ReferenceModel } from '../../../../training/onnxruntime.ts';
import { elementType, externalFloats, model, node } from '../../../support/onnx-builder.ts';

const doubling = (batch: number | string, type: number = elementType.float) =>
  model({ inputs: { x: [batch, 2] }, types: { x: type, y: type }, nodes: [node('Add', 'x x', 'y')], outputs: ['y'] });

async function outputsOf(bytes: Uint8Array, samples: readonly number[][]): Promise<number[][]> {
  const reference = await ReferenceModel.load(bytes);
  try {
    const outputs = await reference.runBatch(samples.map((x) => new Map([['x', Float64Array.from(x)]])));
    return outputs.map((output) => Array.from(output.get('y') ?? []));
  } finally {
    await reference.close();
  }
}

describe('batches', () => {
  const samples = [
    [1, 2],
    [3, 4],
    [5, 6],
  ];
  const doubled = [
    [2, 4],
    [6, 8],
    [10, 12],
  ];

  test.each([
    ['a named batch axis', 'batch'],
    ['an unnamed batch axis', ''],
    ['a static first axis', 1],
  ])('%s', async (_, batch) => {
    expect(await outputsOf(doubling(batch), samples)).toEqual(doubled);
  });

  test('no samples', async () => {
    expect(await outputsOf(doubling('batch'), [])).toEqual([]);
  });
});

test.each([
  ['double', elementType.double],
  ['float16', elementType.float16],
])('inputs of %s', async (_, type) => {
  expect(await outputsOf(doubling('batch', type), [[0.25, -3]])).toEqual([[0.5, -6]]);
});

test.each([
  ['int64', elementType.int64],
  ['int32', elementType.int32],
])('inputs of %s', async (_, type) => {
  expect(await outputsOf(doubling('batch', type), [[7, -3]])).toEqual([[14, -6]]);
});

test('a sample that the type of an input does not hold is a diagnostic', async () => {
  await expect(outputsOf(doubling('batch', elementType.int32), [[0.5, 1]])).rejects.toThrow(
    'input "x" is of type int32, and a sample holds 0.5',
  );
  await expect(outputsOf(doubling('batch', elementType.int32), [[2 ** 40, 1]])).rejects.toThrow('H116');
});

test('external data', async () => {
  const bytes = model({
    inputs: { x: [2] },
    nodes: [node('Add', 'x w', 'y')],
    initializers: { w: externalFloats([2], { location: 'w.bin', offset: '4', length: '8' }) },
    outputs: ['y'],
  });
  const file = new Uint8Array(Float32Array.of(0, 10, 20).buffer);
  const reference = await ReferenceModel.load(bytes, new Map([['w.bin', file]]));
  const outputs = await reference.run(new Map([['x', Float64Array.of(1, 2)]]));
  await reference.close();
  expect(outputs.get('y')).toEqual(Float64Array.of(11, 22));
});

test('a model that onnxruntime refuses is a diagnostic', async () => {
  const load = ReferenceModel.load(new TextEncoder().encode('no model'));
  await expect(load).rejects.toThrow(HepcError);
  await expect(load).rejects.toThrow('H116');
});
