import { expect, test } from 'vitest';

import { Constant } from '../../../../ir/constant.ts';
import { Decisions, scoreOutputs } from '../../../../ir/interpret/decisions.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';

function network(inputs: number[], outputs: Record<string, number[]>) {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: inputs }, []);
  for (const [name, shape] of Object.entries(outputs)) {
    const size = shape.reduce((product, extent) => product * extent, 1);
    const index = new Constant(shape, new Int32Array(size));
    const picked = builder.add('gather', [x], { index }, []);
    builder.add('output', [picked], { name }, []);
  }
  return builder.build('m');
}

test('scores are lists that are not what is reconstructed', () => {
  const module = network([1, 4, 4], { a: [10], b: [1, 3], c: [16], d: [1], e: [2, 3] });
  expect(scoreOutputs(module)).toEqual(['a', 'b']);
});

test('the places of the largest scores decide', () => {
  const decisions = new Decisions(network([8], { y: [3] }));
  const scores = (...values: number[]) => new Map([['y', Float64Array.from(values)]]);
  expect(decisions.exist).toBe(true);
  expect(decisions.of(scores(1, 5, 2))).toEqual([1]);
  expect(decisions.agree(scores(1, 5, 2), scores(0, 9, 8))).toBe(true);
  expect(decisions.agree(scores(1, 5, 2), scores(0, 8, 9))).toBe(false);
});

test('a single number decides nothing', () => {
  expect(new Decisions(network([8], { y: [1] })).exist).toBe(false);
});
