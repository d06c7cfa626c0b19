import { expect, test } from 'vitest';

import { KernelCatalogue } from '../../../../compiler/layouts/kernel-catalogue.ts';
import { type NodeChoice, NodeChooser } from '../../../../compiler/layouts/node-choices.ts';
import { lowerToHe } from '../../../../compiler/lowering/to-he.ts';
import { lowerToTile } from '../../../../compiler/lowering/to-tile.ts';
import { Constant, vector } from '../../../../ir/constant.ts';
import { evaluateHe } from '../../../../ir/interpret/he.ts';
import { nodeAt } from '../../../../ir/module.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { interleaved, Layout, tiled } from '../../../../ir/tile/layout.ts';
import { fillSlots } from '../../../../ir/tile/packing.ts';
import { verify } from '../../../../ir/verify.ts';

const square = (rows: number): Constant =>
  new Constant(
    [rows, rows],
    Float64Array.from({ length: rows * rows }, (_, k) => 1 + k),
  );

test.each([
  { degree: 2, cleans: false },
  { degree: 3, cleans: true },
])('an operand of degree $degree is cleaned: $cleans', ({ degree, cleans }) => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const dense = builder.add('dense', [x], { weights: square(3), bias: vector([0, 0, 0]) }, []);
  const coefficients = new Constant([1, degree + 1], new Float64Array(degree + 1).fill(0.5));
  const attrs = { basis: 'power', coefficients, center: 0, halfWidth: 1 } as const;
  const polynomial = builder.add('polynomial', [dense], attrs, []);
  const output = builder.add('output', [polynomial], { name: 'y' }, []);
  const module = builder.build('same places');

  const catalogue = new KernelCatalogue(module, { virtualSlots: 4, batchTile: 1 });
  const chooser = new NodeChooser(catalogue);
  const plain = catalogue.plain(3);
  // As a sum of values in different layouts leaves it: at the same places, with anything beside them.
  const unknown = plain.withUnknown();
  const layouts = new Map([[dense, unknown]]);
  const [option] = chooser.options(nodeAt(module, polynomial), layouts, false);
  if (option?.choice.layout === undefined) throw new Error('there is no option');
  expect(option.choice.operands.map(({ kernel }) => kernel?.output.padding)).toEqual([cleans ? 'zero' : undefined]);

  const kernel = catalogue.join(nodeAt(module, dense), 0, plain, unknown);
  const nodes = new Map<number, NodeChoice>([
    [dense, { node: dense, operands: [{ operand: x, pack: plain, kernel }], layout: unknown }],
    [polynomial, option.choice],
    [output, { node: output, operands: [{ operand: polynomial }] }],
  ]);
  const tile = lowerToTile(module, { slots: catalogue.slots, nodes, cost: 0, extraLevels: [] });
  expect(verify(tile)).toEqual([]);
  const { module: program } = lowerToHe(tile, 'plain');
  const [slots = new Float64Array()] = evaluateHe(
    program,
    fillSlots(plain, Int32Array.of(0, 1, 2), 1, [Float64Array.of(0, 1, 0)]),
  );
  const expected = [2, 5, 8].map(
    (value) => 0.5 * Array.from({ length: degree + 1 }, (_, k) => value ** k).reduce((a, b) => a + b),
  );
  expect([...slots.subarray(0, 3)]).toEqual(expected.map((value) => expect.closeTo(value, 9) as number));
});

test('what is added is computed where the other summand is, or stays where it was', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [4] }, []);
  const dense = builder.add('dense', [x], { weights: square(4), bias: vector([0, 0, 0, 0]) }, []);
  const first = builder.add('dense', [dense], { weights: square(4), bias: vector([0, 0, 0, 0]) }, []);
  const factors = vector([1, 2, 3, 4]);
  const second = builder.add('scale-shift', [dense], { factors, offsets: vector([0]) }, []);
  builder.add('output', [builder.add('add', [first, second], {}, [])], { name: 'y' }, []);
  const catalogue = new KernelCatalogue(builder.build('sum'), { virtualSlots: 16, batchTile: 1 });
  const chooser = new NodeChooser(catalogue);
  // Every fourth slot, and two by two with the second dimension inside out.
  const apart = new Layout([tiled(4, 4), tiled(1, 4)], 1);
  const rows = new Layout([tiled(2, 4), interleaved(2, 4)], 1);
  const layouts = new Map([
    [dense, rows],
    [first, apart],
  ]);
  const options = chooser.options(nodeAt(catalogue.module, second), layouts, false);
  const to = (layout: Layout): (typeof options)[number] | undefined =>
    options.find(({ choice }) => choice.layout?.samePlaces(layout) === true);
  expect(to(apart)?.deepens).toBe(false);
  const stays = to(rows)?.choice.operands[0]?.kernel?.counts;
  expect(stays).toMatchObject({ babyRotations: 0, lateRotations: 0, foldRotations: 0, products: 1 });
  // With nothing to be added to it has no reason to go there.
  const alone = chooser.options(nodeAt(catalogue.module, second), new Map([[dense, rows]]), false);
  expect(alone.length).toBeLessThan(options.length);
});
