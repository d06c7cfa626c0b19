/** `dead-nodes`: drops what no output of the model depends on. */
import { z } from 'zod';

import { graphOf } from '../../ir/graph.ts';
import type { ValueId } from '../../ir/op.ts';
import { TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import { definePass } from '../base/pass.ts';

/** `module` without the nodes that no output depends on; inputs stay, because they are the model's interface. */
export function withoutDeadNodes(module: TensorModule): TensorModule {
  const outputs = module.nodes.filter((node) => node.op === 'output').map((node) => String(node.id));
  const live = graphOf(module).ancestors(outputs);
  const builder = new TensorBuilder();
  const values = new Map<ValueId, ValueId>();
  for (const node of module.nodes) {
    if (node.op !== 'input' && !live.has(String(node.id))) continue;
    values.set(
      node.id,
      builder.copy(node, (operand) => values.get(operand) ?? -1),
    );
  }
  return builder.build(module.name);
}

export const deadNodes = definePass({
  name: 'dead-nodes',
  level: 'tensor',
  doc:
    'Drops every node that no output depends on. Inputs stay even where nobody reads them: they are the interface ' +
    'of the model.',
  options: z.strictObject({}),
  requires: [],
  ensures: [],
  statistics: { dropped: 'nodes that no output depends on' },
  run: (module) => {
    const result = withoutDeadNodes(module);
    return { module: result, statistics: { dropped: module.nodes.length - result.nodes.length } };
  },
});
