import fc from 'fast-check';
import { expect, test } from 'vitest';

import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { type Dim, duplicated, interleaved, Layout, multiplexed, tiled } from '../../../../ir/tile/layout.ts';

/** Places of `layout` by the definition: elements counted through, the ones of multiplexed dimensions after the first. */
function placesByDefinition({ dims }: Layout): number[] {
  const first = dims.findIndex((dim) => !dim.duplicated);
  const order = dims
    .map((dim, d) => ({ dim, d, rank: dim.multiplexed ? first + 0.5 : d }))
    .sort((a, b) => a.rank - b.rank);
  const elements = dims.reduce((product, { n }) => product * n, 1);
  return Array.from({ length: elements }, (_, element) => {
    const indices = dims.map(() => 0);
    let rest = element;
    for (const { dim, d } of order.toReversed()) {
      indices[d] = rest % dim.n;
      rest = Math.floor(rest / dim.n);
    }
    let [tile, slot, slots] = [0, 0, 1];
    for (const [d, { n, t, interleaved: isInterleaved }] of dims.entries()) {
      const tiles = Math.ceil(n / t);
      const i = indices[d] ?? 0;
      tile = tile * tiles + (isInterleaved ? i % tiles : Math.floor(i / t));
      slot = slot * t + (isInterleaved ? Math.floor(i / tiles) : i % t);
      slots *= t;
    }
    return tile * slots + slot;
  });
}

const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2, 4)).map(([n, t]) => tiled(n, t)),
  fc.tuple(fc.integer({ min: 1, max: 9 }), fc.constantFrom(1, 2, 4)).map(([n, t]) => interleaved(n, t)),
  fc.constantFrom(2, 4).chain((t) => fc.integer({ min: 1, max: t }).map((n) => multiplexed(n, t))),
  fc.constantFrom(2, 4).map(duplicated),
);

test('every element has a place of its own, where the definition says', () => {
  fc.assert(
    fc.property(fc.array(dim, { minLength: 1, maxLength: 5 }), (dims) => {
      const layout = new Layout(dims, 1);
      const places = layout.firstPlaces();
      expect([...places]).toEqual(placesByDefinition(layout));
      expect(new Set(places).size).toBe(layout.elements);
    }),
  );
});

test('channels stand in the gaps between positions', () => {
  const layout = new Layout([tiled(2, 2), tiled(2, 2), multiplexed(2, 2)], 1);
  expect(layout.toString()).toBe('[2/2, 2/2, 2^/2]');
  // Four channels of two positions: channel 2 · i + j at position p stands in slot 4 · i + 2 · p + j.
  expect([...layout.firstPlaces()]).toEqual([0, 2, 1, 3, 4, 6, 5, 7]);
});

test('a multiplexed dimension has room for its elements', () => {
  expect(() => new Layout([tiled(2, 2), multiplexed(3, 2)], 1)).toThrow(InternalError);
  expect(() => new Layout([{ ...duplicated(2), multiplexed: true }], 1)).toThrow(InternalError);
});
