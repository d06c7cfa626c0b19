/**
 * Neurons that can be pruned as a whole: rows and channels, with everything that reads them.
 *
 * Elementwise ops and gathers keep neurons apart. A sum or product ties the neurons of its operands element by element,
 * for what reads the sum can only go when all of its terms do; a convolution ties all elements of a channel that it reads.
 * Elements of network inputs are neurons without weights of their own.
 */
import { elementCount } from '../../../ir/constant.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';
import { isWeightNode, weightNodes } from '../../../ir/tensor/weight-layers.ts';
import { DisjointSets } from '../../../ir/maths/disjoint-sets.ts';
import { type LayerGeometry, layerGeometry } from '../../../ir/tensor/layer-geometry.ts';

export interface NeuronMap {
  readonly count: number;
  /** Of every layer, by id. */
  readonly layers: ReadonlyMap<ValueId, LayerNeurons>;
  /** For every neuron the layers and network inputs that it has rows or elements of, in order. */
  readonly homes: readonly (readonly ValueId[])[];
  readonly touchesInput: Uint8Array;
  readonly touchesOutput: Uint8Array;
}

export interface LayerNeurons extends LayerGeometry {
  /** The neuron of each row. */
  readonly fed: Int32Array;
  /** The neuron that each column reads, −1 for a constant. */
  readonly read: Int32Array;
}

const empty = new Int32Array();

/** The neurons of `module`, numbered in order of appearance. */
export function neuronsOf(module: TensorModule): NeuronMap {
  const sets = new DisjointSets();
  const geometries = new Map(weightNodes(module).map((node) => [node.id, layerGeometry(module, node)]));
  const elements: Int32Array[] = [];
  for (const node of module.nodes) {
    const operands = node.operands.map((id) => elements[id] ?? empty);
    elements.push(elementsOf(node, operands, geometries.get(node.id), sets));
  }
  return number(module, elements, geometries, sets);
}

/** The set of each element of the result. */
function elementsOf(
  node: TensorNode,
  operands: readonly Int32Array[],
  geometry: LayerGeometry | undefined,
  sets: DisjointSets,
): Int32Array {
  const [x = empty] = operands;
  switch (node.op) {
    case 'input':
      return Int32Array.from({ length: elementCount(node.type) }, () => sets.add());
    case 'dense':
    case 'conv':
    case 'sparse': {
      const { rows = 0, rowElements = 1, columnElements = 1 } = geometry ?? {};
      tieColumns(x, columnElements, sets);
      const rowSets = Int32Array.from({ length: rows }, () => sets.add());
      return Int32Array.from({ length: rows * rowElements }, (_, i) => rowSets[Math.floor(i / rowElements)] ?? -1);
    }
    case 'gather': {
      const all = operands.length === 1 ? x : Int32Array.from(operands.flatMap((operand) => [...operand]));
      return node.attrs.index.indices.map((i) => all[i] ?? -1);
    }
    case 'add':
    case 'multiply':
      return x.map((first, i) => operands.reduce((set, operand) => tie(sets, set, operand[i] ?? -1), first));
    case 'scale-shift':
    case 'polynomial':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
      return x;
    case 'output':
      return node.attrs.index === undefined ? x : node.attrs.index.indices.map((i) => x[i] ?? -1);
  }
}

function tieColumns(operand: Int32Array, columnElements: number, sets: DisjointSets): void {
  for (let at = 0; at < operand.length; at += columnElements) {
    operand.subarray(at, at + columnElements).reduce((set, element) => tie(sets, set, element), -1);
  }
}

function number(
  module: TensorModule,
  elements: readonly Int32Array[],
  geometries: ReadonlyMap<ValueId, LayerGeometry>,
  sets: DisjointSets,
): NeuronMap {
  const numbers = new Map<number, number>();
  const homes: ValueId[][] = [];
  const neuronOf = (set: number): number => {
    if (set < 0) return -1;
    const root = sets.find(set);
    const known = numbers.get(root);
    if (known !== undefined) return known;
    numbers.set(root, homes.length);
    homes.push([]);
    return homes.length - 1;
  };
  const neurons = elements.map((each) => each.map(neuronOf));
  const touchesInput = new Uint8Array(homes.length);
  const touchesOutput = new Uint8Array(homes.length);
  const layers = new Map<ValueId, LayerNeurons>();
  for (const node of module.nodes) {
    const own = neurons[node.id] ?? empty;
    if (node.op === 'input') for (const neuron of own) touchesInput[neuron] = 1;
    if (node.op === 'output') for (const neuron of own) if (neuron >= 0) touchesOutput[neuron] = 1;
    if (node.op === 'input' || isWeightNode(node)) {
      for (const neuron of own) if (homes[neuron]?.at(-1) !== node.id) homes[neuron]?.push(node.id);
    }
    const geometry = geometries.get(node.id);
    if (geometry === undefined) continue;
    const operand = neurons[node.operands[0] ?? -1] ?? empty;
    layers.set(node.id, {
      ...geometry,
      fed: Int32Array.from({ length: geometry.rows }, (_, row) => own[row * geometry.rowElements] ?? -1),
      read: Int32Array.from({ length: geometry.columns }, (_, column) =>
        channelNeuron(operand, column, geometry.columnElements),
      ),
    });
  }
  return { count: homes.length, layers, homes, touchesInput, touchesOutput };
}

/** The neuron that the elements of a column belong to; constants among them belong to none. */
function channelNeuron(operand: Int32Array, column: number, columnElements: number): number {
  const own = operand.subarray(column * columnElements, (column + 1) * columnElements);
  return own.find((neuron) => neuron >= 0) ?? -1;
}

/** Joins two sets and returns the result; −1 is no set. */
function tie(sets: DisjointSets, a: number, b: number): number {
  return a < 0 || b < 0 ? Math.max(a, b) : sets.join(a, b).root;
}
