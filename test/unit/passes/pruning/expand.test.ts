import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { kernelsAtInput } from '../../../../compiler/kernels/client-packing.ts';
import { chooseLayouts } from '../../../../compiler/layouts/choose-layouts.ts';
import { defaultCosts } from '../../../../compiler/layouts/cost.ts';
import { layerKernels } from '../../../../compiler/layouts/layer-kernels.ts';
import { linearMapOf } from '../../../../ir/tensor/linear-map.ts';
import type { TensorModule } from '../../../../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../../../../ir/tensor/weight-layers.ts';
import { expand } from '../../../../passes/pruning/expand.ts';
import { PassManager } from '../../../../passes/manager.ts';
import { tilesOf } from '../../../../passes/pruning/tiles/network-tiles.ts';
import type { Cut } from '../../../../passes/pruning/tiles/partition.ts';
import { arbitraryNetwork } from '../../../support/arbitrary-networks.ts';
import { denseLayer, kernelsOf, prunedAtRandom } from '../../../support/pruned-layers.ts';
import { arbitraryMap } from '../../../support/arbitrary-maps.ts';
import { denseChain } from '../../../support/tiny-networks.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function restored(module: TensorModule, cut: Cut): TensorModule {
  const options = 'tile' in cut ? { ...cut, tile: [cut.tile.rows, cut.tile.columns] } : cut;
  return new PassManager([]).run(expand, module, options);
}

/** Restores original values in live tiles only, all that is free, and leaves every tile as alive or dead as it was. */
function expectFree(original: TensorModule, pruned: TensorModule, cut: Cut): void {
  const before = tilesOf(pruned, cut);
  if (before.graph.tiles === 0) return;
  const after = restored(pruned, cut);
  const tiles = tilesOf(after, cut);
  expect(tiles.graph.tiles).toBe(before.graph.tiles);
  for (let tile = 0; tile < tiles.graph.tiles; tile++) expect(tiles.isDead(tile)).toBe(before.isDead(tile));
  expect(tiles.saved).toBeCloseTo(before.saved, 9);
  const originals = new Map(weightNodes(original).map((node) => [node.id, weightsOf(node).values]));
  for (const [layer, { node }] of tiles.graph.layers.entries()) {
    const values = originals.get(node.id) ?? new Float64Array();
    weightsOf(node).values.forEach((w, i) => {
      const old = weightNodes(pruned).find(({ id }) => id === node.id);
      const was = old === undefined ? 0 : (weightsOf(old).values[i] ?? 0);
      const expected = was === 0 && before.isFree(layer, i) ? values[i] : was;
      expect(w).toBe(expected);
    });
  }
  expect(weightNodes(restored(after, cut)).map((node) => weightsOf(node).digest())).toEqual(
    weightNodes(after).map((node) => weightsOf(node).digest()),
  );
}

const shares = fc.constantFrom(0.3, 0.8, 0.97);

describe('expand', () => {
  test('costs nothing in blocks of any network', () => {
    fc.assert(
      fc.property(
        arbitraryNetwork,
        shares,
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        fc.nat(),
        (module, share, rows, columns, alternate, seed) => {
          expectFree(module, prunedAtRandom(module, share, seed), { tile: { rows, columns }, alternate });
        },
      ),
      { numRuns: casesOf({ normal: 18, nightly: 60 }) },
    );
  });

  test('costs nothing in the tiles of every kernel', () => {
    const slots = { virtualSlots: 32, batchTile: 1 };
    fc.assert(
      fc.property(arbitraryMap(16), shares, fc.nat(), (map, share, seed) => {
        const module = denseLayer(map);
        const pruned = prunedAtRandom(module, share, seed);
        for (const option of kernelsAtInput({ map, slots }))
          expectFree(module, pruned, { kernels: kernelsOf(module, option) });
      }),
      { numRuns: casesOf({ normal: 6, nightly: 20 }) },
    );
  });

  test('costs nothing across layers, where constants and unread results end', () => {
    fc.assert(
      fc.property(fc.constantFrom([16, 8, 16, 4], [8, 16, 8]), shares, fc.nat(), (chain, share, seed) => {
        const module = denseChain(chain);
        const choice = chooseLayouts(module, { virtualSlots: 4, batchTile: 4 }, defaultCosts);
        const kernels = layerKernels(module, choice, { degree: 8192, weights: 'plain' });
        expectFree(module, prunedAtRandom(module, share, seed), { kernels });
      }),
      { numRuns: casesOf({ normal: 12, nightly: 40 }) },
    );
  });

  test('restores what kernels made for the pruned layer have room for', () => {
    const slots = { virtualSlots: 32, batchTile: 1 };
    fc.assert(
      fc.property(arbitraryMap(16), shares, fc.nat(), (map, share, seed) => {
        const module = denseLayer(map);
        const pruned = prunedAtRandom(module, share, seed);
        const [node] = weightNodes(pruned);
        const sparse = node && linearMapOf(node, [[map.columns]]);
        if (sparse === undefined || sparse.values.length === 0) return;
        for (const option of kernelsAtInput({ map: sparse, slots }))
          expectFree(module, pruned, { kernels: kernelsOf(pruned, option) });
      }),
      { numRuns: casesOf({ normal: 6, nightly: 20 }) },
    );
  });
});
