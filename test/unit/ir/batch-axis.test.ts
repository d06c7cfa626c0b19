import { expect, test } from 'vitest';

import { joinSamples, splitSamples, withSamples } from '../../../ir/batch-axis.ts';

const samples = [
  [1, 2, 3, 4, 5, 6],
  [7, 8, 9, 10, 11, 12],
].map((values) => Float64Array.from(values));
const shape = [3, 2];

test.each([
  [0, [2, 3, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]],
  [1, [3, 2, 2], [1, 2, 7, 8, 3, 4, 9, 10, 5, 6, 11, 12]],
  [2, [3, 2, 2], [1, 7, 2, 8, 3, 9, 4, 10, 5, 11, 6, 12]],
])('before axis %i', (axis, whole, joined) => {
  expect(withSamples(shape, axis, 2)).toEqual(whole);
  expect(Array.from(joinSamples(samples, shape, axis))).toEqual(joined);
  expect(splitSamples(Float64Array.from(joined), shape, axis, 2)).toEqual(samples);
});
