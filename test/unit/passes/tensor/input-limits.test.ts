/** Ranges of what is affine in elements with limits. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { RowWriter } from '../../../../ir/tensor/csr.ts';
import { applyMap } from '../../../../ir/tensor/linear-map.ts';
import { rowRange } from '../../../../passes/base/input-limits.ts';

/** One row. */
function rowOf(weights: readonly number[], bias: number) {
  const writer = new RowWriter(1, weights.length);
  for (const [column, weight] of weights.entries()) writer.push(column, weight);
  writer.endRow();
  return writer.finish(Float64Array.of(bias));
}

const weight = fc.integer({ min: -8, max: 8 });

describe('the range of a row', () => {
  test('is what its elements make of it at their ends', () => {
    const element = fc.record({ weight, least: fc.integer({ min: -9, max: 0 }), most: fc.integer({ min: 0, max: 9 }) });
    fc.assert(
      fc.property(fc.array(element, { minLength: 1, maxLength: 5 }), weight, (elements, bias) => {
        const map = rowOf(
          elements.map((each) => each.weight),
          bias,
        );
        const limits = {
          least: Float64Array.from(elements, ({ least }) => least),
          most: Float64Array.from(elements, ({ most }) => most),
          marks: new Int32Array(elements.length).fill(-1),
        };
        const at = (isHigh: boolean) =>
          applyMap(
            map,
            Float64Array.from(elements, (e) => (e.weight > 0 === isHigh ? e.most : e.least)),
          )[0];
        expect(rowRange(map, 0, limits)).toEqual([at(false), at(true)]);
      }),
    );
  });

  test('knows that what is missing is 0 beside the mark that says so', () => {
    fc.assert(
      fc.property(weight, weight, weight, (own, marking, bias) => {
        const limits = {
          least: Float64Array.of(-3, 0),
          most: Float64Array.of(5, 1),
          marks: Int32Array.of(-1, 0),
        };
        const there = [-3 * own, 5 * own].map((x) => x + bias);
        const ends =
          marking === 0 || own === 0 ? [...there, ...(own === 0 ? [bias + marking] : [])] : [...there, marking + bias];
        const [least, most] = rowRange(rowOf([own, marking], bias), 0, limits);
        expect(least).toBe(Math.min(...ends));
        expect(most).toBe(Math.max(...ends));
      }),
    );
  });

  test('has no end where an element has none', () => {
    const limits = { least: Float64Array.of(-1, 0), most: Float64Array.of(1, Infinity), marks: Int32Array.of(-1, -1) };
    expect(rowRange(rowOf([2, 0], 1), 0, limits)).toEqual([-1, 3]);
    expect(rowRange(rowOf([2, -1], 1), 0, limits)).toEqual([-Infinity, 3]);
  });
});
