/** Reorders neurons so that weights that are zero fill whole tiles; `orders/` finds the orders and applies them. */
import { z } from 'zod';

import { noTiles } from '../../ir/diagnostics/pruning/tiles.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { weightsOf } from '../../ir/tensor/weight-layers.ts';
import { definePass } from '../base/pass.ts';
import { type Orders, permuteModule } from './orders/apply-permutation.ts';
import { cutOf, cutOptions } from './tiles/cut-options.ts';
import { searchOrders } from './orders/find-orders.ts';
import { checkOrders, namedOrdersSchema } from './orders/orders-json.ts';
import { permutableAxes } from './orders/permutable-axes.ts';
import { tileWorths } from './orders/tile-features.ts';
import { blockShapes, tilesOfKernels } from './tiles/tile-shapes.ts';
import { weightProblem } from './orders/weight-blocks.ts';

const price = z.number().min(0);

const options = z.strictObject({
  ...cutOptions,
  orders: namedOrdersSchema.optional(),
  weights: z.enum(['mask', 'magnitude']).default('mask'),
  weakest: z.number().gt(0).max(1).default(0.5),
  seed: z.int().default(1),
  attempts: z.int().min(1).max(100).optional(),
  rounds: z.int().min(1).max(100).default(12),
  exchange: z.boolean().default(true),
  prices: z.strictObject({ product: price, group: price }).default({ product: 1, group: 20 }),
});

const zeroStatistics = { axes: 0, moved: 0, tiles: 0, live: 0, rounds: 0 };

export const permute = definePass({
  name: 'permute',
  level: 'tensor',
  doc:
    'Moves neurons, channels and elements of network inputs to other places, so that weights that are zero fall into ' +
    'common tiles. Rows, biases and coefficients move with the columns that read them; sums and products tie what they ' +
    'join, a flattened channel moves as a block; a gather behind each input and before each output keeps the order of ' +
    'the model outside. Tiles are those of `kernels`, or blocks of `tile: [rows, columns]`, which with `alternate` change ' +
    'places from layer to layer. Each axis is clustered in turn by the tiles that its elements need, into clusters of ' +
    'the size of a tile, and single elements are exchanged while that lowers the cost: `prices` of a product and of a ' +
    'group, which is a ciphertext of operands or results. With `weights: magnitude` the worth of the weakest share ' +
    '`weakest` of the tiles is made small instead, by samples where there are any. `orders` are applied as they are: ' +
    'a list of `{axis, order}` with the axis `rows:K`, of the K-th layer with weights, or `input:NAME`, and the element ' +
    'that comes to stand at each place. Assumes merged linear ops; results change by rounding only.',
  options,
  requires: [],
  ensures: [],
  statistics: {
    axes: 'axes whose elements can change places',
    moved: 'axes whose elements did',
    tiles: 'tiles with weights other than zero before',
    live: 'tiles with weights other than zero after',
    rounds: 'times that clustering every axis anew improved on the first order',
  },
  run: (module, given, context) => {
    if (given.orders !== undefined) {
      const { orders, diagnostics } = checkOrders(given.orders, module);
      for (const diagnostic of diagnostics) context.report(diagnostic);
      return { module: permuteModule(module, orders), statistics: { ...zeroStatistics, ...countAxes(module, orders) } };
    }
    const cut = cutOf('permute', given, context.report);
    if (cut === undefined) return { module, statistics: zeroStatistics };
    const shapesOf = 'kernels' in cut ? tilesOfKernels(cut.kernels) : blockShapes(module, cut.tile, cut.alternate);
    const { attempts, ...search } = given;
    const { orders, rounds } = searchOrders(
      module,
      { ...search, tiles: shapesOf, ...(attempts !== undefined && { attempts }) },
      context,
    );
    const axes = permutableAxes(module);
    const problem = weightProblem(module, axes, shapesOf, (node) =>
      weightsOf(node).values.map((w) => (w === 0 ? 0 : 1)),
    );
    if (problem.blocks.every(({ worth }) => worth.length === 0)) context.report(noTiles({ pass: 'permute' }));
    const before = axes.axes.map(({ items }) => Int32Array.from({ length: items }, (_, item) => item));
    const after = axes.axes.map(({ name }, k) => orders.get(name) ?? before[k] ?? new Int32Array());
    return {
      module: permuteModule(module, orders),
      statistics: {
        ...countAxes(module, orders),
        tiles: tileWorths(problem, before).length,
        live: tileWorths(problem, after).length,
        rounds,
      },
    };
  },
});

function countAxes(module: TensorModule, orders: Orders): { axes: number; moved: number } {
  return { axes: permutableAxes(module).axes.length, moved: orders.size };
}
