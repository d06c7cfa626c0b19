/**
 * The weight partition: which weights a product of a kernel multiplies by. A tile is the plaintext of one product; it
 * vanishes when all of its weights are zero. The partition follows from layouts and steps by `place-weights` alone, so
 * that a new kernel is pruned for nothing. A weight of a convolution may be in several tiles, and one of a duplicated
 * result several times in one tile, where it is listed once.
 *
 * Tiles without any weight that is, or was before it was pruned, other than zero are left out: no plan had a product for
 * them. So are weights that a kernel made for a pruned layer cannot place, which are zero and stay so.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import { LinearMap } from '../../../ir/tensor/csr.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import {
  isWeightNode,
  type WeightMap,
  weightMapOf,
  type WeightNode,
  weightNodes,
  weightsOf,
} from '../../../ir/tensor/weight-layers.ts';
import { placeWhatFits, type TileShape } from '../../../ir/tile/place-weights.ts';
import { modulo } from '../../../ir/maths/modular.ts';
import type { LayerKernel, NetworkKernels } from './kernels.ts';
import { blockShapes } from './tile-shapes.ts';

/** Where a tile of a kernel is used. */
export interface TilePlaces {
  readonly kernel: LayerKernel;
  /** By tile: the ciphertext of the operand, and that of the result. */
  readonly input: Int32Array;
  readonly output: Int32Array;
  /** By tile: the rotations of the operand and of the sum, in virtual slots; 0 for none. */
  readonly baby: Int32Array;
  readonly giant: Int32Array;
}

export interface LayerPartition {
  readonly node: WeightNode;
  readonly tiles: number;
  /** Tile t holds the weights members[starts[t] … starts[t + 1]), ascending, each once. */
  readonly starts: Int32Array;
  readonly members: Int32Array;
  /** Milliseconds of the product of a tile and its sum; 1 for blocks of the matrix. */
  readonly price: number;
  /** Absent for blocks of the matrix. */
  readonly places?: TilePlaces;
}

/** How the weights of a network are cut into tiles: by kernels, or into blocks of the matrices. */
export type Cut =
  | { readonly kernels: NetworkKernels }
  | {
      readonly tile: TileShape;
      /**
       * Whether they change places from one layer to the next: the results of a layer are the operands of the next, so
       * that what shares a ciphertext there is what is contracted here.
       */
      readonly alternate: boolean;
    };

/** The partition of every layer that the cut is for, in order; a layer without weights other than zero has no tiles. */
export function partitionNetwork(module: TensorModule, cut: Cut): LayerPartition[] {
  if ('kernels' in cut) {
    return cut.kernels.layers.map((kernel) => {
      const node = nodeAt(module, kernel.node);
      if (!isWeightNode(node)) throw new InternalError(`there is a kernel for %${kernel.node}, which has no weights`);
      return kernelPartition(module, node, kernel);
    });
  }
  const shapes = blockShapes(module, cut.tile, cut.alternate);
  return weightNodes(module).map((node) => blockPartition(module, node, shapes.get(node.id) ?? cut.tile));
}

/** One tile for each product of the kernel. Throws `InternalError` where it cannot place a weight that is not zero. */
function kernelPartition(module: TensorModule, node: WeightNode, kernel: LayerKernel): LayerPartition {
  const map = weightMapOf(module, node);
  const columns = kernel.packing?.index.length ?? map.columns;
  if (kernel.input.elements !== columns || kernel.output.elements !== map.rows)
    throw new InternalError(`the kernel of %${node.id} is for a layer of another size`);
  const { rows, weight } = entriesOf(map, kernel);
  const { placement, leftOut } = placeWhatFits(rows, kernel.input, kernel.output, kernel.kernel);
  const { products, entries, period } = placement;
  const excluded = excludedWeights(node, weight, leftOut);
  const writer = new TileWriter(node);
  const kept = products.filter(({ tile }) => {
    for (let slot = tile * period; slot < (tile + 1) * period; slot++) {
      const index = weight[entries[slot] ?? -1] ?? -1;
      if (index >= 0 && excluded?.[index] !== 1) writer.add(index);
    }
    return writer.endTile();
  });
  const { babies, giants } = kernel.kernel;
  const step = (k: number | undefined): number => modulo(k ?? 0, kernel.output.virtualSlots);
  const { product, sum } = kernel.prices;
  return {
    node,
    ...writer.finish(),
    price: product + sum,
    places: {
      kernel,
      input: Int32Array.from(kept, ({ input }) => input),
      output: Int32Array.from(kept, ({ output }) => output),
      baby: Int32Array.from(kept, ({ baby }) => step(babies[baby])),
      giant: Int32Array.from(kept, ({ giant }) => step(giants[giant])),
    },
  };
}

