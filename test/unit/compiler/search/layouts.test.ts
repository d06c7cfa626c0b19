/** The layout search against every combination of kernels there is. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  costOfChoice,
  leastCost,
  type LayoutChoice,
  searchLayouts,
} from '../../../../compiler/layouts/choose-layouts.ts';
import { type CostModel, costModel, type Prices } from '../../../../compiler/layouts/cost.ts';
import { KernelCatalogue } from '../../../../compiler/layouts/kernel-catalogue.ts';
import { networkDepth } from '../../../../compiler/layouts/network-depth.ts';
import { type NodeChoice, NodeChooser } from '../../../../compiler/layouts/node-choices.ts';
import { packNetwork } from '../../../../compiler/search/pack-network.ts';
import { lowerToTile } from '../../../../compiler/lowering/to-tile.ts';
import { defaultProfile } from '../../../../costs/profiles.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { evaluateTile } from '../../../../ir/interpret/tile.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import type { Layout } from '../../../../ir/tile/layout.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { denseChain, residual, samplesOf } from '../../../support/tiny-networks.ts';

const prices = fc.record({
  millisecond: fc.constantFrom(0.01, 1),
  uploadByte: fc.constantFrom(0, 1e-5, 1),
  downloadByte: fc.constantFrom(0, 1e-5),
  memoryByte: fc.constantFrom(0, 1e-6, 1),
});

const networks = fc.oneof(
  fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 2, maxLength: 3 }).map(denseChain),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 3 })).map(([n, m]) => residual(n, 2, m)),
);

function model(money: Prices): CostModel {
  return costModel({ degree: 4096, profile: defaultProfile, primes: 3, prices: money });
}

/** The cheapest way over all ways, each followed to its end. */
function cheapestOfAll(catalogue: KernelCatalogue, costs: CostModel, spareLevels: number): number {
  const chooser = new NodeChooser(catalogue);
  const { nodes } = catalogue.module;
  const known = new Map<string, number>();
  const rest = (at: number, layouts: ReadonlyMap<number, Layout>, extra: number): number => {
    const node = nodes[at];
    if (node === undefined) return extra === 0 ? 0 : Infinity;
    // What is left costs the same however one came to these layouts.
    const key = `${at} ${extra} ${[...layouts].map(([id, layout]) => `${id}${layout.toString()}`).join(' ')}`;
    const before = known.get(key);
    if (before !== undefined) return before;
    let least = Infinity;
    for (const { choice, deepens } of chooser.options(node, layouts, extra > 0)) {
      if (deepens && extra === 0) continue;
      const left = deepens ? extra - 1 : extra;
      const next = new Map(layouts);
      if (choice.layout !== undefined) next.set(choice.node, choice.layout);
      least = Math.min(least, chooser.cost(choice, left, costs) + rest(at + 1, next, left));
    }
    known.set(key, least);
    return least;
  };
  const extras = Array.from({ length: spareLevels + 1 }, (_, extra) => rest(0, new Map(), extra));
  return Math.min(...extras);
}

function expectSameValues(module: TensorModule, choice: LayoutChoice): void {
  const tile = lowerToTile(module, choice);
  for (const sample of samplesOf(module, 2)) {
    const got = evaluateTile(tile, sample).get('y') ?? new Float64Array();
    const expected = evaluateTensor(module, sample).get('y') ?? new Float64Array();
    expect(got).toHaveLength(expected.length);
    got.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i] ?? NaN, 9);
    });
  }
}

function textOf(choice: NodeChoice | undefined): string {
  const kernels = choice?.operands.map(({ pack, kernel }) => [pack?.toString(), JSON.stringify(kernel?.kernel)]);
  return JSON.stringify([kernels, choice?.layout?.toString()]);
}

