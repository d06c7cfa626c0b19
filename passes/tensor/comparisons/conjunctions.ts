/**
 * Comparisons that are multiplied together by halves, as those of the paths of decision trees: of [comparisons, paths] the first
 * half of the rows times the second, until one row is left, which is 1 for every path all of whose comparisons are true.
 */
import { elementCount } from '../../../ir/constant.ts';
import type { ValueId } from '../../../ir/op.ts';
import type { TensorModule, TensorNode, TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { isComparison } from './input-comparisons.ts';

export interface Conjunctions {
  /** What is decided, a row for each element of [comparisons, width]. */
  readonly compared: TensorNodeNamed<'sparse'>;
  readonly kind: 'step' | 'sign';
  /** How many comparisons are multiplied together, a power of two. */
  readonly comparisons: number;
  readonly width: number;
  /** Everything between `compared` and `result`, both of them included. */
  readonly nodes: readonly ValueId[];
  readonly result: TensorNode;
}

/** Of each comparison that alone reads the linear op that it decides on; of one comparison each where nothing is multiplied. */
export function conjunctionsOf(module: TensorModule, users: readonly TensorNode[][]): readonly Conjunctions[] {
  return module.nodes.flatMap((node): Conjunctions[] => {
    if (!isComparison(node)) return [];
    const compared = module.nodes[node.operands[0] ?? -1];
    if (compared?.op !== 'sparse' || users[compared.id]?.length !== 1) return [];
    const nodes = [compared.id, node.id];
    let result: TensorNode = node;
    for (;;) {
      const halves = halvesOf(result, users);
      if (halves === undefined) break;
      nodes.push(...halves.gathers, halves.product.id);
      result = halves.product;
    }
    const width = elementCount(result.type);
    const kind = node.attrs.kind === 'sign' ? 'sign' : 'step';
    return [{ compared, kind, comparisons: elementCount(node.type) / width, width, nodes, result }];
  });
}

/** What multiplies one half of a value by the other, if nothing else reads it. */
function halvesOf(
  node: TensorNode,
  users: readonly TensorNode[][],
): { readonly gathers: readonly ValueId[]; readonly product: TensorNode } | undefined {
  const readers = users[node.id] ?? [];
  const half = elementCount(node.type) / 2;
  const [a, b] = readers;
  if (readers.length !== 2 || a?.op !== 'gather' || b?.op !== 'gather' || !Number.isInteger(half)) return undefined;
  const starts = new Set([a, b].map((gather) => startOf(gather, half)));
  const [product, ...others] = users[a.id] ?? [];
  const isProduct = product?.op === 'multiply' && others.length === 0 && users[b.id]?.length === 1;
  if (!isProduct || users[b.id]?.[0] !== product || !starts.has(0) || !starts.has(half)) return undefined;
  return { gathers: [a.id, b.id], product };
}

/** Where the `count` elements begin that follow one another; undefined of any others. */
function startOf({ attrs: { index } }: TensorNodeNamed<'gather'>, count: number): number | undefined {
  const [start = -1] = index.indices;
  return index.indices.length === count && index.indices.every((e, i) => e === start + i) ? start : undefined;
}
