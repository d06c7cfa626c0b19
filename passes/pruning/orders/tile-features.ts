/**
 * What each item of an axis has in the tiles of the layers that it belongs to, the other side of each layer standing
 * where it stands now. A feature is a tile's place on the other side; features of one ciphertext are neighbours.
 */
import type { BlockSide, WeightProblem } from './weight-blocks.ts';

/** For each axis the item at each position. */
export type Arrangement = readonly Int32Array[];

export interface TileFeatures {
  readonly items: number;
  /** Features in all. */
  readonly count: number;
  /** The first feature of each group; the last entry is `count`. */
  readonly groups: readonly number[];
  /** Calls back for everything that an item has: at which feature, and how much; the same feature several times. */
  readonly visit: (each: (item: number, feature: number, worth: number) => void) => void;
}

/** The tile that each item of a side falls in; every item alone where the axis is to be looked at as it is. */
function tilesOfItems(side: BlockSide, arrangement: Arrangement, alone = false): Int32Array {
  const order = arrangement[side.axis];
  if (order === undefined || alone) return Int32Array.from({ length: side.items }, (_, item) => item);
  const tiles = new Int32Array(side.items);
  for (const [position, item] of order.entries()) tiles[item] = Math.floor(position / side.tile);
  return tiles;
}

/** Of `axis`; axes in `alone` are not looked at in tiles. */
export function tileFeatures(
  { axes, blocks }: WeightProblem,
  axis: number,
  arrangement: Arrangement,
  alone: ReadonlySet<number> = new Set(),
): TileFeatures {
  const faces = blocks.flatMap(({ rows, columns, row, column, worth }) => [
    ...(rows.axis === axis ? [{ own: rows, other: columns, ownItem: row, otherItem: column, worth }] : []),
    ...(columns.axis === axis ? [{ own: columns, other: rows, ownItem: column, otherItem: row, worth }] : []),
  ]);
  // Blocks of one ciphertext follow one another, for its group is live if any of them is.
  faces.sort((a, b) => a.own.group - b.own.group);
  const groups: number[] = [];
  const firsts: number[] = [];
  let count = 0;
  let group = -1;
  for (const { own, other } of faces) {
    if (own.group !== group) groups.push(count);
    group = own.group;
    firsts.push(count);
    count += alone.has(other.axis) ? other.items : tilesAlong(other);
  }
  const visit: TileFeatures['visit'] = (each) => {
    for (const [k, { other, ownItem, otherItem, worth }] of faces.entries()) {
      const first = firsts[k] ?? 0;
      const tiles = tilesOfItems(other, arrangement, alone.has(other.axis));
      for (let entry = 0; entry < ownItem.length; entry++) {
        each(ownItem[entry] ?? 0, first + (tiles[otherItem[entry] ?? 0] ?? 0), worth[entry] ?? 0);
      }
    }
  };
  return { items: axes[axis] ?? 0, count, groups: [...groups, count], visit };
}

/** What every tile of the network holds, block after block; tiles that hold nothing are left out. */
export function tileWorths({ blocks }: WeightProblem, arrangement: Arrangement): Float64Array {
  const all: number[] = [];
  for (const { rows, columns, row, column, worth } of blocks) {
    const rowTiles = tilesOfItems(rows, arrangement);
    const columnTiles = tilesOfItems(columns, arrangement);
    const sums = new Map<number, number>();
    for (let entry = 0; entry < worth.length; entry++) {
      const tile = (rowTiles[row[entry] ?? 0] ?? 0) * tilesAlong(columns) + (columnTiles[column[entry] ?? 0] ?? 0);
      sums.set(tile, (sums.get(tile) ?? 0) + (worth[entry] ?? 0));
    }
    for (const sum of sums.values()) all.push(sum);
  }
  return Float64Array.from(all);
}

/** Ciphertexts of operands and results, each counted at every layer that it belongs to, between which a tile is live. */
export function liveGroups({ blocks, groups }: WeightProblem, arrangement: Arrangement): number {
  const live = Array.from({ length: groups }, () => new Set<number>());
  for (const { rows, columns, row, column } of blocks) {
    const rowTiles = tilesOfItems(rows, arrangement);
    const columnTiles = tilesOfItems(columns, arrangement);
    for (const item of row) live[rows.group]?.add(rowTiles[item] ?? 0);
    for (const item of column) live[columns.group]?.add(columnTiles[item] ?? 0);
  }
  return live.reduce((sum, { size }) => sum + size, 0);
}

export function tilesAlong({ items, tile }: BlockSide): number {
  return Math.ceil(items / tile);
}
