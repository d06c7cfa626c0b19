/** Operands of sums that are constant: they go into the bias of a linear op that the sum alone reads, if it has one. */
import { elementCount } from '../../../ir/constant.ts';
import { nodeAt, usersOf } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { channelSize } from './classes.ts';
import type { KeptElements } from './kept-elements.ts';
import type { Needs } from './needs.ts';

export class ConstantSummands {
  private readonly needs: Needs;
  private readonly kept: KeptElements;
  /** By the linear node that takes them in. */
  private readonly added = new Map<ValueId, Float64Array>();
  /** By the sum that nothing takes them from. */
  private readonly left = new Map<ValueId, Float64Array>();

  constructor(needs: Needs, kept: KeptElements) {
    this.needs = needs;
    this.kept = kept;
    const users = usersOf(needs.module);
    for (const node of needs.module.nodes) {
      if (node.op !== 'add' || !needs.isWanted(node.id) || !needs.varies(node.id)) continue;
      const constants = this.sumOf(node);
      if (constants === undefined) continue;
      const into = node.operands.find((id) => users[id]?.length === 1 && this.takes(id, constants));
      if (into === undefined) this.left.set(node.id, constants);
      else this.added.set(into, constants);
    }
  }

  /** What the bias of a linear node has to take in, by the elements that the node had. */
  addedTo(id: ValueId): Float64Array | undefined {
    return this.added.get(id);
  }

  /** What a sum has to add itself. */
  leftTo(id: ValueId): Float64Array | undefined {
    return this.left.get(id);
  }

  /** The sum of the operands that do not vary, by element; undefined where it is zero. */
  private sumOf(node: TensorNodeNamed<'add'>): Float64Array | undefined {
    const sum = new Float64Array(elementCount(node.type));
    for (const id of node.operands) {
      if (this.needs.varies(id)) continue;
      for (const e of this.kept.of(node.id)) sum[e] = (sum[e] ?? 0) + this.needs.constantAt(id, e);
    }
    return sum.some((value) => value !== 0) ? sum : undefined;
  }

  private takes(id: ValueId, constants: Float64Array): boolean {
    if (!this.needs.varies(id)) return false;
    const { op, type } = nodeAt(this.needs.module, id);
    if (op === 'dense' || op === 'sparse') return true;
    if (op !== 'conv') return false;
    const size = channelSize(type);
    return this.kept.of(id).every((e) => constants[e] === constants[e - (e % size)]);
  }
}
