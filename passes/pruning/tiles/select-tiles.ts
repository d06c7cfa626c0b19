/**
 * Which tiles go: those of the lowest scores, or greedily what raises the error of the outputs least for each millisecond
 * saved. A greedy move takes a single tile, or all live tiles of a resource, since what tiles share is saved with the
 * last of them only. Moves wait in a heap by the ratio that they had when last looked at; the first one is looked at
 * again before it is made (Minoux 1978, Accelerated greedy algorithms). When tiles of a resource go, the rest of it
 * becomes cheaper to take: its ratio is lowered by what they contributed, and verified when it comes up.
 *
 * No move takes the last live tile of a layer.
 */
import { MinHeap } from './min-heap.ts';
import type { Effect, NetworkTiles } from './network-tiles.ts';
import type { OutputError } from '../statistics/output-error.ts';

/** When to stop, and what is not allowed; what is of no concern is Infinity. */
export interface Goal {
  /** Enough: dead tiles, milliseconds saved. What was dead before counts. */
  readonly deadTiles: number;
  readonly saved: number;
  /** At most: the score of a tile, by the criterion 'error' the error by which it is dropped; the error of all. */
  readonly score: number;
  readonly error: number;
}

/** Where tiles may go: in one layer, or anywhere. */
export type Scope = number | 'all';

/** Takes tiles in ascending order of `scores`, one for each tile of the network. */
export function selectByScore(tiles: NetworkTiles, scores: Float64Array, scope: Scope, goal: Goal): void {
  const live = liveTiles(tiles, scope).filter((tile) => (scores[tile] ?? 0) <= goal.score);
  live.sort((a, b) => (scores[a] ?? 0) - (scores[b] ?? 0) || a - b);
  for (const tile of live) {
    if (isReached(tiles, scope, goal)) return;
    if (!tiles.isDead(tile) && !tiles.tryTiles([tile]).endsLayer) tiles.removeTiles([tile]);
  }
}

/** Takes moves in ascending order of error for each millisecond; returns the error that they cause. */
export function selectByError(tiles: NetworkTiles, error: OutputError, scope: Scope, goal: Goal): number {
  return new Selection(tiles, error, scope, goal).run();
}

/** Whether as much is dead or saved in the scope as the goal wants. */
export function isReached(tiles: NetworkTiles, scope: Scope, { deadTiles, saved }: Goal): boolean {
  const savedHere = scope === 'all' ? tiles.saved : (tiles.savedInLayer[scope] ?? 0);
  return deadIn(tiles, scope) >= deadTiles || savedHere >= saved;
}

function deadIn(tiles: NetworkTiles, scope: Scope): number {
  return scope === 'all' ? tiles.deadCount : (tiles.deadInLayer[scope] ?? 0);
}

function liveTiles(tiles: NetworkTiles, scope: Scope): number[] {
  const { graph } = tiles;
  const first = scope === 'all' ? 0 : (graph.firstTile[scope] ?? 0);
  const end = scope === 'all' ? graph.tiles : (graph.firstTile[scope + 1] ?? 0);
  return Array.from({ length: end - first }, (_, k) => first + k).filter((tile) => !tiles.isDead(tile));
}

/** Moves are numbered: all tiles first, then all resources. */
class Selection {
  private readonly tiles: NetworkTiles;
  private readonly error: OutputError;
  private readonly scope: Scope;
  private readonly goal: Goal;
  private readonly heap = new MinHeap();
  /** By move: what it would cause and save when last looked at, less what has gone of it since. */
  private readonly errors: Float64Array;
  private readonly savings: Float64Array;
  /** By move: entries of the heap with another version are out of date. */
  private readonly versions: Int32Array;
  private total = 0;

