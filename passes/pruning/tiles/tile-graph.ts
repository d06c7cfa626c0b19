/**
 * What the tiles of a network share, whichever of them are alive: weights that are in several tiles, rotations that
 * several products read or are added before, ciphertexts that several tiles read or write. Tiles, weights and
 * ciphertexts are numbered over all layers.
 */
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { type Ciphertexts, ciphertextsOf } from './ciphertexts.ts';
import type { NetworkKernels } from './kernels.ts';
import type { LayerPartition } from './partition.ts';

/** Several tiles of which what they share is saved with the last one alone. */
export interface Resource {
  readonly kind: 'input' | 'baby' | 'giant' | 'output';
  readonly layer: number;
  readonly tiles: readonly number[];
}

export interface Rotation {
  readonly kind: 'baby' | 'giant';
  /** Milliseconds. */
  readonly price: number;
  /** The first layer that needs it. */
  readonly layer: number;
  readonly tiles: readonly number[];
}

export class TileGraph {
  readonly layers: readonly LayerPartition[];
  readonly tiles: number;
  readonly weights: number;
  /** First tile, and first weight, of each layer, and their number at the end. */
  readonly firstTile: readonly number[];
  readonly firstWeight: readonly number[];
  /** By tile. */
  readonly layerOf: Int32Array;
  /** By tile: index of its rotations, −1 for none. */
  readonly babyOf: Int32Array;
  readonly giantOf: Int32Array;
  /** By tile: the ciphertext that it reads, and the one that it writes; −1 where the tiles are blocks of the matrix. */
  readonly readBy: Int32Array;
  readonly writtenBy: Int32Array;
  readonly rotations: readonly Rotation[];
  readonly ciphertexts: Ciphertexts;
  /** By ciphertext the tiles that read and write it, and the layer that it is counted for, −1 for none. */
  readonly readers: readonly (readonly number[])[];
  readonly writers: readonly (readonly number[])[];
  readonly ownerOf: readonly number[];
  /** Whatever more than one tile shares, and by tile the indices of those that it needs. */
  readonly resources: readonly Resource[];
  readonly resourcesOf: readonly (readonly number[])[];
  private readonly holderStarts: Int32Array;
  private readonly holders: Int32Array;

  /** Without kernels tiles share nothing but weights. */
  constructor(module: TensorModule, layers: readonly LayerPartition[], kernels: NetworkKernels | undefined) {
    this.layers = layers;
    this.firstTile = runningSums(layers.map(({ tiles }) => tiles));
    this.firstWeight = runningSums(layers.map(({ node }) => weightsOf(node).data.length));
    this.tiles = this.firstTile.at(-1) ?? 0;
    this.weights = this.firstWeight.at(-1) ?? 0;
    this.layerOf = new Int32Array(this.tiles);
    for (const [layer, first] of this.firstTile.entries()) this.layerOf.fill(layer, first);
    this.ciphertexts = ciphertextsOf(module, kernels ?? { layers: [], slotwise: [] });
    const perTile = (): Int32Array => new Int32Array(this.tiles).fill(-1);
    [this.babyOf, this.giantOf, this.readBy, this.writtenBy] = [perTile(), perTile(), perTile(), perTile()];
    this.rotations = this.placeTiles();
    this.readers = byValue(this.readBy, this.ciphertexts.count);
    this.writers = byValue(this.writtenBy, this.ciphertexts.count);
    this.ownerOf = this.owners();
    this.resources = this.listResources();
    this.resourcesOf = this.invertResources();
    [this.holderStarts, this.holders] = this.invertWeights();
  }

  layer(index: number): LayerPartition {
    const layer = this.layers[index];
    if (layer === undefined) throw new InternalError(`there is no layer ${index}`);
    return layer;
  }

  /** The weights of a tile, ascending, numbered in its layer. */
  weightsOf(tile: number): Int32Array {
    const layer = this.layerOf[tile] ?? -1;
    const { starts, members } = this.layer(layer);
    const own = tile - (this.firstTile[layer] ?? 0);
    return members.subarray(starts[own] ?? 0, starts[own + 1] ?? 0);
  }

  /** The tiles that hold a weight, numbered over all layers. */
  holdersOf(weight: number): Int32Array {
    return this.holders.subarray(this.holderStarts[weight] ?? 0, this.holderStarts[weight + 1] ?? 0);
  }

