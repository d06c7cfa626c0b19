/** Clusters of equal size: what an exchange is said to change is what it changes, and nothing gets lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../../ir/random.ts';
import { growClusters, orderClusters } from '../../../../passes/pruning/orders/balanced-clusters.ts';
import { BitRows, popcount, unionSize } from '../../../../passes/pruning/orders/bit-rows.ts';
import { type ClusterCost, exchange } from '../../../../passes/pruning/orders/exchange.ts';
import { LiveTiles } from '../../../../passes/pruning/orders/live-tiles.ts';
import type { TileFeatures } from '../../../../passes/pruning/orders/tile-features.ts';
import { denseFeatures, TileMasses } from '../../../../passes/pruning/orders/tile-masses.ts';

interface Case {
  readonly features: TileFeatures;
  readonly matrix: readonly (readonly number[])[];
  readonly size: number;
  readonly order: Int32Array;
}

/** Items with half of their features at zero, some with all of them, in up to three groups. */
const cases: fc.Arbitrary<Case> = fc
  .record({
    items: fc.integer({ min: 2, max: 24 }),
    widths: fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 3 }),
    size: fc.integer({ min: 1, max: 7 }),
    seed: fc.nat(),
  })
  .map(({ items, widths, size, seed }) => {
    const random = seededRandom(seed);
    const count = widths.reduce((sum, width) => sum + width, 0);
    const matrix = Array.from({ length: items }, () => {
      const density = random.integer(0, 2) / 4;
      return Array.from({ length: count }, () => (random.uniform() < density ? random.uniform() : 0));
    });
    const groups = widths.map((_, g) => widths.slice(0, g).reduce((sum, width) => sum + width, 0));
    const visit: TileFeatures['visit'] = (each) => {
      for (const [item, row] of matrix.entries())
        for (const [feature, worth] of row.entries()) if (worth !== 0) each(item, feature, worth);
    };
    return {
      features: { items, count, groups: [...groups, count], visit },
      matrix,
      size,
      order: random.permutation(items),
    };
  });

function membersOf({ clusterOf }: ClusterCost): number[][] {
  const members: number[][] = [];
  for (const [item, cluster] of clusterOf.entries()) (members[cluster] ??= []).push(item);
  return members;
}

function tilesOf(cost: ClusterCost, { features, matrix }: Case): number[][] {
  return membersOf(cost).map((items) =>
    Array.from({ length: features.count }, (_, f) => items.reduce((sum, item) => sum + (matrix[item]?.[f] ?? 0), 0)),
  );
}

const prices = { product: 3, group: 20 };

function liveCost(cost: ClusterCost, each: Case): number {
  const { groups } = each.features;
  return tilesOf(cost, each).reduce((sum, tiles) => {
    const live = groups.slice(1).filter((end, g) => tiles.slice(groups[g], end).some((worth) => worth > 0)).length;
    return sum + prices.product * tiles.filter((worth) => worth > 0).length + prices.group * live;
  }, 0);
}

const cap = 0.8;

function cappedCost(cost: ClusterCost, each: Case): number {
  return tilesOf(cost, each).reduce(
    (sum, tiles) => sum + tiles.reduce((all, worth) => all + Math.min(worth, cap), 0),
    0,
  );
}

describe.each([
  {
    name: 'live tiles',
    make: ({ features, order, size }: Case): ClusterCost => new LiveTiles(new BitRows(features), order, size, prices),
    costOf: liveCost,
  },
  {
    name: 'capped worths',
    make: ({ features, order, size }: Case): ClusterCost => new TileMasses(denseFeatures(features), order, size, cap),
    costOf: cappedCost,
  },
])('$name', ({ make, costOf }) => {
  test('change by what an exchange is said to change', () => {
    fc.assert(
      fc.property(cases, fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 8 }), (each, pairs) => {
        const cost = make(each);
        const { items } = each.features;
        for (const [a, b] of pairs.map((pair) => pair.map((item) => item % items) as [number, number])) {
          if (cost.clusterOf[a] === cost.clusterOf[b]) continue;
          const before = costOf(cost, each);
          const change = cost.change(a, b);
          cost.swap(a, b);
          expect(costOf(cost, each) - before).toBeCloseTo(change, 9);
        }
      }),
    );
  });

  test('never rise in a search, and clusters keep their sizes', () => {
    fc.assert(
      fc.property(cases, (each) => {
        const cost = make(each);
        const before = costOf(cost, each);
        const sizes = membersOf(cost).map(({ length }) => length);
        const exchanges = exchange(cost, 50);
        const after = costOf(cost, each);
        expect(after).toBeLessThanOrEqual(before + 1e-9);
        if (exchanges > 0) expect(after).toBeLessThan(before);
        expect(membersOf(cost).map(({ length }) => length)).toEqual(sizes);
        expect(exchange(cost, 50), 'nothing is left to exchange').toBe(0);
      }),
    );
  });
});

describe('growing clusters', () => {
  test('places every item once, those without anything last', () => {
    fc.assert(
      fc.property(cases, fc.option(fc.nat(), { nil: undefined }), ({ features, matrix, size }, seed) => {
        const order = growClusters(new BitRows(features), size, seed === undefined ? undefined : seededRandom(seed));
        expect([...order].sort((a, b) => a - b)).toEqual(Array.from(matrix.keys()));
        const isLive = [...order].map((item) => matrix[item]?.some((worth) => worth > 0) === true);
        expect(isLive.lastIndexOf(true)).toBe(isLive.filter(Boolean).length - 1);
      }),
    );
  });

  test('puts items of the same tiles together', () => {
    const visit: TileFeatures['visit'] = (each) => {
      for (let item = 0; item < 12; item++) each(item, item % 3, 1);
    };
    const rows = new BitRows({ items: 12, count: 3, groups: [0, 3], visit });
    const order = orderClusters(growClusters(rows, 4), 4, (items) => unionSize(rows, items));
    expect([...order]).toEqual([0, 3, 6, 9, 1, 4, 7, 10, 2, 5, 8, 11]);
  });
});

test('a population count is the number of ones', () => {
  fc.assert(
    fc.property(fc.integer(), (word) => {
      expect(popcount(word)).toBe((word >>> 0).toString(2).replaceAll('0', '').length);
    }),
  );
});
