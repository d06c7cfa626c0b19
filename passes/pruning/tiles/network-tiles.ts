/**
 * The tiles of a network while weights are taken out of them, and what that saves. A tile dies with its last weight
 * that is not zero, a rotation with the last tile that needs it, a ciphertext when no live tile writes it (it is a
 * constant then) or none reads it. A tile that reads a constant dies, for its products fold into a bias; one that writes
 * what nobody reads dies as well. So the end of a ciphertext goes on upstream and downstream.
 *
 * Every change can be undone, which is how moves are tried.
 */
import type { TensorModule } from '../../../ir/tensor/ops.ts';
import { weightsOf } from '../../../ir/tensor/weight-layers.ts';
import { type Cut, partitionNetwork } from './partition.ts';
import { TileGraph } from './tile-graph.ts';

/** What taking weights out does. */
export interface Effect {
  readonly milliseconds: number;
  readonly tiles: number;
  /** Whether a layer loses its last tile, which makes what follows a constant. */
  readonly endsLayer: boolean;
}

const removedWeight = 0;
const deadTile = 1;
const constantCiphertext = 2;
const unreadCiphertext = 3;

export class NetworkTiles {
  readonly graph: TileGraph;
  /** Milliseconds of everything, and of each layer with its rotations and what it writes, while all tiles live. */
  readonly cost: number;
  readonly costInLayer: Float64Array;
  /** Dead tiles, and milliseconds saved, of each layer. */
  readonly deadInLayer: Int32Array;
  readonly savedInLayer: Float64Array;
  private readonly aliveWeights: Uint8Array;
  /** By tile: weights that are not zero. */
  private readonly left: Int32Array;
  private readonly deadTiles: Uint8Array;
  /** By rotation: live tiles that need it. */
  private readonly needs: Int32Array;
  /** By ciphertext: what makes it other than a constant, and what reads it. */
  private readonly sources: Int32Array;
  private readonly uses: Int32Array;
  private dead = 0;
  private savedMilliseconds = 0;
  /** Pairs: what happened, and to which weight, tile or ciphertext. */
  private journal: number[] = [];

  constructor(graph: TileGraph) {
    const { layers, tiles, rotations, ciphertexts, readers, writers } = graph;
    this.graph = graph;
    this.costInLayer = new Float64Array(layers.length);
    this.deadInLayer = new Int32Array(layers.length);
    this.savedInLayer = new Float64Array(layers.length);
    this.aliveWeights = new Uint8Array(graph.weights).fill(1);
    this.left = Int32Array.from({ length: tiles }, (_, tile) => graph.weightsOf(tile).length);
    this.deadTiles = new Uint8Array(tiles);
    this.needs = Int32Array.from(rotations, (rotation) => rotation.tiles.length);
    const { count, operands, users, isGiven, isRead } = ciphertexts;
    const all = Array.from({ length: count }, (_, c) => c);
    const sum = (...lists: (readonly number[] | undefined)[]): number =>
      lists.reduce((total, list) => total + (list?.length ?? 0), 0);
    this.sources = Int32Array.from(all, (c) => sum(writers[c], operands[c]) + (isGiven[c] === true ? 1 : 0));
    this.uses = Int32Array.from(all, (c) => sum(readers[c], users[c]) + (isRead[c] === true ? 1 : 0));
    this.cost = this.addUp();
    // What no tile writes or reads from the beginning.
    for (const c of all.filter((each) => this.sources[each] === 0)) this.becomeConstant(c);
    for (const c of all.filter((each) => this.uses[each] === 0)) this.becomeUnread(c);
    for (const [layer, { node }] of layers.entries()) {
      const { values } = weightsOf(node);
      for (let w = 0; w < values.length; w++) if (values[w] === 0) this.remove(layer, w);
    }
    this.journal = [];
  }

  /** Milliseconds that dead tiles save in all. */
  get saved(): number {
    return this.savedMilliseconds;
  }

  get deadCount(): number {
    return this.dead;
  }