  priceOf(tile: number): number {
    return this.layer(this.layerOf[tile] ?? -1).price;
  }

  private placeTiles(): Rotation[] {
    const rotations: (Rotation & { readonly tiles: number[] })[] = [];
    const byKey = new Map<string, number>();
    const share = (key: string, rotation: Omit<Rotation, 'tiles'>, tile: number): number => {
      let index = byKey.get(key);
      if (index === undefined) byKey.set(key, (index = rotations.push({ ...rotation, tiles: [] }) - 1));
      rotations[index]?.tiles.push(tile);
      return index;
    };
    for (const [layer, { places, tiles, node }] of this.layers.entries()) {
      if (places === undefined) continue;
      const { prices } = places.kernel;
      const firstRead = this.ciphertexts.inputs.get(node.id) ?? -1;
      const firstWritten = this.ciphertexts.outputs.get(node.id) ?? -1;
      for (let own = 0; own < tiles; own++) {
        const tile = (this.firstTile[layer] ?? 0) + own;
        const read = firstRead + (places.input[own] ?? 0);
        const written = firstWritten + (places.output[own] ?? 0);
        const baby = places.baby[own] ?? 0;
        const giant = places.giant[own] ?? 0;
        this.readBy[tile] = read;
        this.writtenBy[tile] = written;
        // Layers that read the same ciphertext share its rotations.
        if (baby !== 0)
          this.babyOf[tile] = share(`x ${read} ${baby}`, { kind: 'baby', price: prices.baby, layer }, tile);
        if (giant !== 0)
          this.giantOf[tile] = share(`y ${written} ${giant}`, { kind: 'giant', price: prices.giant, layer }, tile);
      }
    }
    return rotations;
  }

  /** The layer that writes a ciphertext, or what it is computed from slot by slot; of an input the one that reads it. */
  private owners(): number[] {
    const owners: number[] = [];
    for (let c = 0; c < this.ciphertexts.count; c++) {
      const [neighbour] = this.writers[c]?.concat(this.readers[c] ?? []) ?? [];
      const [operand = -1] = this.ciphertexts.operands[c] ?? [];
      owners.push(owners[operand] ?? this.layerOf[neighbour ?? -1] ?? -1);
    }
    return owners;
  }

  private listResources(): Resource[] {
    const ofCiphertexts = (kind: 'input' | 'output', lists: readonly (readonly number[])[]): Resource[] =>
      lists.map((tiles) => ({ kind, layer: this.layerOf[tiles[0] ?? -1] ?? -1, tiles }));
    return [
      ...this.rotations,
      ...ofCiphertexts('input', this.readers),
      ...ofCiphertexts('output', this.writers),
    ].filter(({ tiles }) => tiles.length > 1);
  }

  private invertResources(): number[][] {
    const found: number[][] = Array.from({ length: this.tiles }, () => []);
    for (const [r, { tiles }] of this.resources.entries()) for (const tile of tiles) found[tile]?.push(r);
    return found;
  }

  private invertWeights(): [starts: Int32Array, tiles: Int32Array] {
    const starts = new Int32Array(this.weights + 1);
    const forEach = (visit: (weight: number, tile: number) => void): void => {
      for (let tile = 0; tile < this.tiles; tile++) {
        const first = this.firstWeight[this.layerOf[tile] ?? -1] ?? 0;
        for (const weight of this.weightsOf(tile)) visit(first + weight, tile);
      }
    };
    forEach((weight) => (starts[weight + 1] = (starts[weight + 1] ?? 0) + 1));
    for (let w = 0; w < this.weights; w++) starts[w + 1] = (starts[w + 1] ?? 0) + (starts[w] ?? 0);
    const next = starts.slice();
    const tiles = new Int32Array(starts[this.weights] ?? 0);
    forEach((weight, tile) => {
      const at = next[weight] ?? 0;
      tiles[at] = tile;
      next[weight] = at + 1;
    });
    return [starts, tiles];
  }
}

/** [0, a, a + b, …] */
function runningSums(counts: readonly number[]): number[] {
  const sums = [0];
  for (const count of counts) sums.push((sums.at(-1) ?? 0) + count);
  return sums;
}

/** For each value below `count` the indices that have it. */
function byValue(values: Int32Array, count: number): number[][] {
  const found: number[][] = Array.from({ length: count }, () => []);
  for (const [index, value] of values.entries()) found[value]?.push(index);
  return found;
}
