/**
 * The ciphertexts of the values between tiles: which layers write and read each of them, and which values follow from
 * which slot by slot. A ciphertext of a value whose tiles are all dead is a constant, and one that nobody reads need not
 * be: both save what it costs, and both go on to its neighbours.
 *
 * Where a value is moved to another layout, or taken by an op that moves elements and has no weights, nothing is known
 * of what its ciphertexts become: what is read there counts as read, what is made there as no constant.
 */
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';
import { isReshape } from '../../../ir/tensor/reshape.ts';
import { isWeightNode } from '../../../ir/tensor/weight-layers.ts';
import type { Layout } from '../../../ir/tile/layout.ts';
import { pickedCiphertexts } from '../../../ir/tile/packing.ts';
import type { LayerKernel, NetworkKernels } from './kernels.ts';

/** The ciphertexts of one value, numbered one after another. */
interface Track {
  readonly layout: Layout;
  readonly first: number;
}

export interface Ciphertexts {
  readonly count: number;
  /** Milliseconds. */
  readonly prices: readonly number[];
  /** For each the ciphertexts that it is computed from slot by slot, and those that are computed from it. */
  readonly operands: readonly (readonly number[])[];
  readonly users: readonly (readonly number[])[];
  /** Whether it is computed, or read, whatever is pruned. */
  readonly isGiven: readonly boolean[];
  readonly isRead: readonly boolean[];
  /** By node of a layer: the first ciphertext that it reads, and the first that it writes. */
  readonly inputs: ReadonlyMap<ValueId, number>;
  readonly outputs: ReadonlyMap<ValueId, number>;
}

export function ciphertextsOf(module: TensorModule, kernels: NetworkKernels): Ciphertexts {
  return new Tracker(module, kernels).run();
}

class Tracker {
  private readonly module: TensorModule;
  private readonly layers: ReadonlyMap<ValueId, LayerKernel>;
  private readonly slotwise: ReadonlyMap<ValueId, number>;
  private readonly tracks = new Map<ValueId, Track>();
  /** Of the inputs of the model, by what they are packed like. */
  private readonly packs = new Map<string, number>();
  private readonly prices: number[] = [];
  private readonly operands: number[][] = [];
  private readonly users: number[][] = [];
  private readonly isGiven: boolean[] = [];
  private readonly isRead: boolean[] = [];
  private readonly inputs = new Map<ValueId, number>();
  private readonly outputs = new Map<ValueId, number>();

  constructor(module: TensorModule, { layers, slotwise }: NetworkKernels) {
    this.module = module;
    this.layers = new Map(layers.map((layer) => [layer.node, layer]));
    this.slotwise = new Map(slotwise.map(({ node, price }) => [node, price]));
  }

  run(): Ciphertexts {
    for (const node of this.module.nodes) {
      const layer = this.layers.get(node.id);
      if (layer !== undefined && isWeightNode(node)) this.addLayer(node.operands[0] ?? -1, layer);
      else if (isSlotwise(node)) this.addSlotwise(node);
      else if (isReshape(this.module, node)) this.alias(node.id, node.operands[0] ?? -1);
      else this.readAll(node);
    }
    const { prices, operands, users, isGiven, isRead, inputs, outputs } = this;
    return { count: prices.length, prices, operands, users, isGiven, isRead, inputs, outputs };
  }

  private addLayer(operand: ValueId, layer: LayerKernel): void {
    const { node, input, output, kernel, prices } = layer;
    const track = this.tracks.get(operand);
    if (track?.layout.samePlaces(input) === true) {
      this.inputs.set(node, track.first);
    } else if (this.isPacked(operand)) {
      this.inputs.set(node, this.pack(operand, layer));
    } else {
      this.read(track);
      this.inputs.set(node, this.add(input, 0, true).first);
    }
    const written = this.add(output, prices.output + kernel.folds.length * prices.fold, false);
    this.outputs.set(node, written.first);
    this.tracks.set(node, written);
  }

  /** Layers that have an input packed alike read the same ciphertexts. */
  private pack(operand: ValueId, { input, packing, prices }: LayerKernel): number {
    const key = `${operand} ${input.toString()} ${packing === undefined ? '' : packing.index.join()}`;
    let first = this.packs.get(key);
    if (first === undefined) this.packs.set(key, (first = this.add(input, prices.input, true).first));
    return first;
  }

  private addSlotwise(node: TensorNode): void {
    const tracks = node.operands.map((operand) => this.tracks.get(operand));
    const [track] = tracks;
    if (track === undefined || tracks.some((other) => other?.layout.samePlaces(track.layout) !== true)) {
      this.readAll(node);
      return;
    }
    const made = this.add(track.layout, this.slotwise.get(node.id) ?? 0, false);
    for (const { first } of new Set(tracks.filter((other) => other !== undefined))) {
      for (let c = 0; c < made.layout.ciphertexts; c++) {
        this.operands[made.first + c]?.push(first + c);
        this.users[first + c]?.push(made.first + c);
      }
    }
    this.tracks.set(node.id, made);
  }

  private alias(node: ValueId, operand: ValueId): void {
    const track = this.tracks.get(operand);
    if (track !== undefined) this.tracks.set(node, track);
  }

  private readAll(node: TensorNode): void {
    for (const operand of node.operands) this.read(this.tracks.get(operand), node);
  }

  /** All of them; the client leaves those out that it picks nothing from. */
  private read(track: Track | undefined, reader?: TensorNode): void {
    if (track === undefined) return;
    const index = reader?.op === 'output' ? reader.attrs.index?.indices : undefined;
    const picked = index === undefined ? undefined : pickedCiphertexts(track.layout, { index });
    for (let c = 0; c < track.layout.ciphertexts; c++) if (picked?.[c] !== false) this.isRead[track.first + c] = true;
  }

  private add(layout: Layout, price: number, isGiven: boolean): Track {
    const first = this.prices.length;
    for (let c = 0; c < layout.ciphertexts; c++) {
      this.prices.push(price);
      this.operands.push([]);
      this.users.push([]);
      this.isGiven.push(isGiven);
      this.isRead.push(false);
    }
    return { layout, first };
  }

  /** Whether the client packs the operand as a layer wants it: an input of the model, or elements that it picks of one. */
  private isPacked(operand: ValueId): boolean {
    let node = nodeAt(this.module, operand);
    while (node.op === 'gather' && node.operands.length === 1) node = nodeAt(this.module, node.operands[0] ?? -1);
    return node.op === 'input';
  }
}

function isSlotwise({ op }: TensorNode): boolean {
  return op === 'add' || op === 'multiply' || op === 'polynomial' || op === 'activation';
}
