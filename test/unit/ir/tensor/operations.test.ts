import { expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import { affineMapOf } from '../../../../ir/tensor/linear-map.ts';
import { operationsOf } from '../../../../ir/tensor/operations.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';

const filled = (...shape: number[]): Constant =>
  new Constant(shape, new Float64Array(shape.reduce((product, extent) => product * extent, 1)).fill(1));

test('linear layers take what their weights are used', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4, 6, 6] }, []);
  const attrs = { strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 2 };
  const conv = builder.add(
    'conv',
    [x],
    { weights: filled(6, 2, 2, 2), bias: vector([0, 0, 0, 0, 0, 0]), ...attrs },
    [],
  );
  const dense = builder.add('dense', [conv], { weights: filled(5, 54), bias: vector([0, 0, 0, 0, 0]) }, []);
  builder.add('output', [dense], { name: 'y' }, []);
  const module = builder.build('layers');
  const maps = module.nodes
    .slice(1, 3)
    .map((node) => affineMapOf(node, [module.nodes[node.operands[0] ?? 0]?.type ?? []]));
  const nonZeros = maps.reduce((sum, map) => sum + (map?.nonZeros ?? NaN), 0);
  const others = 4 * 6 * 6 + 2 * 5;
  expect(operationsOf(module)).toBe(nonZeros + others);
});
