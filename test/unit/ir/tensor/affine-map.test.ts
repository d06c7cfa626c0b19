/** Dense and window maps beside the same maps in compressed rows. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, vector } from '../../../../ir/constant.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { type AffineMap, applyMap, rowBuffer } from '../../../../ir/tensor/affine-map.ts';
import { expanded, type LinearMap, RowWriter } from '../../../../ir/tensor/csr.ts';
import { DenseMap } from '../../../../ir/tensor/dense-map.ts';
import { affineMapOf } from '../../../../ir/tensor/linear-map.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';
import { WindowMap } from '../../../../ir/tensor/window-map.ts';
import { attributesOf, mapOf, mapProblem } from '../../../../ir/tile/linear-attributes.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';

/** Some of them zero. */
function weights(count: number, density: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return randomVector(count, seed).map((w) => (random.uniform() < density ? w : 0));
}

const seeds = { density: fc.constantFrom(1, 0.7, 0.2), seed: fc.nat() };

const denseMaps = fc
  .record({ rows: fc.integer({ min: 1, max: 6 }), columns: fc.integer({ min: 1, max: 6 }), ...seeds })
  .map(({ rows, columns, density, seed }): AffineMap => {
    return new DenseMap(weights(rows * columns, density, seed), randomVector(rows, seed + 1));
  });

const convolution = {
  extents: fc.array(fc.integer({ min: 2, max: 5 }), { minLength: 1, maxLength: 2 }),
  kernel: fc.integer({ min: 1, max: 3 }),
  stride: fc.integer({ min: 1, max: 2 }),
  pad: fc.integer({ min: 0, max: 2 }),
  dilation: fc.integer({ min: 1, max: 2 }),
  groups: fc.integer({ min: 1, max: 2 }),
  perGroup: fc.integer({ min: 1, max: 2 }),
  outputs: fc.integer({ min: 1, max: 3 }),
};

const windowMaps = fc.record({ ...convolution, ...seeds }).map(({ extents, kernel, density, seed, ...rest }) => {
  const { stride, dilation, groups, perGroup, outputs } = rest;
  const rank = extents.length;
  const each = (value: number): number[] => Array.from({ length: rank }, () => value);
  // As much padding as lets the kernel fit somewhere.
  const pad = Math.max(rest.pad, dilation * (kernel - 1));
  const shape = [outputs * groups, perGroup, ...each(kernel)];
  const count = shape.reduce((product, extent) => product * extent, 1);
  const builder = new TensorBuilder();
  const input = [perGroup * groups, ...extents];
  const x = builder.add('input', [], { name: 'x', shape: input }, []);
  const attrs = {
    weights: new Constant(shape, weights(count, density, seed)),
    bias: vector(randomVector(outputs * groups, seed + 1)),
    strides: each(stride),
    pads: [...each(pad), ...each(pad)],
    dilations: each(dilation),
    groups,
  };
  const map = affineMapOf(builder.node(builder.add('conv', [x], attrs, [])), [input]);
  if (!(map instanceof WindowMap)) throw new Error('a convolution is no window map');
  return map;
});

const maps = fc.oneof(denseMaps, windowMaps);

/** The map by `find` and `weightAt` alone. */
function byPlaces(map: AffineMap): LinearMap {
  const writer = new RowWriter(map.rows, map.columns);
  for (let row = 0; row < map.rows; row++) {
    for (let column = 0; column < map.columns; column++) {
      const place = map.find(row, column);
      expect(place).toBeLessThan(map.places(row));
      if (place >= 0) writer.push(column, map.weights[map.weightAt(row, place)] ?? NaN);
    }
    writer.endRow();
  }
  return writer.finish(map.bias);
}

describe('maps that are not expanded', () => {
  test('have the entries of the expanded ones, however they are asked', () => {
    fc.assert(
      fc.property(maps, (map) => {
        const rows = expanded(map);
        expect(byPlaces(map)).toEqual(rows);
        expect(map.nonZeros).toBe(rows.nonZeros);
        expect(map.longestRow).toBeGreaterThanOrEqual(rows.longestRow);
        const buffer = rowBuffer(map);
        for (let row = 0; row < map.rows; row++) {
          expect(map.count(row)).toBe(rows.count(row));
          expect([-1, rows.runStart(row)]).toContain(map.runStart(row));
          expect(map.readRow(row, buffer)).toBe(rows.count(row));
          const placed = Array.from({ length: map.places(row) }, (_, place) => map.weightAt(row, place));
          expect(placed.filter((weight) => weight >= 0).length).toBe(rows.count(row));
        }
      }),
    );
  });

  test('compute what these do, also on more elements', () => {
    fc.assert(
      fc.property(maps, fc.nat(3), (map, more) => {
        const wide = map.widened(map.columns + more);
        const x = randomVector(wide.columns, 7);
        const y = applyMap(expanded(map), x.subarray(0, map.columns));
        for (const [row, value] of applyMap(wide, x).entries()) expect(value).toBeCloseTo(y[row] ?? NaN, 12);
        expect(expanded(wide).indices).toEqual(expanded(map).indices);
      }),
    );
  });

  test('come back from the attributes of a tile op', () => {
    fc.assert(
      fc.property(maps, fc.nat(3), (map, more) => {
        const wide = map.widened(map.columns + more);
        const attributes = attributesOf(wide);
        expect(mapProblem(attributes, wide.rows, wide.columns)).toBeUndefined();
        expect(mapOf(attributes, wide.columns)).toEqual(wide);
        expect(mapProblem(attributes, wide.rows + 1, wide.columns)).toBeDefined();
      }),
    );
  });

  test('are alike where zeros stand at the same places', () => {
    fc.assert(
      fc.property(maps, maps, (a, b) => {
        const [x, y] = [expanded(a), expanded(b)];
        if (a.isAlike(b)) expect(x.isAlike(y)).toBe(true);
        if (a instanceof DenseMap && b instanceof DenseMap) expect(a.isAlike(b)).toBe(x.isAlike(y));
        expect(a.isAlike(a)).toBe(true);
      }),
    );
  });
});
