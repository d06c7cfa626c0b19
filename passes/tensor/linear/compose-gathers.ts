/** A gather of gathers is one gather of what they read. */
import { elementCount, indexConstant } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { Rule } from './rewriter.ts';

/** Looks through gathers among the operands, and keeps of the operands only those that are read, each once. */
export const composeGathers: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'gather') return undefined;
    const parts = node.operands.map((id) => graph.node(id));
    // Where each element of the concatenated operands comes from: −1, or a value and an element of it.
    const sources: ValueId[] = [];
    const elements: number[] = [];
    for (const part of parts) {
      if (part.op === 'gather') {
        const widths = part.operands.map((id) => elementCount(graph.shape(id)));
        for (const from of part.attrs.index.indices) {
          let block = 0;
          let element = from;
          while (element >= (widths[block] ?? Infinity)) element -= widths[block++] ?? 0;
          sources.push(from < 0 ? -1 : (part.operands[block] ?? -1));
          elements.push(element);
        }
      } else {
        for (let e = 0; e < elementCount(part.type); e++) {
          sources.push(part.id);
          elements.push(e);
        }
      }
    }
    const read = new Set<ValueId>();
    for (const i of node.attrs.index.indices) {
      const source = i < 0 ? -1 : (sources[i] ?? -1);
      if (source >= 0) read.add(source);
    }
    // Nothing read is a gather of zeros; it keeps an operand, for an op must have one.
    const operands = read.size > 0 ? [...read] : [parts[0]?.operands[0] ?? node.operands[0] ?? -1];
    if (operands.length === node.operands.length && operands.every((id, k) => id === node.operands[k]))
      return undefined;
    const starts = new Map<ValueId, number>();
    let start = 0;
    for (const id of operands) {
      starts.set(id, start);
      start += elementCount(graph.shape(id));
    }
    const index = node.attrs.index.indices.map((i) => {
      const source = i < 0 ? -1 : (sources[i] ?? -1);
      return source < 0 ? -1 : (starts.get(source) ?? 0) + (elements[i] ?? 0);
    });
    const origins = mergeOrigins(
      ...parts.filter((part) => part.op === 'gather').map((part) => part.origins),
      node.origins,
    );
    return () => graph.emit('gather', operands, { index: indexConstant(node.type, index) }, origins);
  },
};
