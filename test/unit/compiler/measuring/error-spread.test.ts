import { expect, test } from 'vitest';
import { ErrorSpread } from '../../../../compiler/measuring/error-spread.ts';

test('the typical error is the root mean square', () => {
  const spread = new ErrorSpread();
  expect(spread.typical).toBe(0);
  for (const error of [3, 4, 0, 0]) spread.add(error);
  expect(spread.typical).toBe(2.5);
  expect(spread.largest).toBe(4);
});

test.each([Infinity, NaN])('%d stays a number', (error) => {
  const spread = new ErrorSpread();
  spread.add(error);
  expect(spread.typical).toBe(1e9);
  expect(spread.largest).toBe(1e9);
});
