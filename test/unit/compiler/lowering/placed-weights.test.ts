/** Weights that programs share are placed once, within a bound of memory. */
import { expect, test } from 'vitest';
import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { type PlacedMap, type PlacedProduct, PlacedWeights } from '../../../../compiler/lowering/placed-weights.ts';
import { DenseMap } from '../../../../ir/tensor/dense-map.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';

const map = new DenseMap(new Float64Array(randomVector(96, 1)), new Float64Array(8), 12);
const [option] = kernelsAtInput({ map, slots: { virtualSlots: 32, batchTile: 1 } });

function placedMap(factor: number): PlacedMap {
  if (option === undefined) throw new Error('there is no kernel');
  const { kernel, input, output, packing } = option;
  return { map: packing?.map ?? map, factor, kernel, input, output };
}

/** All rows by product. */
function rowsOf(weights: PlacedWeights, placed: PlacedMap) {
  const products: PlacedProduct[] = [];
  const blocks = weights.place(placed, (product) => products.push(product));
  const rows = products.map(({ row: { block, row } }) => {
    const { shape, values } = blocks[block] ?? { shape: [], values: new Float64Array() };
    const [, period = 0] = shape;
    return [...values.subarray(row * period, (row + 1) * period)];
  });
  return { products, blocks, rows };
}

test('the same weights are the same blocks, with the same products', () => {
  const weights = new PlacedWeights(2 ** 20);
  const first = rowsOf(weights, placedMap(3));
  const second = rowsOf(weights, placedMap(3));
  expect(first.products.length).toBeGreaterThan(0);
  expect(second.products).toEqual(first.products);
  expect(second.blocks[0]).toBe(first.blocks[0]);
});

test('another factor makes other rows', () => {
  const weights = new PlacedWeights(2 ** 20);
  const once = rowsOf(weights, placedMap(1));
  const twice = rowsOf(weights, placedMap(2));
  expect(twice.rows).toEqual(once.rows.map((row) => row.map((value) => 2 * value)));
});

test('what does not fit is placed again', () => {
  const weights = new PlacedWeights(64);
  const first = rowsOf(weights, placedMap(3));
  const second = rowsOf(weights, placedMap(3));
  expect(second.rows).toEqual(first.rows);
  expect(second.blocks[0]).not.toBe(first.blocks[0]);
});
