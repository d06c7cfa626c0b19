/** The weight tiles of a program are its products, whichever way their weights come. */
import { expect, test } from 'vitest';
import { compileGraph } from '../../../../compiler/compile.ts';
import { layersOf } from '../../../../ir/he/layers.ts';
import { weightTiles } from '../../../../cli/report/figures/weight-tiles.ts';
import { gridOf } from '../../../../cli/report/sections/tiles-section.ts';
import { denseChain, graphOf, samplesOf } from '../../../support/tiny-networks.ts';
import { compiledPlan } from './pruned-plan.ts';

test.each(['plain', 'encrypted'] as const)(
  'every product with %s weights stands in the grid of its layer',
  (weights) => {
    const { program, search } = compiledPlan(weights);
    const layers = layersOf(program);
    const tiles = weightTiles(program, layers);
    expect(tiles.map(({ layer }) => layers.names[layer])).toEqual(['dense0 (Gemm)', 'dense2 (Gemm)']);
    const planned = search?.layers.reduce((sum, { chosen }) => sum + chosen.products, 0);
    expect(tiles.reduce((sum, { products }) => sum + products.length, 0)).toBe(planned);
    for (const { rows, columns, products } of tiles) {
      expect(Math.max(...products.map(({ row }) => row))).toBe(rows - 1);
      expect(Math.max(...products.map(({ column }) => column))).toBe(columns - 1);
      expect(Math.min(...products.map(({ magnitude }) => magnitude))).toBeGreaterThan(0);
    }
  },
);

test('a layer of tiles has a row for each output ciphertext and a column for each input ciphertext', () => {
  const module = denseChain([24, 16]);
  const { plan } = compileGraph(graphOf(module), {
    samples: samplesOf(module, 8),
    batch: 512,
    optimize: 'throughput',
    tile: { rows: 2, columns: 4 },
  });
  const [tiles] = weightTiles(plan.program, layersOf(plan.program));
  const { inputCiphertexts, outputCiphertexts } = plan.statistics;
  expect(tiles).toMatchObject({ rows: outputCiphertexts, columns: inputCiphertexts, inputs: inputCiphertexts });
  expect(tiles?.products).toHaveLength(inputCiphertexts * outputCiphertexts);
  const cells = new Set(tiles?.products.map(({ row, column }) => `${row} ${column}`));
  expect(cells.size).toBe(inputCiphertexts * outputCiphertexts);
});

test('the scale of a layer is from its least tile to its largest, however alike they are', () => {
  const magnitudes = [0.0139, 0.0141, 0.014, 0.0142];
  const products = magnitudes.map((magnitude, column) => ({ row: 0, column, magnitude }));
  const { grid, least, largest } = gridOf({ layer: 0, rows: 1, columns: 5, inputs: 1, products });
  expect([least, largest]).toEqual([0.0139, 0.0142]);
  const [first = 0, second = 0, third = 0, fourth = 0, none] = grid.values;
  expect(none).toBe(0);
  expect(first).toBeGreaterThan(0);
  expect(first).toBeLessThan(0.05);
  expect([first, third, second, fourth]).toEqual([first, third, second, fourth].toSorted((x, y) => x - y));
  expect(fourth).toBe(1);
});
