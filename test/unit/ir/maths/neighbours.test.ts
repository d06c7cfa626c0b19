import fc from 'fast-check';
import { expect, test } from 'vitest';

import { nextAbove, nextBelow } from '../../../../ir/maths/neighbours.ts';

test('the number above a float is a float, and there is none between', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (x) => {
      const next = nextAbove(x, 'float');
      expect(next).toBeGreaterThan(x);
      expect(Math.fround(next)).toBe(next);
      // Halfway between two floats that are neighbours there is none.
      expect([x + 0, next + 0]).toContain(Math.fround(x / 2 + next / 2) + 0);
      expect(nextBelow(next, 'float') + 0).toBe(x + 0);
    }),
  );
});

test('the number above a double is next to it', () => {
  fc.assert(
    fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), (x) => {
      const next = nextAbove(x, 'double');
      expect(next).toBeGreaterThan(x);
      expect([x + 0, next + 0]).toContain(x + (next - x) / 2 + 0);
      expect(nextBelow(next, 'double') + 0).toBe(x + 0);
    }),
  );
});

test('at the ends', () => {
  expect(nextAbove(1, 'float')).toBe(1 + 2 ** -23);
  expect(nextBelow(1, 'double')).toBe(1 - 2 ** -53);
  expect(nextAbove(0, 'float')).toBe(2 ** -149);
  expect(nextBelow(0, 'double')).toBe(-Number.MIN_VALUE);
  expect(nextAbove(Number.MAX_VALUE, 'double')).toBe(Infinity);
  expect(nextAbove(Infinity, 'float')).toBe(Infinity);
  expect(nextAbove(-Infinity, 'double')).toBe(-Number.MAX_VALUE);
});
