/** Gathers that move nothing. */
import { elementCount, isIdentity } from '../constant.ts';
import { nodeAt } from '../module.ts';
import type { Shape, TensorModule, TensorNode } from './ops.ts';

/** Whether the node changes nothing but the shape: every element of its only operand stays where it is. */
export function isReshape(module: TensorModule, node: TensorNode): boolean {
  const [operand] = node.operands;
  return operand !== undefined && keepsElements(node, nodeAt(module, operand).type);
}

/** The same, for an operand of this shape. */
export function keepsElements(node: TensorNode, operand: Shape): boolean {
  if (node.op !== 'gather' || node.operands.length !== 1) return false;
  return isIdentity(node.attrs.index.indices, elementCount(operand));
}
