import fc from 'fast-check';
import { expect, test } from 'vitest';

import { addMatrixProduct } from '../../../../ir/maths/matrix-rows.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';

test('rows side by side have the sums of rows one after another, to the last bit', () => {
  fc.assert(
    fc.property(fc.nat(11), fc.nat(9), fc.nat(), (rows, width, seed) => {
      const matrix = randomVector(rows * width, seed);
      const x = randomVector(width, seed + 1);
      const y = randomVector(rows, seed + 2);
      const expected = y.map((start, r) =>
        x.reduce((sum, value, c) => sum + (matrix[r * width + c] ?? NaN) * value, start),
      );
      addMatrixProduct(matrix, width, x, y);
      expect(y).toEqual(expected);
    }),
  );
});