  /** Rotations that no live tile needs. */
  get deadRotations(): number {
    return this.needs.reduce((sum, left) => sum + (left === 0 ? 1 : 0), 0);
  }

  /** Ciphertexts that are constants or that nobody reads. */
  get deadCiphertexts(): number {
    return this.sources.reduce((sum, left, c) => sum + (left === 0 || this.uses[c] === 0 ? 1 : 0), 0);
  }

  isDead(tile: number): boolean {
    return this.deadTiles[tile] === 1;
  }

  /** Whether weight `weight` of a layer is in a tile and not zero. */
  isAlive(layer: number, weight: number): boolean {
    return this.aliveWeights[this.weightOf(layer, weight)] === 1;
  }

  /** Whether a weight is in tiles, all of which are alive. */
  isFree(layer: number, weight: number): boolean {
    const holders = this.graph.holdersOf(this.weightOf(layer, weight));
    return holders.length > 0 && holders.every((tile) => !this.isDead(tile));
  }

  /** Whether a weight is in tiles, all of which write what nobody reads. */
  isUnread(layer: number, weight: number): boolean {
    const holders = this.graph.holdersOf(this.weightOf(layer, weight));
    return holders.length > 0 && holders.every((tile) => this.uses[this.graph.writtenBy[tile] ?? -1] === 0);
  }

  /** The weights of a tile that are not zero, ascending, numbered in its layer. */
  aliveWeightsOf(tile: number): Int32Array {
    const layer = this.graph.layerOf[tile] ?? -1;
    return this.graph.weightsOf(tile).filter((weight) => this.isAlive(layer, weight));
  }

  /** Takes all weights of these tiles out, and returns the tiles that died of it. */
  removeTiles(tiles: readonly number[]): number[] {
    for (const tile of tiles) this.empty(tile);
    const died = this.journal.filter((_, at) => at % 2 === 1 && this.journal[at - 1] === deadTile);
    this.journal = [];
    return died;
  }

  /** What `removeTiles` would do. */
  tryTiles(tiles: readonly number[]): Effect {
    const { savedMilliseconds, dead } = this;
    const savedInLayer = this.savedInLayer.slice();
    const deadInLayer = this.deadInLayer.slice();
    for (const tile of tiles) this.empty(tile);
    const effect = {
      milliseconds: this.savedMilliseconds - savedMilliseconds,
      tiles: this.dead - dead,
      endsLayer: this.graph.layers.some((layer, k) => {
        return this.deadInLayer[k] === layer.tiles && deadInLayer[k] !== layer.tiles;
      }),
    };
    this.undo();
    this.savedMilliseconds = savedMilliseconds;
    this.savedInLayer.set(savedInLayer);
    return effect;
  }

  private weightOf(layer: number, weight: number): number {
    return (this.graph.firstWeight[layer] ?? 0) + weight;
  }

  private addUp(): number {
    let sum = 0;
    const add = (layer: number, price: number): void => {
      sum += price;
      this.costInLayer[layer] = (this.costInLayer[layer] ?? 0) + price;
    };
    const { layers, rotations, ciphertexts, ownerOf } = this.graph;
    for (const [layer, { tiles, price }] of layers.entries()) add(layer, tiles * price);
    for (const { layer, price } of rotations) add(layer, price);
    for (const [c, price] of ciphertexts.prices.entries()) add(ownerOf[c] ?? -1, price);
    return sum;
  }

  private save(layer: number, price: number): void {
    this.savedMilliseconds += price;
    this.savedInLayer[layer] = (this.savedInLayer[layer] ?? 0) + price;
  }

  private empty(tile: number): void {
    const layer = this.graph.layerOf[tile] ?? -1;
    for (const weight of this.graph.weightsOf(tile)) this.remove(layer, weight);
  }

  private remove(layer: number, weight: number): void {
    const index = this.weightOf(layer, weight);
    if (this.aliveWeights[index] === 0) return;
    this.aliveWeights[index] = 0;
    this.journal.push(removedWeight, index);
    for (const tile of this.graph.holdersOf(index)) if (change(this.left, tile, -1) === 0) this.kill(tile);
  }

