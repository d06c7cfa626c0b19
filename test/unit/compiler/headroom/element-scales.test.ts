/** Scales hold what the samples show, and are rounded to what is asked. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import { elementRanges, scaleOf } from '../../../../compiler/headroom/element-scales.ts';

const perOctave = fc.constantFrom(1, 2, 4, 8, 16, 64);
const ranges = fc
  .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
  .map(([least, width]): [number, number] => [least, least + width]);

test('values are within a unit of the origin, on their side, which is less than an octave part too far', () => {
  fc.assert(
    fc.property(ranges, perOctave, ([least, most], parts) => {
      const { origin, side, reach, unit } = scaleOf(least, most, parts);
      expect(Math.max(most - origin, origin - least)).toBe(reach);
      expect(unit).toBeGreaterThan(reach);
      expect(unit).toBeLessThan(reach * 2 ** (1 / parts) * 1.00001);
      expect(Math.abs(Math.log2(unit) * parts - Math.round(Math.log2(unit) * parts))).toBeLessThan(1e-6);
      if (side > 0) expect(origin).toBeLessThanOrEqual(least);
      if (side < 0) expect(origin).toBeGreaterThanOrEqual(most);
      if (side === 0) expect(origin).toBe(0);
      // The nearer end is rounded by less than the width of the range.
      expect(reach).toBeLessThan(Math.max(most - least, side === 0 ? reach : 0) * (1 + 1 / parts) + 1e-9);
    }),
  );
});

test('a range of its own takes eight samples that differ from the median', () => {
  const samples = Array.from(
    { length: 20 },
    (_, k) => new Map([['x', Float64Array.of(k, k < 8 ? 1 : 0, k < 7 ? 1 : 0, 5)]]),
  );
  const { least, most, isShown } = elementRanges(samples, 'x');
  expect([...least]).toEqual([0, 0, 0, 5]);
  expect([...most]).toEqual([19, 1, 1, 5]);
  expect(isShown).toEqual([true, true, false, false]);
});
