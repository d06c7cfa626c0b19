/** Prunes whole tiles of weights, and with them the rotations and ciphertexts that only they needed. */
import { z } from 'zod';

import { errorNeedsSamples, goalNotReached, noTiles, oneOf } from '../../ir/diagnostics/pruning/tiles.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { type LayerWeights, replaceWeights, weightsOf } from '../../ir/tensor/weight-layers.ts';
import { definePass, type PassContext } from '../base/pass.ts';
import { cutOf, cutOptions } from './tiles/cut-options.ts';
import { type NetworkTiles, tilesOf } from './tiles/network-tiles.ts';
import { OutputError } from './statistics/output-error.ts';
import type { Cut } from './tiles/partition.ts';
import { type Goal, isReached, type Scope, selectByError, selectByScore } from './tiles/select-tiles.ts';
import { tileCriteria, tileScores } from './tiles/tile-scores.ts';

const share = z.number().min(0).lt(1);

const options = z.strictObject({
  ...cutOptions,
  criterion: z.enum([...tileCriteria, 'error']).default('mean'),
  scope: z.enum(['local', 'global']).default('global'),
  sparsity: share.optional(),
  threshold: z.number().min(0).optional(),
  saving: share.optional(),
  maxError: z.number().positive().optional(),
  compensate: z.boolean().default(false),
  seed: z.int().default(1),
});

type Options = z.output<typeof options>;

const amounts = ['sparsity', 'threshold', 'saving', 'maxError'] as const;

const zeroStatistics = {
  tiles: 0,
  dropped: 0,
  live: 0,
  weights: 0,
  rotations: 0,
  ciphertexts: 0,
  saved: 0,
  share: 0,
  error: 0,
};

export const pruneTiles = definePass({
  name: 'prune-tiles',
  level: 'tensor',
  lossy: true,
  doc:
    'Sets all weights of whole tiles to zero, so that their products vanish, and the rotations and ciphertexts that only ' +
    'they needed; `pruned` keeps the values. Tiles are those of `kernels`, or blocks of `tile: [rows, columns]` of the ' +
    'matrices, which with `alternate` change places from layer to layer. `criterion` says what a tile is worth: the ' +
    '`min`, `max` or `mean` of |w|, the share of `non-zeros`, or the `error` of the outputs that dropping it causes on ' +
    'the samples, by second moments of what a layer reads and mean squared derivatives of the outputs, as the mean ' +
    'squared change of an output. By `error` what costs least for each modelled millisecond goes first, single tiles or ' +
    'all tiles that share a rotation or ciphertext; `compensate` lets biases take over the mean of what is dropped. How ' +
    'much goes is one of `sparsity` (share of the tiles that shall be zero), `threshold` (tiles with at most this ' +
    'score), `saving` (share of the modelled cost) and `maxError` (in the unit of `error`); with the scope `local` in ' +
    'each layer by itself, where `maxError` is shared out evenly. What reads only constants is dead as well and keeps ' +
    'its weights for biases; what nobody reads is set to zero. Every layer keeps a tile.',
  options,
  requires: [],
  ensures: [],
  statistics: {
    tiles: 'tiles of the unpruned network',
    dropped: 'tiles that died',
    live: 'tiles that are left',
    weights: 'weights that became zero',
    rotations: 'rotations that are not needed any more',
    ciphertexts: 'ciphertexts that became constants or are not read any more',
    saved: 'modelled milliseconds saved, of blocks their number',
    share: 'share of the modelled cost that is saved in all, earlier pruning included',
    error: 'estimated mean squared change of the outputs, by the criterion error',
  },
  run: (module, given, context) => {
    const cut = checked(given, context);
    if (cut === undefined) return { module, statistics: zeroStatistics };
    const tiles = tilesOf(module, cut);
    if (tiles.graph.tiles === 0) {
      context.report(noTiles({ pass: 'prune-tiles' }));
      return { module, statistics: zeroStatistics };
    }
    const { deadCount, deadRotations, deadCiphertexts, saved } = tiles;
    const error = given.criterion === 'error' ? errorOf(module, tiles, given, context) : undefined;
    const increase = dropTiles(tiles, error, given, context);
    const changes = changedWeights(tiles, given.compensate ? error : undefined);
    return {
      module: replaceWeights(module, changes.layers),
      statistics: {
        tiles: tiles.graph.tiles,
        dropped: tiles.deadCount - deadCount,
        live: tiles.graph.tiles - tiles.deadCount,
        weights: changes.count,
        rotations: tiles.deadRotations - deadRotations,
        ciphertexts: tiles.deadCiphertexts - deadCiphertexts,
        saved: rounded(tiles.saved - saved),
        share: rounded(tiles.saved / tiles.cost),
        error: rounded(increase),
      },
    };
  },
});

