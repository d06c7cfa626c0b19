/**
 * The weights of a network by the items of its permutable axes: for every layer one block for each pair of segments that
 * its rows and its columns consist of. This is all that the search for a permutation looks at.
 */
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { type WeightNode, weightNodes } from '../../../ir/tensor/weight-layers.ts';
import { layerGeometry } from '../../../ir/tensor/layer-geometry.ts';
import type { TileShape } from '../../../ir/tile/place-weights.ts';
import type { PermutableAxes } from './permutable-axes.ts';

export interface BlockSide {
  /** −1 where nothing moves: the items are tiles already. */
  readonly axis: number;
  readonly items: number;
  /** Items in a tile. */
  readonly tile: number;
  /** The same number for all blocks whose tiles share a ciphertext on this side. */
  readonly group: number;
}

export interface WeightBlock {
  readonly rows: BlockSide;
  readonly columns: BlockSide;
  /** Pairs of items with something between them: row, column, and how much. */
  readonly row: Int32Array;
  readonly column: Int32Array;
  readonly worth: Float64Array;
}

/** What the search takes of a network. */
export interface WeightProblem {
  /** Items of each axis. */
  readonly axes: readonly number[];
  readonly blocks: readonly WeightBlock[];
  readonly groups: number;
}

/** The blocks of all layers that `tiles` has a shape for. `worth` is of every weight of a layer; nothing is worth 0. */
export function weightProblem(
  module: TensorModule,
  axes: PermutableAxes,
  tiles: ReadonlyMap<ValueId, TileShape>,
  worth: (node: WeightNode) => Float64Array,
): WeightProblem {
  const blocks: WeightBlock[] = [];
  let groups = 0;
  for (const node of weightNodes(module)) {
    const tile = tiles.get(node.id);
    if (tile === undefined) continue;
    const geometry = layerGeometry(module, node);
    const rows = placeUnits(axes, node.id, {
      ...geometry,
      units: geometry.rows,
      elements: geometry.rowElements,
      tile: tile.rows,
    });
    const columns = placeUnits(axes, node.operands[0] ?? -1, {
      units: geometry.columns,
      elements: geometry.columnElements,
      tile: tile.columns,
    });
    blocks.push(...layerBlocks(geometry, rows, columns, worth(node), groups));
    groups += rows.sides.length + columns.sides.length;
  }
  return { axes: axes.axes.map(({ items }) => items), blocks, groups };
}

interface Units {
  readonly sides: readonly Omit<BlockSide, 'group'>[];
  /** By unit (an element, or the channel of a convolution): which side it is on, and which item it belongs to. */
  readonly side: Int32Array;
  readonly item: Int32Array;
}

function placeUnits(
  { axes, values }: PermutableAxes,
  value: ValueId,
  { units, elements, tile }: { readonly units: number; readonly elements: number; readonly tile: number },
): Units {
  const side = new Int32Array(units);
  const item = new Int32Array(units);
  const sides = (values[value] ?? []).map(({ axis, length }) => {
    const items = axes[axis]?.items ?? Math.ceil(length / tile);
    return { axis, items, tile: axis < 0 ? 1 : Math.max(1, Math.round((tile * items) / length)) };
  });
  let start = 0;
  for (const [k, { axis, length }] of (values[value] ?? []).entries()) {
    const block = axis < 0 ? tile : length / (axes[axis]?.items ?? 1);
    for (let unit = start / elements; unit < (start + length) / elements; unit++) {
      side[unit] = k;
      item[unit] = Math.floor((unit * elements - start) / block);
    }
    start += length;
  }
  return { sides, side, item };
}

function layerBlocks(
  { rowOf, columnOf }: { readonly rowOf: Int32Array; readonly columnOf: Int32Array },
  rows: Units,
  columns: Units,
  worth: Float64Array,
  firstGroup: number,
): WeightBlock[] {
  const writers = rows.sides.map(() => columns.sides.map(({ items }) => new BlockWriter(items)));
  for (const [weight, value] of worth.entries()) {
    if (value === 0) continue;
    const row = rowOf[weight] ?? 0;
    const column = columnOf[weight] ?? 0;
    writers[rows.side[row] ?? 0]?.[columns.side[column] ?? 0]?.add(
      rows.item[row] ?? 0,
      columns.item[column] ?? 0,
      value,
    );
  }
  return rows.sides.flatMap((row, r) =>
    columns.sides.map((column, c) => ({
      rows: { ...row, group: firstGroup + r },
      columns: { ...column, group: firstGroup + rows.sides.length + c },
      ...(writers[r]?.[c] ?? new BlockWriter(0)).finish(),
    })),
  );
}

/** Adds up what falls on the same pair of items; weights come row by row. */
class BlockWriter {
  private readonly row: number[] = [];
  private readonly column: number[] = [];
  private readonly worth: number[] = [];
  /** For each column the entry that it has in the current row. */
  private readonly entry: Int32Array;
  private first = 0;

  constructor(columns: number) {
    this.entry = new Int32Array(columns).fill(-1);
  }

  add(row: number, column: number, value: number): void {
    if (this.row.at(-1) !== row) this.first = this.row.length;
    const entry = this.entry[column] ?? -1;
    if (entry >= this.first) {
      this.worth[entry] = (this.worth[entry] ?? 0) + value;
      return;
    }
    this.entry[column] = this.row.length;
    this.row.push(row);
    this.column.push(column);
    this.worth.push(value);
  }

  finish(): Pick<WeightBlock, 'row' | 'column' | 'worth'> {
    return {
      row: Int32Array.from(this.row),
      column: Int32Array.from(this.column),
      worth: Float64Array.from(this.worth),
    };
  }
}
