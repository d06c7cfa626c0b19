/** Random affine maps and samples for kernel tests. */
import fc from 'fast-check';

import { type LinearMap, RowWriter } from '../../ir/tensor/csr.ts';
import { seededRandom } from '../../ir/random.ts';

export interface MapShape {
  readonly rows: number;
  readonly columns: number;
  /** Share of non-zeros. */
  readonly density: number;
  readonly seed: number;
}

export const arbitraryMap = (most: number): fc.Arbitrary<LinearMap> =>
  fc
    .record({
      rows: fc.integer({ min: 1, max: most }),
      columns: fc.integer({ min: 1, max: most }),
      density: fc.constantFrom(1, 0.5, 0.1),
      seed: fc.nat(),
    })
    .map(randomMap);

export function randomMap({ rows, columns, density, seed }: MapShape): LinearMap {
  const random = seededRandom(seed);
  const writer = new RowWriter(rows, columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) if (random.uniform() < density) writer.push(c, 2 * random.uniform() - 1);
    writer.endRow();
  }
  return writer.finish(randomVector(rows, seed + 1));
}

export function randomVector(length: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length }, () => 2 * random.uniform() - 1);
}
