/** Where a gather of several operands reads. */
import { elementCount } from '../../../ir/constant.ts';
import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { nodeAt } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode } from '../../../ir/tensor/ops.ts';

/** The operand, and the element of it, that `from` is in the operands one after another. */
export function sourceOf(module: TensorModule, { operands }: TensorNode, from: number): [ValueId, number] {
  let element = from;
  for (const operand of operands) {
    const elements = elementCount(nodeAt(module, operand).type);
    if (element < elements) return [operand, element];
    element -= elements;
  }
  throw new InternalError(`element ${from} is in no operand`);
}
