/**
 * The weights of kernels as rows of plaintexts, each kept once. Programs that are lowered one after another mostly differ in
 * a few layers, and share the rows of all others: these are kept, within a bound of memory.
 */
import type { Constant } from '../../ir/constant.ts';
import { expanded } from '../../ir/tensor/csr.ts';
import type { AffineMap } from '../../ir/tensor/affine-map.ts';
import { WindowMap } from '../../ir/tensor/window-map.ts';
import { DenseMap } from '../../ir/tensor/dense-map.ts';
import type { Layout } from '../../ir/tile/layout.ts';
import type { Kernel } from '../../ir/tile/ops.ts';
import { placeWeights } from '../../ir/tile/place-weights.ts';
import { DistinctRows, type RowPlace } from './distinct-rows.ts';

/** What a linear op multiplies by: the weights of `map` times `factor`, placed by a kernel. */
export interface PlacedMap {
  readonly map: AffineMap;
  readonly factor: number;
  readonly kernel: Kernel;
  readonly input: Layout;
  readonly output: Layout;
}

/** A product of a kernel, as `placeWeights` has it, and where the row is that it multiplies by. */
export interface PlacedProduct {
  readonly output: number;
  readonly giant: number;
  readonly baby: number;
  readonly input: number;
  readonly row: RowPlace;
}

interface Kept {
  readonly products: readonly PlacedProduct[];
  readonly blocks: readonly Constant[];
}

/** About what a product takes that is kept. */
const productBytes = 100;

export class PlacedWeights {
  private readonly kept = new Map<string, Kept>();
  private readonly names = new WeakMap<object, number>();
  private left: number;
  private named = 0;

  /** @param mostBytes that may be kept. */
  constructor(mostBytes = 0) {
    this.left = mostBytes;
  }

  /**
   * Hands every product to `visit` in the order of `placeWeights`, and returns the blocks of rows. Throws `InternalError`
   * where the kernel cannot compute the map.
   */
  place(placed: PlacedMap, visit: (product: PlacedProduct) => void): readonly Constant[] {
    const key = this.left > 0 || this.kept.size > 0 ? this.keyOf(placed) : '';
    const known = this.kept.get(key);
    if (known !== undefined) {
      for (const product of known.products) visit(product);
      return known.blocks;
    }
    const products: PlacedProduct[] = [];
    const blocks = placeRows(placed, (product) => {
      // One too many to be kept is enough.
      if (products.length * productBytes <= this.left) products.push(product);
      visit(product);
    });
    const bytes = products.length * productBytes + blocks.reduce((sum, { data }) => sum + data.byteLength, 0);
    if (bytes <= this.left) {
      this.kept.set(key, { products, blocks });
      this.left -= bytes;
    }
    return blocks;
  }

  private keyOf({ map, factor, kernel, input, output }: PlacedMap): string {
    const places = placesOf(map).map((part) => (typeof part === 'number' ? part : this.nameOf(part)));
    const { family, babies, giants, folds } = kernel;
    const how = [factor, input.toString(), output.toString(), family, babies, giants, folds].map(String);
    return [this.nameOf(map.weights), map.rows, map.columns, ...places, ...how].join(' ');
  }

  private nameOf(array: object): number {
    let name = this.names.get(array);
    if (name === undefined) this.names.set(array, (name = this.named++));
    return name;
  }
}

/** What says where a map of some size has its weights. */
function placesOf(map: AffineMap): (object | number)[] {
  if (map instanceof WindowMap) return [map.windows.source, map.windows.groups, map.perGroup];
  if (map instanceof DenseMap) return [map.width];
  const { starts, indices } = expanded(map);
  return [starts, indices];
}

function placeRows(
  { map, factor, kernel, input, output }: PlacedMap,
  visit: (product: PlacedProduct) => void,
): readonly Constant[] {
  let rows: DistinctRows | undefined;
  placeWeights(map, factor, input, output, kernel, (product, values) => {
    rows ??= new DistinctRows(values.length);
    visit({ ...product, row: rows.add(values) });
  });
  return rows?.finish() ?? [];
}
