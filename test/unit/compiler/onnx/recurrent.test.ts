/** Recurrent layers beyond what onnxruntime runs: rows before steps, what is refused, and weights that exist once. */
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { int32s, model, type ModelSpec, node, type NodeSpec } from '../../../support/onnx-builder.ts';
import { weights } from './cases/case.ts';
import { importModel } from './differential.ts';

const [steps, rows, inputs, hidden] = [3, 2, 4, 2];

function lstm(attributes: NodeSpec['attributes'] = {}, operands = 'x w r b', x = [steps, rows, inputs]): ModelSpec {
  return {
    inputs: { x },
    nodes: [node('LSTM', operands, 'y h c', { hidden_size: hidden, ...attributes })],
    initializers: {
      w: weights(1, 4 * hidden, inputs),
      r: weights(1, 4 * hidden, hidden),
      b: weights(1, 8 * hidden),
      short: int32s([2], [steps, steps - 1]),
      narrow: weights(1, 4 * hidden, 3),
    },
    outputs: ['y', 'h', 'c'],
  };
}

test('layout 1 is layout 0 with rows first', () => {
  const x = Float64Array.from({ length: steps * rows * inputs }, (_, i) => Math.sin(i));
  const rowsFirst = Float64Array.from({ length: x.length }, (_, i) => {
    const [row, rest] = [Math.floor(i / (steps * inputs)), i % (steps * inputs)];
    return x[(Math.floor(rest / inputs) * rows + row) * inputs + (rest % inputs)] ?? NaN;
  });
  const first = evaluateTensor(importModel(model(lstm())).module, new Map([['x', x]]));
  const spec = lstm({ layout: 1 }, 'x w r b', [rows, steps, inputs]);
  const imported = importModel(model(spec));
  expect(imported.outputs.map(({ shape }) => shape)).toEqual([
    [rows, steps, 1, hidden],
    [rows, 1, hidden],
    [rows, 1, hidden],
  ]);
  const second = evaluateTensor(imported.module, new Map([['x', rowsFirst]]));
  expect(second.get('h')).toEqual(first.get('h'));
  expect(second.get('c')).toEqual(first.get('c'));
  const [y, z] = [first.get('y') ?? [], second.get('y') ?? []];
  for (let t = 0; t < steps; t++)
    for (let n = 0; n < rows; n++)
      for (let j = 0; j < hidden; j++) expect(z[(n * steps + t) * hidden + j]).toBe(y[(t * rows + n) * hidden + j]);
});

test('a batch before the steps is a batch', () => {
  const { inputs: found, outputs } = importModel(
    model({ ...lstm({ layout: 1 }), inputs: { x: ['batch', steps, inputs] } }),
  );
  expect(found).toEqual([{ name: 'x', shape: [steps, inputs], hasBatchAxis: true }]);
  expect(outputs.map(({ shape, batchAxis }) => [shape, batchAxis])).toEqual([
    [[steps, 1, hidden], undefined],
    [[1, hidden], undefined],
    [[1, hidden], undefined],
  ]);
});

test('all steps share their weights', () => {
  const { module } = importModel(model(lstm({}, 'x w r b', [9, 1, inputs])));
  const matrices = module.nodes.flatMap((each) => (each.op === 'dense' ? [each.attrs.weights.values] : []));
  expect(matrices.length).toBeGreaterThan(8 * 7);
  expect(new Set(matrices).size).toBe(8);
});

describe('refused', () => {
  test.each([
    ['sequences that are shorter', lstm({}, 'x w r b short'), 'H105'],
    ['an activation without a polynomial', lstm({ activations: { strings: ['Softsign', 'Tanh', 'Tanh'] } }), 'H105'],
    ['too few activations', lstm({ activations: { strings: ['Tanh'] } }), 'H106'],
    ['weights of another shape', lstm({}, 'x narrow r b'), 'H106'],
    ['encrypted weights', lstm({}, 'x x r b'), 'H105'],
    ['a direction that is none', lstm({ direction: 'up' }), 'H105'],
    ['steps without end', lstm({}, 'x w r b', [5000, 1, inputs]), 'H112'],
    ['the batch as steps', { ...lstm(), inputs: { x: ['batch', rows, inputs] } }, 'H111'],
  ] as const)('%s', (_, spec, code) => {
    let found: HepcError | undefined;
    try {
      importModel(model(spec));
    } catch (error) {
      if (!(error instanceof HepcError)) throw error;
      found = error;
    }
    expect(found?.diagnostics.map((each) => each.code)).toEqual([code]);
  });
});
