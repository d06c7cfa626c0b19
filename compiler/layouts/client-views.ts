/**
 * What the client can pack by itself: inputs of the model, and elements of one that it picks, repeats and reorders. Such
 * a gather costs nothing, and its users may want it packed in whatever way, like an input.
 */
import { elementCount } from '../../ir/constant.ts';
import { nodeAt } from '../../ir/module.ts';
import type { ValueId } from '../../ir/op.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../ir/tensor/ops.ts';

export interface ClientView {
  readonly input: TensorNodeNamed<'input'>;
  /** For each element of the value the element of the input that it is, or −1 for zero. */
  readonly index: Int32Array;
}

/** Undefined for what only the server can compute. */
export function clientView(module: TensorModule, id: ValueId): ClientView | undefined {
  const node = nodeAt(module, id);
  if (node.op === 'input')
    return { input: node, index: Int32Array.from({ length: elementCount(node.type) }, (_, e) => e) };
  if (!isClientView(module, node) || node.op !== 'gather') return undefined;
  const source = clientView(module, node.operands[0] ?? -1);
  return source && { input: source.input, index: pick(source.index, node.attrs.index.indices) };
}

/** Whether `clientView` knows it. */
export function isClientView(module: TensorModule, node: TensorNode): boolean {
  let at = node;
  while (at.op === 'gather' && at.operands.length === 1) at = nodeAt(module, at.operands[0] ?? -1);
  return at.op === 'input';
}

/** Element e of the result is `index[picks[e]]`, or −1 where that is −1. */
export function pick(index: Int32Array, picks: Int32Array): Int32Array {
  return picks.map((from) => (from < 0 ? -1 : (index[from] ?? -1)));
}
