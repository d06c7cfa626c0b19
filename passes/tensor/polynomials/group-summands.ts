/** Sums in which some summands are polynomials of one value: these become a sum of their own. */
import type { ValueId } from '../../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../../ir/tensor/ops.ts';
import { type Views, viewsOf } from './views.ts';

/** The same values; what is not grouped stands as it did. */
export function groupSummands(module: TensorModule): TensorModule {
  const builder = new TensorBuilder();
  const values: ValueId[] = [];
  /** The farthest base of each value of `module`. */
  const views: Views[] = [];
  for (const node of module.nodes) {
    const farthest = node.operands.map((id) => [...(views[id]?.keys() ?? [])][0] ?? id);
    views.push(
      viewsOf(
        module,
        node,
        node.operands.map((id) => views[id] ?? new Map<ValueId, never>()),
      ),
    );
    const operandOf = (id: ValueId): ValueId => values[id] ?? -1;
    const groups = new Map<ValueId, ValueId[]>();
    for (const [k, id] of node.operands.entries()) {
      const base = farthest[k] ?? id;
      groups.set(base, [...(groups.get(base) ?? []), operandOf(id)]);
    }
    if (node.op !== 'add' || groups.size === 1 || groups.size === node.operands.length) {
      values.push(builder.copy(node, operandOf));
      continue;
    }
    const summands = [...groups.values()].map((group) => {
      const [only = -1] = group;
      return group.length === 1 ? only : builder.add('add', group, {}, node.origins);
    });
    values.push(builder.add('add', summands, {}, node.origins));
  }
  return builder.build(module.name);
}
