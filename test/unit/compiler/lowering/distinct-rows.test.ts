import { expect, test } from 'vitest';

import { DistinctRows } from '../../../../compiler/lowering/distinct-rows.ts';

test('every row is kept once, in blocks of a bounded size, at the place that was given', () => {
  const period = 2 ** 17;
  const rows = new DistinctRows(period);
  const row = (k: number): Float64Array => new Float64Array(period).fill(k, period / 2);
  const numbers = [1, 2, 3, 1, 4, 5, 6, 7, 8, 9, 2, 10, 9];
  const places = numbers.map((k) => rows.add(row(k)));
  const blocks = rows.finish();
  expect(blocks.map(({ shape }) => shape)).toEqual([
    [8, period],
    [2, period],
  ]);
  for (const [i, place] of places.entries()) {
    const found = blocks[place.block]?.values.subarray(place.row * period, (place.row + 1) * period);
    const expected = row(numbers[i] ?? NaN);
    expect(found?.length).toBe(period);
    expect(found?.findIndex((value, k) => value !== expected[k])).toBe(-1);
  }
});

test('few rows take no more room than they need', () => {
  const rows = new DistinctRows(3);
  for (let k = 0; k < 5; k++) rows.add(Float64Array.of(k, 0, k));
  expect(rows.finish().map(({ shape, values }) => [shape, values.length])).toEqual([[[5, 3], 15]]);
});
