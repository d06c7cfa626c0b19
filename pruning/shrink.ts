/** Axes of a network, and the next smaller power of two that each could be cut down to. */
import type { ValueId } from '../ir/op.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import { weightNodes, weightsOf } from '../ir/tensor/weight-layers.ts';
import { type NeuronMap, neuronsOf } from '../passes/pruning/neurons/neurons.ts';

export interface SmallerAxis {
  /** The layer or network input whose neurons they are. */
  readonly home: ValueId;
  readonly alive: number;
  readonly keep: number;
}

/** An axis of fewer neurons is left alone: a rotation less is not worth a layer. */
const fewestElements = 16;

/** `outputs`: whether the elements of network outputs may go, which then are constants. */
export function smallerAxes(module: TensorModule, outputs: boolean): SmallerAxis[] {
  const neurons = neuronsOf(module);
  const alive = aliveNeurons(module, neurons);
  const counts = new Map<ValueId, number>();
  for (const [neuron, homes] of neurons.homes.entries()) {
    const [home] = homes;
    if (home === undefined || alive[neuron] === 0 || (!outputs && neurons.touchesOutput[neuron] === 1)) continue;
    counts.set(home, (counts.get(home) ?? 0) + 1);
  }
  return [...counts].flatMap(([home, count]) => {
    const keep = 2 ** (Math.ceil(Math.log2(count)) - 1);
    return keep < fewestElements ? [] : [{ home, alive: count, keep }];
  });
}

/** 1 for every neuron that any weight feeds or, for elements of inputs, reads. */
function aliveNeurons(module: TensorModule, { count, layers, touchesInput }: NeuronMap): Uint8Array {
  const alive = new Uint8Array(count);
  for (const node of weightNodes(module)) {
    const layer = layers.get(node.id);
    if (layer === undefined) continue;
    const { rowOf, columnOf, fed, read } = layer;
    for (const [i, w] of weightsOf(node).values.entries()) {
      if (w === 0) continue;
      const own = fed[rowOf[i] ?? -1] ?? -1;
      const operand = read[columnOf[i] ?? -1] ?? -1;
      if (own >= 0) alive[own] = 1;
      if (operand >= 0 && touchesInput[operand] === 1) alive[operand] = 1;
    }
  }
  return alive;
}
