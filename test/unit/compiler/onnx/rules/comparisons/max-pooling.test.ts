/** How large pools are computed, and which are refused. */
import { expect, test } from 'vitest';

import { HepcError } from '../../../../../../ir/diagnostics/diagnostic.ts';
import { model, node, type NodeSpec } from '../../../../../support/onnx-builder.ts';
import { importModel } from '../../differential.ts';

function pooled(extent: number, pool: NodeSpec) {
  return importModel(model({ inputs: { x: ['batch', 1, extent, extent] }, nodes: [pool], outputs: ['y'] }));
}

function refusal(run: () => unknown): readonly string[] {
  try {
    run();
    return [];
  } catch (error) {
    if (!(error instanceof HepcError)) throw error;
    return error.diagnostics.map(({ code, message }) => `${code} ${message}`);
  }
}

test('a window of nine takes four comparisons one after another, and one of four takes two', () => {
  const activations = (size: number): number =>
    pooled(6, node('MaxPool', 'x', 'y', { kernel_shape: [size, size], strides: [size, size] })).module.nodes.filter(
      ({ op }) => op === 'activation',
    ).length;
  expect([activations(2), activations(3)]).toEqual([2, 4]);
});

test('a pool that tells places, and one over too many values', () => {
  const indices = node('MaxPool', 'x', 'y i', { kernel_shape: [2, 2] });
  expect(refusal(() => pooled(4, indices))).toEqual(['H105 MaxPool tells where the largest elements are']);
  expect(refusal(() => pooled(17, node('GlobalMaxPool', 'x', 'y')))).toEqual([
    'H105 the maximum of 289 encrypted values is asked for',
  ]);
  expect(refusal(() => pooled(4, node('MaxPool', 'x', 'y', { kernel_shape: [2] })))).toEqual([
    'H106 kernel_shape [2] for an operand of 2 spatial axes',
  ]);
});
