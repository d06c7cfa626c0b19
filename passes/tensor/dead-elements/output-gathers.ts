/** Gathers that only an output reads: the client does them for nothing. */
import { Constant, elementCount, indexConstant } from '../../../ir/constant.ts';
import { mergeOrigins, nodeAt, usersOf } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { TensorBuilder, type TensorModule, type TensorNode, type TensorNodeNamed } from '../../../ir/tensor/ops.ts';

/** The module with such gathers in the indices of the outputs; they themselves are left without users. */
export function foldOutputGathers(module: TensorModule): TensorModule {
  const users = usersOf(module);
  const builder = new TensorBuilder();
  for (const node of module.nodes) {
    if (node.op === 'output') addOutput(module, builder, node, users);
    else builder.copy(node, (id) => id);
  }
  return builder.build(module.name);
}

function addOutput(
  module: TensorModule,
  builder: TensorBuilder,
  { attrs, operands, type, origins }: TensorNodeNamed<'output'>,
  users: readonly (readonly TensorNode[])[],
): void {
  let [x = -1] = operands;
  let { index, constants } = attrs;
  let from = origins;
  for (let gather = nodeAt(module, x); isFoldable(module, gather, users); gather = nodeAt(module, x)) {
    const picks = gather.attrs.index.indices;
    const before = index?.indices ?? Int32Array.from({ length: elementCount(type) }, (_, i) => i);
    const known = constants?.values;
    if (known !== undefined)
      constants = new Constant(
        type,
        known.map((value, i) => ((before[i] ?? -1) < 0 ? value : 0)),
      );
    index = indexConstant(
      type,
      before.map((element) => (element < 0 ? -1 : (picks[element] ?? -1))),
    );
    [x = -1] = gather.operands;
    from = mergeOrigins(gather.origins, from);
  }
  builder.add('output', [x], { name: attrs.name, ...(index && { index }), ...(constants && { constants }) }, from);
}

/** Those of an input are free as they are. */
function isFoldable(
  module: TensorModule,
  node: TensorNode,
  users: readonly (readonly TensorNode[])[],
): node is TensorNodeNamed<'gather'> {
  const [operand]: readonly ValueId[] = node.operands;
  if (node.op !== 'gather' || operand === undefined || node.operands.length !== 1) return false;
  return users[node.id]?.length === 1 && nodeAt(module, operand).op !== 'input';
}
