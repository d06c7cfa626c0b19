import fc from 'fast-check';
import { expect, test } from 'vitest';

import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { EntriesOfProducts } from '../../../../ir/tile/entries-of-products.ts';
import { arbitraryMap } from '../../../support/arbitrary-maps.ts';
import { casesOf } from '../../../support/setup/suite.ts';

test('every entry is handed to all products that reach it, in order', () => {
  fc.assert(
    fc.property(arbitraryMap(24), fc.constantFrom(8, 16), fc.nat(), (map, virtualSlots, pick) => {
      const options = kernelsAtInput({ map, slots: { virtualSlots, batchTile: 1 } });
      const option = options[pick % options.length];
      if (option === undefined) return;
      const { input, output, kernel } = option;
      const matrix = option.packing?.map ?? map;
      const columns = input.elementMap();
      const rows = output.elementMap().subarray(0, virtualSlots);
      const expected: number[][] = [];
      for (const [g, giant] of kernel.giants.entries()) {
        for (let c = 0; c < input.ciphertexts; c++) {
          for (const [b, baby] of kernel.babies.entries()) {
            for (const [u, row] of rows.entries()) {
              const column = columns[c * virtualSlots + ((u + giant + baby + virtualSlots) % virtualSlots)] ?? -1;
              const place = row < 0 || column < 0 ? -1 : matrix.find(row, column);
              const product = (g * input.ciphertexts + c) * kernel.babies.length + b;
              if (place >= 0) expected.push([product, u, matrix.weightAt(row, place)]);
            }
          }
        }
      }
      const found = new EntriesOfProducts(matrix, input, kernel, virtualSlots).of(rows, Infinity);
      const entries = [...(found?.products ?? [])].flatMap((product, i) =>
        Array.from(found?.positions.subarray(found.starts[i], found.starts[i + 1]) ?? [], (position, k) => [
          product,
          position,
          found?.weights[(found.starts[i] ?? 0) + k],
        ]),
      );
      expect(entries).toEqual(expected);
    }),
    { numRuns: casesOf({ normal: 60, nightly: 200 }) },
  );
});

test('where rows are full, asking takes less', () => {
  const map = fc.sample(arbitraryMap(24), { seed: 1, numRuns: 1 })[0];
  const [option] = map === undefined ? [] : kernelsAtInput({ map, slots: { virtualSlots: 16, batchTile: 1 } });
  expect(option).toBeDefined();
  if (map === undefined || option === undefined) return;
  const rows = option.output.elementMap().subarray(0, 16);
  const entries = rows.reduce((sum, row) => sum + (row < 0 ? 0 : map.count(row)), 0);
  expect(new EntriesOfProducts(map, option.input, option.kernel, 16).of(rows, entries)).toBeUndefined();
});