  constructor(tiles: NetworkTiles, error: OutputError, scope: Scope, goal: Goal) {
    this.tiles = tiles;
    this.error = error;
    this.scope = scope;
    this.goal = goal;
    const { graph } = tiles;
    const moves = graph.tiles + graph.resources.length;
    this.errors = new Float64Array(moves);
    this.savings = new Float64Array(moves);
    this.versions = new Int32Array(moves);
    const own = graph.resources.flatMap(({ layer }, r) =>
      scope === 'all' || layer === scope ? [graph.tiles + r] : [],
    );
    for (const move of [...liveTiles(tiles, scope), ...own]) {
      const members = this.membersOf(move);
      if (members.length > 0) this.note(move, this.errorOf(members), tiles.tryTiles(members));
    }
  }

  run(): number {
    while (!isReached(this.tiles, this.scope, this.goal)) {
      const entry = this.heap.pop();
      if (entry === undefined) break;
      const { item: move, tag } = entry;
      const members = this.versions[move] === tag ? this.membersOf(move) : [];
      if (members.length === 0) continue;
      const error = this.errorOf(members);
      const effect = this.tiles.tryTiles(members);
      if (error / effect.milliseconds > this.heap.least && error / effect.milliseconds > entry.key)
        this.note(move, error, effect);
      else if (this.isAllowed(members, error, effect)) this.take(members);
    }
    return this.total;
  }

  private note(move: number, error: number, { milliseconds }: Pick<Effect, 'milliseconds'>): void {
    this.errors[move] = error;
    this.savings[move] = milliseconds;
    const version = (this.versions[move] ?? 0) + 1;
    this.versions[move] = version;
    this.heap.push(error / milliseconds, move, version);
  }

  private membersOf(move: number): readonly number[] {
    const { graph } = this.tiles;
    const tiles = move < graph.tiles ? [move] : (graph.resources[move - graph.tiles]?.tiles ?? []);
    return tiles.filter((tile) => !this.tiles.isDead(tile));
  }

  private isAllowed(members: readonly number[], error: number, { tiles, endsLayer }: Effect): boolean {
    const { deadTiles, score } = this.goal;
    if (endsLayer || this.total + error > this.goal.error || error > score * tiles) return false;
    // A whole resource must not shoot past the number that is wanted; single tiles fill the rest.
    return members.length === 1 || deadIn(this.tiles, this.scope) + tiles <= deadTiles;
  }

  private take(members: readonly number[]): void {
    for (const [layer, weights] of this.weightsOf(members)) this.total += this.error.remove(layer, weights);
    const { graph } = this.tiles;
    const changed = new Set<number>();
    for (const tile of this.tiles.removeTiles(members)) {
      for (const resource of graph.resourcesOf[tile] ?? []) {
        const move = graph.tiles + resource;
        changed.add(move);
        this.errors[move] = (this.errors[move] ?? 0) - (this.errors[tile] ?? 0);
        this.savings[move] = (this.savings[move] ?? 0) - graph.priceOf(tile);
      }
    }
    for (const move of changed) {
      // Moves that were never looked at belong to other layers.
      if (this.versions[move] === 0) continue;
      const milliseconds = Math.max(this.savings[move] ?? 0, Number.MIN_VALUE);
      this.note(move, this.errors[move] ?? 0, { milliseconds });
    }
  }

  private errorOf(members: readonly number[]): number {
    let sum = 0;
    for (const [layer, weights] of this.weightsOf(members)) sum += this.error.increase(layer, weights);
    return sum;
  }

  /** The weights of these tiles that are not zero, ascending, by layer. */
  private weightsOf(members: readonly number[]): Map<number, Int32Array> {
    const [only] = members;
    const { layerOf } = this.tiles.graph;
    if (members.length === 1 && only !== undefined)
      return new Map([[layerOf[only] ?? -1, this.tiles.aliveWeightsOf(only)]]);
    const byLayer = Map.groupBy(members, (tile) => layerOf[tile] ?? -1);
    return new Map(
      [...byLayer].map(([layer, tiles]) => {
        const weights = new Set(tiles.flatMap((tile) => [...this.tiles.aliveWeightsOf(tile)]));
        return [layer, Int32Array.from(weights).sort()];
      }),
    );
  }
}