/** How to cut, or undefined and reports where options contradict one another. */
function checked(given: Options, { samples, report }: PassContext): Cut | undefined {
  const cut = cutOf('prune-tiles', given, report);
  const chosen = amounts.filter((amount) => given[amount] !== undefined);
  if (chosen.length !== 1) report(oneOf({ pass: 'prune-tiles', options: amounts, given: chosen }));
  const byError = given.criterion === 'error';
  const sampleOptions = [
    ...(byError ? ['criterion error'] : []),
    ...(given.maxError === undefined ? [] : ['maxError']),
    ...(given.compensate ? ['compensate'] : []),
  ];
  const refusedOptions = sampleOptions.filter(() => !byError || samples.length === 0);
  for (const option of refusedOptions) report(errorNeedsSamples({ option }));
  return chosen.length === 1 && refusedOptions.length === 0 ? cut : undefined;
}

function errorOf(
  module: TensorModule,
  { graph }: NetworkTiles,
  { compensate, seed }: Options,
  { samples }: PassContext,
): OutputError {
  const nodes = graph.layers.map(({ node }) => node);
  return OutputError.measure(module, nodes, samples, { centred: compensate, seed });
}

/** Takes tiles out until the goal is reached, and returns by how much the error of the outputs is estimated to grow. */
function dropTiles(tiles: NetworkTiles, error: OutputError | undefined, given: Options, context: PassContext): number {
  const { layers, firstTile } = tiles.graph;
  const scopes: Scope[] = given.scope === 'global' ? ['all'] : [...layers.keys()];
  const goals = scopes.map((scope) => ({ scope, goal: goalOf(tiles, scope, given) }));
  let increase = 0;
  if (error !== undefined) {
    for (const { scope, goal } of goals) increase += selectByError(tiles, error, scope, goal);
  } else if (given.criterion !== 'error') {
    const scores = new Float64Array(tiles.graph.tiles);
    for (const [k, layer] of layers.entries()) scores.set(tileScores(layer, given.criterion), firstTile[k]);
    for (const { scope, goal } of goals) selectByScore(tiles, scores, scope, goal);
  }
  if (goals.some(({ scope, goal }) => !isReached(tiles, scope, goal))) warnOfMiss(tiles, given, context);
  return increase;
}

function goalOf(tiles: NetworkTiles, scope: Scope, { sparsity, threshold, saving, maxError }: Options): Goal {
  const { graph } = tiles;
  const count = scope === 'all' ? graph.tiles : (graph.layers[scope]?.tiles ?? 0);
  const cost = scope === 'all' ? tiles.cost : (tiles.costInLayer[scope] ?? 0);
  return {
    deadTiles: sparsity === undefined ? Infinity : Math.round(sparsity * count),
    saved: saving === undefined ? Infinity : saving * cost,
    score: threshold ?? Infinity,
    error: maxError === undefined ? Infinity : maxError / (scope === 'all' ? 1 : graph.layers.length),
  };
}

/** Thresholds and bounds of the error end by themselves. */
function warnOfMiss(tiles: NetworkTiles, { sparsity, saving }: Options, { report }: PassContext): void {
  const percent = (x: number): string => `${rounded(100 * x)} %`;
  if (sparsity !== undefined) {
    const got = percent(tiles.deadCount / tiles.graph.tiles);
    report(goalNotReached({ wanted: `${percent(sparsity)} of the tiles dropped`, got }));
  } else if (saving !== undefined) {
    report(goalNotReached({ wanted: `${percent(saving)} of the cost saved`, got: percent(tiles.saved / tiles.cost) }));
  }
}

/** What replaces the weights and biases of each layer that lost any, and how many weights became zero. */
function changedWeights(
  tiles: NetworkTiles,
  compensated: OutputError | undefined,
): { readonly layers: ReadonlyMap<ValueId, LayerWeights>; readonly count: number } {
  const layers = new Map<ValueId, LayerWeights>();
  let count = 0;
  for (const [k, { node }] of tiles.graph.layers.entries()) {
    const weights = weightsOf(node).values.slice();
    const pruned = node.attrs.pruned?.values.slice() ?? new Float64Array(weights.length);
    let changed = 0;
    for (let w = 0; w < weights.length; w++) {
      const value = weights[w] ?? 0;
      if (value === 0 || (tiles.isAlive(k, w) && !tiles.isUnread(k, w))) continue;
      weights[w] = 0;
      pruned[w] = value;
      changed++;
    }
    if (changed === 0) continue;
    count += changed;
    const means = compensated?.removedMeans(k);
    const bias = means && node.attrs.bias.values.map((offset, row) => offset + (means[row] ?? 0));
    layers.set(node.id, { weights, pruned, ...(bias && { bias }) });
  }
  return { layers, count };
}

function rounded(x: number): number {
  return Number(x.toPrecision(6));
}
