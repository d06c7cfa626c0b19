/** Which samples keep what their elements may have. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { boundsViolation, clipped, type InputBounds } from '../../../../ir/plan/element-bounds.ts';

/** Two elements of one group, one of another, and one that may be anything up to 100. */
const bounds: InputBounds = {
  maxAbs: 100,
  groups: {
    groups: [
      { calibrated: [-100, 100], together: [-100, 100], alone: [-100, 100] },
      { calibrated: [0, 1], together: [-0.5, 2], alone: [-1, 5] },
      { calibrated: [10, 20], together: [10, 25], alone: [0, 30] },
    ],
    groupOf: Int32Array.of(1, 1, 2, 0),
  },
};
const allRead = Uint8Array.of(1, 1, 1, 1);
const violation = (...values: number[]) => boundsViolation(bounds, Float64Array.from(values), allRead);

describe('groups', () => {
  test('accept what calibration has shown, and what all may have together', () => {
    expect(violation(0, 1, 10, -100)).toBeUndefined();
    expect(violation(2, -0.5, 25, 100)).toBeUndefined();
  });

  test('accept one group farther than all together, as far as alone', () => {
    expect(violation(5, 1, 15, 0)).toBeUndefined();
    // Elements of a group go as far as the farthest of them.
    expect(violation(5, 5, 15, 0)).toBeUndefined();
    expect(violation(0, 0, 30, 0)).toBeUndefined();
  });

  test('name the element that is farthest beyond, as part of what it may be', () => {
    expect(violation(7, 5.5, 15, 0)).toEqual({ element: 0, value: 7, bounds: [-1, 5], isShared: false, count: 2 });
    expect(violation(5, 1, -100, 0)).toEqual({ element: 2, value: -100, bounds: [0, 30], isShared: false, count: 1 });
    expect(violation(0, 0, 15, -101)).toMatchObject({ element: 3, bounds: [-100, 100] });
    expect(violation(0, NaN, 1000, 0)).toMatchObject({ element: 1, value: NaN, count: 2 });
    expect(violation(0, Infinity, 15, 0)).toMatchObject({ element: 1, value: Infinity });
  });

  test('share what they exceed calibration by', () => {
    // Three fourths of the one, and half of the other.
    expect(violation(4, 0, 25.1, 0)).toEqual({
      element: 0,
      value: 4,
      bounds: [expect.closeTo(-0.49, 9), expect.closeTo(2.96, 9)],
      isShared: true,
      count: 2,
    });
    expect(violation(3, 0, 25, 0)).toBeUndefined();
    expect(violation(4, 0, 22, 0)).toBeUndefined();
    expect(violation(-1, 0, 15, 0)).toBeUndefined();
  });

  test('tell an element what it may be beside the others', () => {
    const values = fc.tuple(
      fc.double({ min: -1, max: 5 }),
      fc.double({ min: -1, max: 5 }),
      fc.double({ min: 0, max: 30 }),
    );
    fc.assert(
      fc.property(values, (given) => {
        fc.pre(given.every((value) => !Number.isNaN(value)));
        const found = violation(...given, 0);
        if (found === undefined) return;
        expect(found.isShared).toBe(true);
        const [least, most] = found.bounds;
        expect(found.value < least || found.value > most).toBe(true);
        const others = given.map((value, e) => (e < 2 && found.element < 2 && e !== found.element ? 0.5 : value));
        const end = found.value > most ? most - 1e-9 : least + 1e-9;
        expect(violation(...others.with(found.element, end), 0)).toBeUndefined();
      }),
    );
  });
});

test('clipped elements may be any numbers, and are encrypted as the ends of their groups', () => {
  const [all, one] = bounds.groups?.groups ?? [];
  const range = [-1, 3] as const;
  const clips = { calibrated: range, together: range, alone: range, clips: true } as const;
  if (all === undefined || one === undefined) throw new Error('there are groups');
  const mixed = { maxAbs: 100, groups: { groups: [all, one, clips], groupOf: Int32Array.of(1, 2, 2, 0) } };
  const violated = (...values: number[]) => boundsViolation(mixed, Float64Array.from(values), allRead);
  // What is clipped leaves the others what they may exceed.
  expect(violated(5, 1e9, -1e9, 0)).toBeUndefined();
  expect(violated(5.5, 1e9, 0, 0)).toMatchObject({ element: 0, count: 1 });
  expect(violated(0, NaN, 0, 0)).toMatchObject({ element: 1, value: NaN });
  expect(violated(0, 0, -Infinity, 0)).toMatchObject({ element: 2, value: -Infinity });
  expect(clipped(mixed, Float64Array.of(5, 1e9, -1e9, 50))).toEqual(Float64Array.of(5, 3, -1, 50));
  expect(clipped(mixed, Float64Array.of(-1, 2.5, -0.5, -50))).toEqual(Float64Array.of(-1, 2.5, -0.5, -50));
  const values = Float64Array.of(9, 9, 99, 9);
  expect(clipped(bounds, values)).toBe(values);
  expect(clipped({ maxAbs: 1 }, values)).toBe(values);
});

test('one bound for all elements', () => {
  const uniform = (...values: number[]) => boundsViolation({ maxAbs: 2 }, Float64Array.from(values), allRead);
  expect(uniform(2, -2, 0, 1)).toBeUndefined();
  expect(uniform(2.5, -3, 0, 1)).toEqual({ element: 1, value: -3, bounds: [-2, 2], isShared: false, count: 2 });
  expect(boundsViolation({ maxAbs: 0 }, Float64Array.of(0, 0, 0, 0), allRead)).toBeUndefined();
});

test('elements that nobody reads may be anything', () => {
  expect(boundsViolation(bounds, Float64Array.of(NaN, 1e9, 15, 0), Uint8Array.of(0, 0, 1, 1))).toBeUndefined();
  expect(boundsViolation({ maxAbs: 2 }, Float64Array.of(9, 1), Uint8Array.of(0, 1))).toBeUndefined();
});
