import fc from 'fast-check';
import { expect, test } from 'vitest';

import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import type { AffineMap } from '../../../../ir/tensor/affine-map.ts';
import type { Layout } from '../../../../ir/tile/layout.ts';
import type { Kernel } from '../../../../ir/tile/ops.ts';
import { placeWeights, placeWhatFits } from '../../../../ir/tile/place-weights.ts';
import { arbitraryMap } from '../../../support/arbitrary-maps.ts';
import { casesOf } from '../../../support/setup/suite.ts';

/** The tiles by the definition: product by product, and position by position in each. */
function placedOneByOne(
  matrix: AffineMap,
  input: Layout,
  output: Layout,
  { giants, babies, folds }: Kernel,
): number[][] {
  const slots = output.virtualSlots;
  const at = (slot: number): number => ((slot % slots) + slots) % slots;
  const period = folds.length > 0 ? slots : Math.max(input.period, output.period);
  const span = folds.reduce((sums, fold) => [...sums, ...sums.map((sum) => at(sum + fold))], [0]);
  const rows = output.elementMap();
  const columns = input.elementMap();
  const tiles: number[][] = [];
  for (let o = 0; o < output.ciphertexts; o++) {
    /** By output slot the places of its row that it has. */
    const done = Array.from({ length: slots }, () => new Set<number>());
    for (const giant of giants) {
      for (let c = 0; c < input.ciphertexts; c++) {
        for (const baby of babies) {
          const tile = new Array<number>(period).fill(-1);
          for (let u = 0; u < period; u++) {
            const served = span.map((sum) => at(u - sum)).filter((s) => (rows[o * slots + s] ?? -1) >= 0);
            const [first] = served;
            const row = first === undefined ? -1 : (rows[o * slots + first] ?? -1);
            const column = columns[c * slots + at(u + giant + baby)] ?? -1;
            if (served.some((s) => rows[o * slots + s] !== row) || row < 0 || column < 0) continue;
            const place = matrix.find(row, column);
            if (place < 0 || served.some((s) => done[s]?.has(place))) continue;
            for (const s of served) done[s]?.add(place);
            tile[at(u + giant) % period] = matrix.weightAt(row, place);
          }
          if (tile.some((weight) => weight >= 0)) tiles.push(tile);
        }
      }
    }
  }
  return tiles;
}

test('tiles that are filled side by side are those that are filled one after another', () => {
  const filled = new Set<string>();
  fc.assert(
    fc.property(arbitraryMap(40), fc.constantFrom(16, 32, 64), fc.nat(), (map, virtualSlots, pick) => {
      const options = kernelsAtInput({ map, slots: { virtualSlots, batchTile: 1 } });
      const option = options[pick % options.length];
      if (option === undefined) return;
      const { input, output, kernel } = option;
      const matrix = option.packing?.map ?? map;
      if (kernel.babies.length > 1) filled.add(kernel.folds.length > 0 ? 'folded' : 'plain');
      const expected = placedOneByOne(matrix, input, output, kernel);
      const { placement, leftOut } = placeWhatFits(matrix, input, output, kernel);
      expect(leftOut.size).toBe(0);
      expect(placement.products.length).toBe(expected.length);
      // Tiles may be shorter, where they repeat.
      const { entries, period } = placement;
      const whole = expected.flatMap((tile, k) => tile.map((_, s) => entries[k * period + (s % period)] ?? -1));
      expect(whole).toEqual(expected.flat());
      if (period < (expected[0]?.length ?? 0)) filled.add('repeating');
      const values: number[] = [];
      placeWeights(matrix, 2, input, output, kernel, (_, tile) => {
        for (const [s] of (expected[0] ?? []).entries()) values.push(tile[s % period] ?? NaN);
      });
      expect(values).toEqual(expected.flat().map((weight) => (weight < 0 ? 0 : 2 * (matrix.weights[weight] ?? NaN))));
    }),
    { numRuns: casesOf({ normal: 90, nightly: 300 }) },
  );
  expect(filled).toEqual(new Set(['plain', 'folded', 'repeating']));
});
