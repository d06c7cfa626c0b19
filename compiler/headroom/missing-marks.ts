/** Which elements of an encrypted input say that others are missing, by the client's steps that make them. */
import type { ClientModule, ClientNode } from '../../ir/client/ops.ts';
import { elementCount } from '../../ir/constant.ts';

/**
 * For each of the elements of input `name` the place of the one of which it says whether it is missing, 1 or 0, and which is 0 where it
 * is; −1 for all others. Known by their steps: 0 where a value is NaN and the value elsewhere, beside whether it is NaN.
 */
export function missingMarks(pre: ClientModule | undefined, name: string, elements: number): Int32Array {
  const marks = new Int32Array(elements).fill(-1);
  if (pre === undefined) return marks;
  const nodeOf = (node: ClientNode, operand: number): ClientNode | undefined => pre.nodes[node.operands[operand] ?? -1];
  const output = pre.nodes.find((node) => node.op === 'output' && node.attrs.name === name);
  const joined = output && nodeOf(output, 0);
  if (joined?.op !== 'gather' || joined.operands.length !== 2) return marks;
  const [present, marked] = [nodeOf(joined, 0), nodeOf(joined, 1)];
  if (present?.op !== 'select' || marked?.op !== 'cast') return marks;
  const [condition, replacement] = [nodeOf(present, 0), constantBehind(pre, nodeOf(present, 1))];
  const isOfOne = condition?.op === 'unary' && condition.attrs.fn === 'is-nan' && nodeOf(marked, 0) === condition;
  if (!isOfOne || replacement?.every((value) => value === 0) !== true) return marks;
  if (nodeOf(condition, 0) !== nodeOf(present, 2)) return marks;
  const features = elementCount(present.type.shape);
  const { index } = joined.attrs;
  const placeOf = new Map(index.map((source, place) => [source, place]));
  for (const [place, source] of index.entries())
    if (source >= features) marks[place] = placeOf.get(source - features) ?? -1;
  return marks;
}

/** The elements of a constant, which `gather` may have spread. */
function constantBehind(pre: ClientModule, node: ClientNode | undefined): readonly (number | string)[] | undefined {
  if (node?.op === 'gather') return constantBehind(pre, pre.nodes[node.operands[0] ?? -1]);
  return node?.op === 'constant' ? node.attrs.values : undefined;
}
