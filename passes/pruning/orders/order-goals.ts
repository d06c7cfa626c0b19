/**
 * What an arrangement is to make small, and how the items of one axis are clustered for it while all others stay: by the
 * tiles that are live, or by what is lost when the weakest tiles are pruned.
 */
import type { SeededRandom } from '../../../ir/random.ts';
import { growClusters, orderClusters } from './balanced-clusters.ts';
import { BitRows, unionSize } from './bit-rows.ts';
import { type ClusterCost, exchange } from './exchange.ts';
import { LiveTiles, type TilePrices } from './live-tiles.ts';
import { type Arrangement, liveGroups, tileFeatures, tilesAlong, tileWorths } from './tile-features.ts';
import { denseFeatures, TileMasses } from './tile-masses.ts';
import type { WeightProblem } from './weight-blocks.ts';

/** One axis, to be cut into clusters of `size` items. */
export interface AxisTask {
  readonly axis: number;
  readonly size: number;
  readonly arrangement: Arrangement;
  /** Axes that have not been clustered yet, of which every item counts by itself. */
  readonly alone?: ReadonlySet<number>;
}

export interface OrderGoal {
  readonly cost: (arrangement: Arrangement) => number;
  /** Where to begin; each `random` begins elsewhere. */
  readonly start: (task: AxisTask, random?: SeededRandom) => Int32Array;
  /** New clusters, whatever the order is now; undefined where exchanges alone find them. */
  readonly clustered: (task: AxisTask, random?: SeededRandom) => Int32Array | undefined;
  /** The order of the arrangement after at most `rounds` rounds of exchanges; clusters that have the most come first. */
  readonly exchanged: (task: AxisTask, rounds: number) => Int32Array;
}

/** Few live tiles and ciphertexts. */
export class LiveTilesGoal implements OrderGoal {
  private readonly problem: WeightProblem;
  private readonly prices: TilePrices;

  constructor(problem: WeightProblem, prices: TilePrices) {
    this.problem = problem;
    this.prices = prices;
  }

  cost(arrangement: Arrangement): number {
    const { product, group } = this.prices;
    return product * tileWorths(this.problem, arrangement).length + group * liveGroups(this.problem, arrangement);
  }

  start(task: AxisTask, random?: SeededRandom): Int32Array {
    if (random !== undefined) return this.clustered(task, random);
    const rows = this.rows(task);
    return sortedBy(Float64Array.from({ length: rows.items }, (_, item) => rows.size(item)));
  }

  clustered(task: AxisTask, random?: SeededRandom): Int32Array {
    return growClusters(this.rows(task), task.size, random);
  }

  exchanged(task: AxisTask, rounds: number): Int32Array {
    const { axis, size, arrangement } = task;
    const rows = this.rows(task);
    const order = arrangement[axis] ?? new Int32Array();
    const exchanged = exchangedOrder(new LiveTiles(rows, order, size, this.prices), rounds);
    return orderClusters(exchanged, size, (items) => unionSize(rows, items));
  }

  private rows({ axis, arrangement, alone }: AxisTask): BitRows {
    return new BitRows(tileFeatures(this.problem, axis, arrangement, alone));
  }
}

/** Little worth in the weakest tiles. */
export class WeakTilesGoal implements OrderGoal {
  private readonly problem: WeightProblem;
  /** How many tiles are to be weak, those that hold nothing included, and all tiles. */
  private readonly weak: number;
  private readonly tiles: number;

  /** `share` of the tiles that hold anything in the arrangement `first` are to be weak. */
  constructor(problem: WeightProblem, first: Arrangement, share: number) {
    this.problem = problem;
    this.tiles = problem.blocks.reduce((sum, { rows, columns }) => sum + tilesAlong(rows) * tilesAlong(columns), 0);
    const live = tileWorths(problem, first).length;
    this.weak = this.tiles - live + Math.floor(share * live);
  }

  cost(arrangement: Arrangement): number {
    return this.weakest(arrangement).reduce((sum, worth) => sum + worth, 0);
  }

  /** By what an item has in all: what is weak everywhere comes together. Exchanges then bring like profiles together. */
  start(task: AxisTask, random?: SeededRandom): Int32Array {
    return sortedBy(this.totals(this.features(task), task), random);
  }

  clustered(): undefined {
    return undefined;
  }

  exchanged(task: AxisTask, rounds: number): Int32Array {
    const { axis, size, arrangement } = task;
    const order = arrangement[axis] ?? new Int32Array();
    const cap = this.weakest(arrangement).at(-1) ?? 0;
    const features = this.features(task);
    const exchanged = exchangedOrder(new TileMasses(features, order, size, cap), rounds);
    const totals = this.totals(features, task);
    return orderClusters(exchanged, size, (items) => items.reduce((sum, item) => sum + (totals[item] ?? 0), 0));
  }

  /** What the weak tiles hold, ascending, without those that hold nothing. */
  private weakest(arrangement: Arrangement): Float64Array {
    const worths = tileWorths(this.problem, arrangement).sort();
    return worths.subarray(0, Math.max(0, this.weak - (this.tiles - worths.length)));
  }

  private features({ axis, arrangement, alone }: AxisTask): Float64Array {
    return denseFeatures(tileFeatures(this.problem, axis, arrangement, alone));
  }

  private totals(features: Float64Array, { axis }: AxisTask): Float64Array {
    const items = this.problem.axes[axis] ?? 0;
    const count = features.length / items;
    return Float64Array.from({ length: items }, (_, item) =>
      features.subarray(item * count, (item + 1) * count).reduce((sum, worth) => sum + worth, 0),
    );
  }
}

/** Items from the largest total to the smallest; shaken, an item may stand before one of up to twice its total. */
function sortedBy(totals: Float64Array, random?: SeededRandom): Int32Array {
  const keys = random === undefined ? totals : totals.map((total) => total * (1 + random.uniform()));
  return Int32Array.from(keys.keys()).sort((a, b) => (keys[b] ?? 0) - (keys[a] ?? 0) || a - b);
}

function exchangedOrder(cost: ClusterCost, rounds: number): Int32Array {
  exchange(cost, rounds);
  const { clusterOf } = cost;
  return Int32Array.from(clusterOf.keys()).sort((a, b) => (clusterOf[a] ?? 0) - (clusterOf[b] ?? 0) || a - b);
}
