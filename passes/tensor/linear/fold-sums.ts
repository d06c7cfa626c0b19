/** Rules for sums: nested sums, sums of linear ops of one value, and scale-shifts of sums. */
import { elementCount, vector } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import type { ValueId } from '../../../ir/op.ts';
import { identityMap, type LinearMap, sumMaps } from '../../../ir/tensor/csr.ts';
import type { TensorNode } from '../../../ir/tensor/ops.ts';
import { channelAffine } from './fold-into-conv.ts';
import { denseEntriesOf, emitMap } from './node-of-map.ts';
import type { Rewriter, Rule } from './rewriter.ts';

/** a + (b + c) = a + b + c, where nobody else reads b + c. */
export const flattenSum: Rule = {
  effect: 'dropped',
  match: (node, graph) => {
    if (node.op !== 'add') return undefined;
    const nested = node.operands
      .map((id) => graph.node(id))
      .filter((inner) => inner.op === 'add' && graph.isUsedOnce(inner));
    if (nested.length === 0) return undefined;
    const operands = node.operands.flatMap((id) => {
      const inner = nested.find((candidate) => candidate.id === id);
      return inner === undefined ? [id] : inner.operands;
    });
    const origins = mergeOrigins(...nested.map((inner) => inner.origins), node.origins);
    return () => graph.emit('add', operands, {}, origins);
  },
};

/**
 * Linear ops of one value, and the value itself, as one linear op: x + W x = (I + W) x. Convolutions stay out: as
 * sparse ops they would lose their geometry.
 */
export const mergeSummands: Rule = {
  effect: 'merged',
  match: (node, graph) => {
    if (node.op !== 'add') return undefined;
    const bySource = new Map<ValueId, TensorNode[]>();
    for (const id of node.operands) {
      const summand = graph.node(id);
      const source = isOwnMap(summand, graph) ? graph.operand(summand).id : id;
      bySource.set(source, [...(bySource.get(source) ?? []), summand]);
    }
    const found = [...bySource].find(
      ([source, summands]) => summands.length > 1 && summands.some((summand) => summand.id !== source),
    );
    if (found === undefined) return undefined;
    const [source, summands] = found;
    const maps = summands.map((summand): LinearMap => {
      return summand.id === source ? identityMap(elementCount(summand.type)) : graph.mapOf(summand);
    });
    const sum = sumMaps(
      maps,
      maps.map(() => 0),
      maps[0]?.columns ?? 0,
    );
    const own = summands.filter((summand) => summand.id !== source);
    const dense = Math.max(...own.map(denseEntriesOf));
    const merged = new Set(summands.map((summand) => summand.id));
    const rest = node.operands.filter((id) => !merged.has(id));
    const origins = mergeOrigins(...own.map((summand) => summand.origins), node.origins);
    return () => {
      const value = emitMap(graph, sum, source, node.type, dense, origins);
      return rest.length === 0 ? value : graph.emit('add', [...rest, value], {}, node.origins);
    };
  },
};

/** f (a + b) + o = (f a + o) + f b, where all summands but at most one take the factors in. */
export const distributeScale: Rule = {
  effect: 'moved',
  match: (node, graph) => {
    if (node.op !== 'scale-shift') return undefined;
    const sum = graph.operand(node);
    if (sum.op !== 'add' || !graph.isUsedOnce(sum)) return undefined;
    const summands = sum.operands.map((id) => graph.node(id));
    const takers = summands.filter((summand) => takesScale(summand, node, graph));
    if (takers.length === 0 || takers.length < summands.length - 1) return undefined;
    const { factors, offsets } = node.attrs;
    const first = takers[0]?.id;
    return () => {
      const scaled = sum.operands.map((id) => {
        const attrs = { factors, offsets: id === first ? offsets : vector([0]) };
        return graph.emit('scale-shift', [id], attrs, node.origins);
      });
      return graph.emit('add', scaled, {}, sum.origins);
    };
  },
};

function isOwnMap(node: TensorNode, graph: Rewriter): boolean {
  return graph.isMap(node) && node.op !== 'conv' && !graph.isReshape(node) && graph.isUsedOnce(node);
}

function takesScale(summand: TensorNode, scale: TensorNode, graph: Rewriter): boolean {
  if (!graph.isUsedOnce(summand)) return false;
  switch (summand.op) {
    case 'dense':
    case 'sparse':
    case 'scale-shift':
      return true;
    case 'conv':
      return channelAffine(scale, summand.type) !== undefined;
    case 'gather':
    case 'input':
    case 'add':
    case 'multiply':
    case 'polynomial':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
    case 'output':
      return false;
  }
}
