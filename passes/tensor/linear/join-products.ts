/**
 * Products of elements of the same values, side by side, are one product of two gathers: monomials, which exporters write
 * one by one, take one multiplication a degree instead of one each.
 */
import { elementCount, indexConstant } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../../ir/op.ts';
import { isSelection, type LinearMap, RowWriter } from '../../../ir/tensor/csr.ts';
import type { TensorNodeNamed } from '../../../ir/tensor/ops.ts';
import { emitMap } from './node-of-map.ts';
import type { Rewriter, Rule } from './rewriter.ts';

export const joinProducts: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'gather' || node.operands.length < 2) return undefined;
    const joined = likeProducts(node, graph);
    if (joined.length < 2) return undefined;
    const others = node.operands.filter((id) => !joined.some((product) => product.id === id));
    return () => {
      const product = joinedProduct(joined, graph);
      const order = [...others, ...joined.map(({ id }) => id)];
      const index = reindexed(node, order, graph);
      return graph.emit('gather', [...others, product], { index: indexConstant(node.type, index) }, node.origins);
    };
  },
};

/** The first products among the operands, two at least, that are built in the same way from the same values. */
function likeProducts(node: TensorNodeNamed<'gather'>, graph: Rewriter): readonly TensorNodeNamed<'multiply'>[] {
  const groups = new Map<string, TensorNodeNamed<'multiply'>[]>();
  for (const id of node.operands) {
    const product = graph.node(id);
    if (product.op !== 'multiply' || !graph.isUsedOnce(product)) continue;
    const key = constructionOf(id, graph);
    groups.set(key, [...(groups.get(key) ?? []), product]);
  }
  return [...groups.values()].find((group) => group.length > 1) ?? [];
}

/** How a value is multiplied together from elements of others; values with equal constructions differ in those elements. */
function constructionOf(id: ValueId, graph: Rewriter): string {
  const node = graph.node(id);
  if (node.op === 'multiply' && graph.isUsedOnce(node))
    return `(${node.operands.map((operand) => constructionOf(operand, graph)).join(' × ')})`;
  return `elements of ${sourceOf(id, graph)}`;
}

/** The value that `id` picks and scales elements of; itself, where it does something else. */
function sourceOf(id: ValueId, graph: Rewriter): ValueId {
  const node = graph.node(id);
  // Convolutions are seldom that, and their maps large.
  const mayPick = node.op !== 'conv';
  return mayPick && graph.isMap(node) && isSelection(graph.mapOf(node)) ? graph.operand(node).id : id;
}

function joinedProduct(products: readonly TensorNodeNamed<'multiply'>[], graph: Rewriter): ValueId {
  const origins = mergeOrigins(...products.map((product) => product.origins));
  const side = (k: number): ValueId => {
    const parts = products.map(({ operands }) => operands[k] ?? -1);
    return sideBySide(parts, origins, graph);
  };
  const left = side(0);
  const isSquare = products.every(({ operands: [a, b] }) => a === b);
  return graph.emit('multiply', [left, isSquare ? left : side(1)], {}, origins);
}

/** Values of one construction, flattened one after another. */
function sideBySide(parts: readonly ValueId[], origins: readonly NodeRef[], graph: Rewriter): ValueId {
  const total = parts.reduce((sum, id) => sum + elementCount(graph.shape(id)), 0);
  const [first = -1] = parts;
  const source = sourceOf(first, graph);
  if (parts.some((id) => sourceOf(id, graph) !== source)) {
    const all = Int32Array.from({ length: total }, (_, i) => i);
    return graph.emit('gather', parts, { index: indexConstant([total], all) }, origins);
  }
  const columns = elementCount(graph.shape(source));
  const writer = new RowWriter(total, columns, total);
  const bias = new Float64Array(total);
  let row = 0;
  for (const id of parts) {
    const map = id === source ? undefined : graph.mapOf(graph.node(id));
    for (let r = 0; r < (map?.rows ?? columns); r++, row++) {
      writeRow(writer, map, r);
      bias[row] = map?.bias[r] ?? 0;
    }
  }
  return emitMap(graph, writer.finish(bias), source, [total], 0, origins);
}

/** Row `r` of a selection, or of the identity. */
function writeRow(writer: RowWriter, map: LinearMap | undefined, r: number): void {
  if (map === undefined) writer.push(r, 1);
  else
    for (let i = map.starts[r] ?? 0; i < (map.starts[r + 1] ?? 0); i++)
      writer.push(map.indices[i] ?? 0, map.values[i] ?? 0);
  writer.endRow();
}

/** The index of a gather for its operands in another order. */
function reindexed(node: TensorNodeNamed<'gather'>, order: readonly ValueId[], graph: Rewriter): Int32Array {
  const starts = new Map<ValueId, number>();
  let start = 0;
  for (const id of order) {
    starts.set(id, start);
    start += elementCount(graph.shape(id));
  }
  const places = node.operands.flatMap((id) => {
    const from = starts.get(id) ?? 0;
    return Array.from({ length: elementCount(graph.shape(id)) }, (_, e) => from + e);
  });
  return node.attrs.index.indices.map((i) => places[i] ?? -1);
}
