/**
 * Looks for an order of every axis in which tiles of weights that are zero, or matter little, are as many as can be:
 * axes are clustered in turn, each by the tiles that the others make at that moment, until nothing improves (the permute
 * of HE-PEx, arXiv 2207.03384, with exchanges of single elements after each clustering).
 */
import type { ValueId } from '../../../ir/op.ts';
import { seededRandom, type SeededRandom } from '../../../ir/random.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { type WeightNode, weightsOf } from '../../../ir/tensor/weight-layers.ts';
import type { PassContext } from '../../base/pass.ts';
import type { Orders } from './apply-permutation.ts';
import { weightScores } from '../statistics/criteria.ts';
import type { TilePrices } from './live-tiles.ts';
import { LiveTilesGoal, type OrderGoal, WeakTilesGoal } from './order-goals.ts';
import { type PermutableAxes, permutableAxes } from './permutable-axes.ts';
import type { Arrangement } from './tile-features.ts';
import { weightProblem, type WeightProblem } from './weight-blocks.ts';
import type { TileShape } from '../../../ir/tile/place-weights.ts';

export interface OrderOptions {
  /** Of every node with weights that counts. */
  readonly tiles: ReadonlyMap<ValueId, TileShape>;
  /**
   * `mask`: few tiles with any weight that is not zero. `magnitude`: little worth in the weakest tiles, where a weight is
   * worth how far the outputs move without it on the samples (its square where there are none). Default mask.
   */
  readonly weights?: 'mask' | 'magnitude';
  /** For `magnitude`: the share of the tiles that is to be weak. Default 0.5. */
  readonly weakest?: number;
  /** Of the attempts after the first. Default 1. */
  readonly seed?: number;
  /** Beginnings, of which the best end is taken. Default 2 for `mask`, 1 for `magnitude`. */
  readonly attempts?: number;
  /** Most times that all axes are clustered in an attempt. Default 12. */
  readonly rounds?: number;
  /** Whether elements are exchanged after clustering. Default true. */
  readonly exchange?: boolean;
  /** Default 1 for a product, 20 for a ciphertext of an operand or result. */
  readonly prices?: TilePrices;
}

export interface FoundOrders {
  /** Of the axes that move; empty where the order of the model is as good as any that was found. */
  readonly orders: Orders;
  /** Times that clustering all axes anew improved on the beginning, in the attempt that was taken. */
  readonly rounds: number;
}

/** Samples beyond these change no ranking of weights worth the time. */
const mostSamples = 256;

/** Rounds of exchanges after each clustering: more of them find the same a little later. */
const exchangeRounds = 4;

/** A round that gains less than this share is the last one. */
const leastGain = 0.002;

export function findOrders(module: TensorModule, options: OrderOptions, context: Pick<PassContext, 'samples'>): Orders {
  return searchOrders(module, options, context).orders;
}

/** Deterministic in its arguments. Throws `HepcError` (H312) where a sample gives values that are not finite. */
export function searchOrders(
  module: TensorModule,
  options: OrderOptions,
  context: Pick<PassContext, 'samples'>,
): FoundOrders {
  const { weights = 'mask', weakest = 0.5, seed = 1, prices = { product: 1, group: 20 } } = options;
  const axes = permutableAxes(module);
  const problem = weightProblem(module, axes, options.tiles, worthOfWeights(module, weights, context));
  const first = problem.axes.map((items) => Int32Array.from({ length: items }, (_, item) => item));
  const goal = weights === 'mask' ? new LiveTilesGoal(problem, prices) : new WeakTilesGoal(problem, first, weakest);
  const sizes = clusterSizes(problem);
  const { rounds = 12, exchange = true, attempts = weights === 'mask' ? 2 : 1 } = options;
  const search = { goal, sizes, rounds, exchangeRounds: exchange ? exchangeRounds : 0 };
  let best: Candidate = { arrangement: first, cost: goal.cost(first), rounds: 0 };
  for (let attempt = 0; attempt < attempts; attempt++) {
    const random = attempt === 0 ? undefined : seededRandom(seed).fork(attempt);
    const found = alternate(search, begin(search, first, random), random);
    if (found.cost < best.cost) best = found;
  }
  return { orders: ordersOf(axes, best.arrangement), rounds: best.rounds };
}

function worthOfWeights(
  module: TensorModule,
  weights: 'mask' | 'magnitude',
  { samples }: Pick<PassContext, 'samples'>,
): (node: WeightNode) => Float64Array {
  if (weights === 'mask') return (node) => weightsOf(node).values.map((w) => (w === 0 ? 0 : 1));
  const criterion = samples.length === 0 ? 'l2' : 'error';
  const scores = weightScores(module, criterion, { seed: 0, samples: samples.slice(0, mostSamples) });
  return (node) => scores.get(node.id) ?? new Float64Array(weightsOf(node).data.length);
}

/** The largest tile that any layer has along each axis; 0 for an axis that no clustering changes anything for. */
function clusterSizes({ axes, blocks }: WeightProblem): number[] {
  return axes.map((items, axis) => {
    const sides = blocks.flatMap(({ rows, columns }) => [rows, columns]).filter((side) => side.axis === axis);
    const size = Math.max(1, ...sides.map(({ tile }) => tile));
    return size > 1 && size < items ? size : 0;
  });
}

interface Search {
  readonly goal: OrderGoal;
  readonly sizes: readonly number[];
  readonly rounds: number;
  readonly exchangeRounds: number;
}

interface Candidate {
  readonly arrangement: readonly Int32Array[];
  readonly cost: number;
  readonly rounds: number;
}

/** Axis after axis, by what the items themselves have until an axis has clusters. */
function begin({ goal, sizes }: Search, first: Arrangement, random: SeededRandom | undefined): readonly Int32Array[] {
  const arrangement = [...first];
  const alone = new Set(sizes.keys());
  for (const [axis, size] of sizes.entries()) {
    if (size === 0) continue;
    arrangement[axis] = goal.start({ axis, size, arrangement, alone }, random);
    alone.delete(axis);
  }
  for (const [axis, size] of sizes.entries()) {
    if (size > 0) arrangement[axis] = goal.exchanged({ axis, size, arrangement }, 0);
  }
  return arrangement;
}

function alternate(
  { goal, sizes, ...most }: Search,
  start: readonly Int32Array[],
  random: SeededRandom | undefined,
): Candidate {
  let best: Candidate = { arrangement: start, cost: goal.cost(start), rounds: 0 };
  for (let round = 1; round <= most.rounds; round++) {
    const before = best.cost;
    for (const [axis, size] of sizes.entries()) {
      if (size === 0) continue;
      const current = best.arrangement;
      const clustered = goal.clustered({ axis, size, arrangement: current }, random);
      for (const from of clustered === undefined ? [current] : [current.with(axis, clustered), current]) {
        const order = goal.exchanged({ axis, size, arrangement: from }, most.exchangeRounds);
        const arrangement = from.with(axis, order);
        const cost = goal.cost(arrangement);
        if (cost < best.cost) best = { arrangement, cost, rounds: round };
      }
    }
    if (best.cost >= before * (1 - leastGain)) break;
  }
  return best;
}

function ordersOf({ axes }: PermutableAxes, arrangement: Arrangement): Orders {
  const orders = new Map<string, Int32Array>();
  for (const [k, { name }] of axes.entries()) {
    const order = arrangement[k];
    if (order?.some((from, to) => from !== to) === true) orders.set(name, order);
  }
  return orders;
}