describe('the layout search', () => {
  test('finds the cheapest of all choices, with and without moving values', () => {
    fc.assert(
      fc.property(
        networks,
        fc.constantFrom(4, 16, 32),
        fc.nat(1),
        prices,
        (module, virtualSlots, spareLevels, money) => {
          const catalogue = new KernelCatalogue(module, { virtualSlots, batchTile: 1 });
          const costs = model(money);
          const options = { finalists: 3, limit: Infinity, spareLevels };
          const { choices, exact } = searchLayouts(catalogue, costs, options);
          const least = cheapestOfAll(catalogue, costs, spareLevels);
          expect(exact || least === Infinity).toBe(true);
          const [best] = choices;
          if (best === undefined || !exact) throw new Error('nothing was found');
          expect(best.cost / least).toBeCloseTo(1, 9);
          expect(costOfChoice(catalogue, best, costs) / least).toBeCloseTo(1, 9);
          expect(leastCost(catalogue, costs)).toBeLessThanOrEqual(least * (1 + 1e-12));
          expect(choices.map(({ cost }) => cost)).toEqual(choices.map(({ cost }) => cost).sort((a, b) => a - b));
          for (const choice of choices) expectSameValues(module, choice);
        },
      ),
      { numRuns: 40 },
    );
  });

  test('finds nothing below a limit, and the same above', () => {
    const catalogue = new KernelCatalogue(denseChain([6, 5, 4]), { virtualSlots: 32, batchTile: 1 });
    const costs = model({ millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 });
    const find = (limit: number) => searchLayouts(catalogue, costs, { finalists: 1, limit, spareLevels: 0 }).choices;
    const cost = find(Infinity)[0]?.cost ?? NaN;
    expect(find(cost * 0.999)).toEqual([]);
    expect(find(cost * 1.001)[0]?.cost).toBe(cost);
  });

  test('tells for every layer what else it weighed, and what that would cost', () => {
    const catalogue = new KernelCatalogue(denseChain([8, 6, 3]), { virtualSlots: 32, batchTile: 1 });
    const costs = model({ millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 });
    const search = searchLayouts(catalogue, costs, { finalists: 1, limit: Infinity, spareLevels: 0 });
    const [best] = search.choices;
    if (best === undefined) throw new Error('nothing was found');
    const alternatives = search.alternatives(best);
    for (const [id, ways] of alternatives) {
      expect(Math.min(...ways.map(({ total }) => total)), String(id)).toBeCloseTo(best.cost, 9);
      const chosen: NodeChoice | undefined = best.nodes.get(id);
      const same = ways.find(({ choice }) => textOf(choice) === textOf(chosen));
      expect(same?.total).toBeCloseTo(best.cost, 9);
    }
    expect(Math.max(...[...alternatives.values()].map(({ length }) => length))).toBeGreaterThan(1);
  });
});

test('programs are as deep as the search reckons, values that are moved included', () => {
  const depths = fc.tuple(networks, fc.constantFrom(8, 64), fc.nat(2));
  fc.assert(
    fc.property(depths, ([module, virtualSlots, spareLevels]) => {
      const catalogue = new KernelCatalogue(module, { virtualSlots, batchTile: 1 });
      const costs = model({ millisecond: 1, uploadByte: 0, downloadByte: 0, memoryByte: 0 });
      const samples = samplesOf(module, 2);
      const options = { samples, manager: new PassManager(samples), weights: 'plain' as const };
      for (const choice of searchLayouts(catalogue, costs, { finalists: 3, limit: Infinity, spareLevels }).choices) {
        const reckoned = networkDepth(module).depth + (choice.extraLevels[0] ?? 0);
        const packed = packNetwork(module, choice, options);
        if ('needs' in packed) throw new Error('its values overflow');
        expect(packed.depth).toBeLessThanOrEqual(reckoned);
      }
    }),
    { numRuns: 30 },
  );
});

test('layers of the same structure share their kernels', () => {
  const module = denseChain([6, 6, 6, 6]);
  const catalogue = new KernelCatalogue(module, { virtualSlots: 32, batchTile: 1 });
  const [, second, third] = module.nodes.filter(({ op }) => op === 'dense');
  if (second === undefined || third === undefined) throw new Error('the network has three layers');
  const input = catalogue.plain(6);
  expect(catalogue.kernelsFor(second, input)).toBe(catalogue.kernelsFor(third, input));
  expect(catalogue.kernelsFor(second, undefined)).not.toBe(catalogue.kernelsFor(third, undefined));
});
