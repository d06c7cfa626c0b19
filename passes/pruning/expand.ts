/** Restores pruned weights of tiles that are computed in any case: accuracy that costs nothing. */
import { z } from 'zod';

import { noTiles } from '../../ir/diagnostics/pruning/tiles.ts';
import type { ValueId } from '../../ir/op.ts';
import { type LayerWeights, replaceWeights, weightsOf } from '../../ir/tensor/weight-layers.ts';
import { definePass } from '../base/pass.ts';
import { cutOf, cutOptions } from './tiles/cut-options.ts';
import { tilesOf } from './tiles/network-tiles.ts';

export const expand = definePass({
  name: 'expand',
  level: 'tensor',
  lossy: true,
  doc:
    'Restores every pruned weight that costs nothing: all tiles that it is in are alive without it (HE-PEx, arXiv ' +
    '2207.03384, section 4). A weight of a convolution may be in several tiles and stays zero if one of them is dead. ' +
    'Tiles are those of `kernels`, or blocks of `tile: [rows, columns]`, which with `alternate` change places from ' +
    'layer to layer, as for `prune-tiles`.',
  options: z.strictObject(cutOptions),
  requires: [],
  ensures: [],
  statistics: {
    tiles: 'tiles of the unpruned network',
    live: 'tiles that are alive, before and after',
    restored: 'weights that have their values again',
    left: 'weights that stay pruned',
  },
  run: (module, options, { report }) => {
    const nothing = { module, statistics: { tiles: 0, live: 0, restored: 0, left: 0 } };
    const cut = cutOf('expand', options, report);
    if (cut === undefined) return nothing;
    const tiles = tilesOf(module, cut);
    if (tiles.graph.tiles === 0) {
      report(noTiles({ pass: 'expand' }));
      return nothing;
    }
    const layers = new Map<ValueId, LayerWeights>();
    let restored = 0;
    let left = 0;
    for (const [k, { node }] of tiles.graph.layers.entries()) {
      if (node.attrs.pruned === undefined) continue;
      const weights = weightsOf(node).values.slice();
      const pruned = node.attrs.pruned.values.slice();
      for (let w = 0; w < weights.length; w++) {
        if (weights[w] !== 0 || pruned[w] === 0) continue;
        if (!tiles.isFree(k, w)) {
          left++;
          continue;
        }
        weights[w] = pruned[w] ?? 0;
        pruned[w] = 0;
        restored++;
      }
      layers.set(node.id, { weights, pruned });
    }
    return {
      module: replaceWeights(module, layers),
      statistics: { tiles: tiles.graph.tiles, live: tiles.graph.tiles - tiles.deadCount, restored, left },
    };
  },
});
