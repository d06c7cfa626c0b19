/** Networks with refreshes, as those who place them say: by the client or by bootstraps. */
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';

/** After node `after` these values are refreshed. */
export interface Cut {
  readonly after: ValueId;
  readonly values: readonly ValueId[];
}

/** The network with refreshes at these cuts, in order. */
export function refreshedAt(module: TensorModule, cuts: readonly Cut[]): TensorModule {
  const builder = new TensorBuilder();
  const copies = new Map<ValueId, ValueId>();
  const at = (id: ValueId): ValueId => copies.get(id) ?? -1;
  for (const node of module.nodes) {
    copies.set(node.id, builder.copy(node, at));
    for (const { after, values } of cuts) {
      if (after !== node.id) continue;
      const refreshed = values.map(
        (id) => [id, builder.add('refresh', [at(id)], {}, nodeAt(module, id).origins)] as const,
      );
      for (const [id, copy] of refreshed) copies.set(id, copy);
    }
  }
  return builder.build(module.name);
}