  private kill(tile: number): void {
    if (this.isDead(tile)) return;
    const { layerOf, rotations, readBy, writtenBy } = this.graph;
    this.deadTiles[tile] = 1;
    this.journal.push(deadTile, tile);
    this.countDead(tile, 1);
    this.save(layerOf[tile] ?? -1, this.graph.priceOf(tile));
    this.forRotations(tile, (r) => {
      const rotation = rotations[r];
      if (change(this.needs, r, -1) === 0 && rotation !== undefined) this.save(rotation.layer, rotation.price);
    });
    const read = readBy[tile] ?? -1;
    if (read >= 0 && change(this.uses, read, -1) === 0) this.becomeUnread(read);
    const written = writtenBy[tile] ?? -1;
    if (written >= 0 && change(this.sources, written, -1) === 0) this.becomeConstant(written);
  }

  private becomeConstant(c: number): void {
    const { ciphertexts, readers, ownerOf } = this.graph;
    this.journal.push(constantCiphertext, c);
    if (this.uses[c] !== 0) this.save(ownerOf[c] ?? -1, ciphertexts.prices[c] ?? 0);
    for (const tile of readers[c] ?? []) this.kill(tile);
    for (const user of ciphertexts.users[c] ?? []) if (change(this.sources, user, -1) === 0) this.becomeConstant(user);
  }

  private becomeUnread(c: number): void {
    const { ciphertexts, writers, ownerOf } = this.graph;
    this.journal.push(unreadCiphertext, c);
    if (this.sources[c] !== 0) this.save(ownerOf[c] ?? -1, ciphertexts.prices[c] ?? 0);
    for (const tile of writers[c] ?? []) this.kill(tile);
    for (const operand of ciphertexts.operands[c] ?? [])
      if (change(this.uses, operand, -1) === 0) this.becomeUnread(operand);
  }

  private undo(): void {
    const { ciphertexts } = this.graph;
    for (let at = this.journal.length - 2; at >= 0; at -= 2) {
      const index = this.journal[at + 1] ?? -1;
      const what = this.journal[at];
      if (what === removedWeight) {
        this.aliveWeights[index] = 1;
        for (const tile of this.graph.holdersOf(index)) change(this.left, tile, 1);
      } else if (what === deadTile) {
        this.revive(index);
      } else if (what === constantCiphertext) {
        for (const user of ciphertexts.users[index] ?? []) change(this.sources, user, 1);
      } else {
        for (const operand of ciphertexts.operands[index] ?? []) change(this.uses, operand, 1);
      }
    }
    this.journal = [];
  }

  private revive(tile: number): void {
    const { readBy, writtenBy } = this.graph;
    this.deadTiles[tile] = 0;
    this.countDead(tile, -1);
    this.forRotations(tile, (r) => change(this.needs, r, 1));
    const read = readBy[tile] ?? -1;
    if (read >= 0) change(this.uses, read, 1);
    const written = writtenBy[tile] ?? -1;
    if (written >= 0) change(this.sources, written, 1);
  }

  private forRotations(tile: number, visit: (rotation: number) => void): void {
    const baby = this.graph.babyOf[tile] ?? -1;
    const giant = this.graph.giantOf[tile] ?? -1;
    if (baby >= 0) visit(baby);
    if (giant >= 0) visit(giant);
  }

  private countDead(tile: number, by: number): void {
    this.dead += by;
    change(this.deadInLayer, this.graph.layerOf[tile] ?? -1, by);
  }
}

/** The tiles of a network, cut by kernels or into blocks, with those dead whose weights are zero. */
export function tilesOf(module: TensorModule, cut: Cut): NetworkTiles {
  const kernels = 'kernels' in cut ? cut.kernels : undefined;
  return new NetworkTiles(new TileGraph(module, partitionNetwork(module, cut), kernels));
}

function change(counts: Int32Array, index: number, by: number): number {
  const count = (counts[index] ?? 0) + by;
  counts[index] = count;
  return count;
}