/** Blocks of the matrix of a layer, by rows of blocks; of a convolution of the matrix that it is on its operand. */
export function blockPartition(
  module: TensorModule,
  node: WeightNode,
  { rows: height, columns: width }: TileShape,
): LayerPartition {
  const map = weightMapOf(module, node);
  const across = Math.ceil(map.columns / width);
  const writer = new TileWriter(node);
  const ends = new Int32Array(across + 1);
  for (let top = 0; top < map.rows; top += height) {
    const first = map.starts[top] ?? 0;
    const last = map.starts[Math.min(map.rows, top + height)] ?? 0;
    // A counting sort of the entries of these rows by block.
    ends.fill(0);
    const blockOf = (entry: number): number => Math.floor((map.indices[entry] ?? 0) / width);
    for (let entry = first; entry < last; entry++) ends[blockOf(entry) + 1] = (ends[blockOf(entry) + 1] ?? 0) + 1;
    for (let block = 0; block < across; block++) ends[block + 1] = (ends[block + 1] ?? 0) + (ends[block] ?? 0);
    const sorted = new Int32Array(last - first);
    const next = ends.slice();
    for (let entry = first; entry < last; entry++) {
      const block = blockOf(entry);
      sorted[next[block] ?? 0] = map.weight[entry] ?? 0;
      next[block] = (next[block] ?? 0) + 1;
    }
    for (let block = 0; block < across; block++) {
      for (let k = ends[block] ?? 0; k < (ends[block + 1] ?? 0); k++) writer.add(sorted[k] ?? 0);
      writer.endTile();
    }
  }
  return { node, ...writer.finish(), price: 1 };
}

/** The value that each weight has, or had before it was pruned. */
function originalWeights(node: WeightNode): Float64Array {
  const pruned = node.attrs.pruned?.values;
  return weightsOf(node).values.map((w, i) => (w === 0 ? (pruned?.[i] ?? 0) : w));
}

/** Entries of the matrix that the kernel reads, and which weight each of them is. */
function entriesOf(map: WeightMap, { packing }: LayerKernel): { rows: LinearMap; weight: Int32Array } {
  if (packing === undefined) return { rows: placed(map, map.rows, map.columns), weight: map.weight };
  const { index, starts, indices } = packing;
  const weight = new Int32Array(indices.length).fill(-1);
  const entryOf = new Int32Array(map.columns).fill(-1);
  for (let row = 0; row < map.rows; row++) {
    const first = map.starts[row] ?? 0;
    const last = map.starts[row + 1] ?? 0;
    for (let entry = first; entry < last; entry++) entryOf[map.indices[entry] ?? 0] = entry;
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) {
      const entry = entryOf[index[indices[k] ?? 0] ?? -1] ?? -1;
      weight[k] = map.weight[entry] ?? -1;
    }
    for (let entry = first; entry < last; entry++) entryOf[map.indices[entry] ?? 0] = -1;
  }
  if (weight.includes(-1)) throw new InternalError('a packing gathers what its layer does not read');
  return { rows: placed(packing, map.rows, index.length), weight };
}

/** The map of these entries, each of which is a weight of its own to the kernel. */
function placed({ starts, indices }: Pick<WeightMap, 'starts' | 'indices'>, rows: number, columns: number): LinearMap {
  const values = new Float64Array(indices.length).fill(1);
  return new LinearMap({ rows, columns, starts, indices, values, bias: new Float64Array(rows) });
}

/** 1 for every weight that stands at an entry that is left out. */
function excludedWeights(node: WeightNode, weight: Int32Array, leftOut: ReadonlySet<number>): Uint8Array | undefined {
  if (leftOut.size === 0) return undefined;
  const { values } = weightsOf(node);
  const excluded = new Uint8Array(values.length);
  for (const entry of leftOut) {
    const index = weight[entry] ?? -1;
    if (values[index] !== 0) throw new InternalError(`the kernel of %${node.id} cannot place all of its weights`);
    excluded[index] = 1;
  }
  return excluded;
}

/** Collects the weights of one tile after another. */
class TileWriter {
  private readonly original: Float64Array;
  /** The last tile that each weight was added to, counted from one. */
  private readonly mark: Int32Array;
  private readonly starts: number[] = [0];
  private members = new Int32Array(1024);
  private count = 0;
  private hasSupport = false;
  private generation = 1;

  constructor(node: WeightNode) {
    this.original = originalWeights(node);
    this.mark = new Int32Array(this.original.length);
  }

  add(index: number): void {
    if (this.mark[index] === this.generation) return;
    this.mark[index] = this.generation;
    if (this.count === this.members.length) {
      const grown = new Int32Array(2 * this.count);
      grown.set(this.members);
      this.members = grown;
    }
    this.members[this.count++] = index;
    if (this.original[index] !== 0) this.hasSupport = true;
  }

  /** Whether the tile is kept. */
  endTile(): boolean {
    const start = this.starts.at(-1) ?? 0;
    const keeps = this.hasSupport;
    if (keeps) {
      this.members.subarray(start, this.count).sort();
      this.starts.push(this.count);
    } else {
      this.count = start;
    }
    this.hasSupport = false;
    this.generation++;
    return keeps;
  }

  finish(): Pick<LayerPartition, 'tiles' | 'starts' | 'members'> {
    return {
      tiles: this.starts.length - 1,
      starts: Int32Array.from(this.starts),
      members: this.members.slice(0, this.count),
    };
  }
}
