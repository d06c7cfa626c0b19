/**
 * Values that keep the same elements. Operands and result of an op that works element by element have theirs at the same
 * places, and a reshape is free only as long as it stays one. A class keeps or drops its elements in groups: single ones,
 * or whole channels where a convolution has to find its geometry.
 */
import { elementCount } from '../../../ir/constant.ts';
import { DisjointSets } from '../../../ir/maths/disjoint-sets.ts';
import { leastCommonMultiple } from '../../../ir/maths/divisors.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Shape, TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';
import { isReshape } from '../../../ir/tensor/reshape.ts';

export class ElementClasses {
  private readonly sets: DisjointSets;
  private readonly groupOf = new Map<ValueId, number>();

  constructor(module: TensorModule) {
    this.sets = new DisjointSets(module.nodes.length);
    for (const node of module.nodes) {
      if (!isElementwise(node) && !isInnerReshape(module, node)) continue;
      for (const operand of node.operands) this.sets.join(operand, node.id);
    }
    for (const node of module.nodes) {
      for (const operand of node.operands) {
        const read = nodeAt(module, operand).type;
        if (node.op !== 'conv' && !(node.op === 'sparse' && isGeometric(read, node.type))) continue;
        this.coarsen(operand, channelSize(read));
        this.coarsen(node.id, channelSize(node.type));
      }
    }
  }

  root(id: ValueId): ValueId {
    return this.sets.find(id);
  }

  /** Neighbouring elements that stay or go together. */
  group(id: ValueId): number {
    return this.groupOf.get(this.root(id)) ?? 1;
  }

  private coarsen(id: ValueId, size: number): void {
    this.groupOf.set(this.root(id), leastCommonMultiple(this.group(id), size));
  }
}

/** Elements for each index of the first axis. */
export function channelSize(shape: Shape): number {
  return elementCount(shape.slice(1));
}

/** A gather that changes nothing but the shape, of what is no input: those of inputs are free whatever they pick. */
export function isInnerReshape(module: TensorModule, node: TensorNode): boolean {
  return isReshape(module, node) && nodeAt(module, node.operands[0] ?? -1).op !== 'input';
}

function isElementwise({ op }: TensorNode): boolean {
  return ['scale-shift', 'add', 'multiply', 'polynomial', 'activation'].includes(op);
}

/** Whether kernels take a sparse op for a convolution: it is made of some, and of pools, where the axes correspond. */
function isGeometric(operand: Shape, result: Shape): boolean {
  return operand.length === result.length && operand.length >= 2;
}
