/** Rules that make one linear op of two that follow one another, by the product of their matrices. */
import { elementCount } from '../../../ir/constant.ts';
import { mergeOrigins } from '../../../ir/module.ts';
import { splitColumns } from '../../../ir/tensor/column-blocks.ts';
import { compose, composeWithin, composeWork, isSelection, type LinearMap } from '../../../ir/tensor/csr.ts';
import type { TensorNode } from '../../../ir/tensor/ops.ts';
import { denseEntriesOf, emitMap } from './node-of-map.ts';
import type { Rewriter, Rule } from './rewriter.ts';

/** A product may have at most this times the non-zeros of both factors together. */
const maxGrowth = 4;

/**
 * Non-zeros beyond which a product may have no more than both factors: a thousand plaintexts and more are what a layer
 * costs, and a level is cheaper than three thousand of them.
 */
const manyNonZeros = 2 ** 22;

/** The most non-zeros that a product may have, of factors that have `separately` together. */
export function mostNonZeros(separately: number): number {
  return Math.max(separately, Math.min(maxGrowth * separately, manyNonZeros));
}

/** Products of weights beyond which a composition is not tried: some seconds of compile time. */
const maxWork = 2 ** 30;

/** linear ∘ linear, the inner one used once or no more than a selection of elements. */
export const composeLinear: Rule = {
  effect: 'merged',
  match: (outer, graph) => {
    if (!graph.isMap(outer) || graph.isReshape(outer)) return undefined;
    const inner = graph.operand(outer);
    if (!graph.isMap(inner) || graph.isReshape(inner)) return undefined;
    // A convolution of a convolution is one if `compose-conv` can say so; as a sparse op it would lose its geometry.
    if (outer.op === 'conv' && inner.op === 'conv') return undefined;
    const map = product(outer, inner, graph);
    if (map === undefined) return undefined;
    const [source = -1] = inner.operands;
    const dense = denseEntriesOf(outer) + denseEntriesOf(inner);
    return () => emitMap(graph, map, source, outer.type, dense, mergeOrigins(inner.origins, outer.origins));
  },
};

/** linear ∘ concatenation: the sum of one linear op for each part, so that the parts are never brought together. */
export const splitConcatenation: Rule = {
  effect: 'merged',
  match: (outer, graph) => {
    if (!graph.isMap(outer) || outer.op === 'conv' || outer.op === 'scale-shift') return undefined;
    return matchConcatenation(outer, graph);
  },
};

/** scale-shift ∘ concatenation, for scale-shifts that no later linear op has taken in. */
export const splitScaledConcatenation: Rule = {
  effect: 'merged',
  match: (outer, graph) => (outer.op === 'scale-shift' ? matchConcatenation(outer, graph) : undefined),
};

function matchConcatenation(outer: TensorNode, graph: Rewriter): ReturnType<Rule['match']> {
  const inner = graph.operand(outer);
  if (inner.op !== 'gather' || inner.operands.length === 1) return undefined;
  const map = compose(graph.mapOf(outer), graph.mapOf(inner));
  const slices = splitColumns(
    map,
    inner.operands.map((id) => elementCount(graph.shape(id))),
  );
  const origins = mergeOrigins(inner.origins, outer.origins);
  return () => {
    const parts = slices.map((slice, k) =>
      emitMap(graph, slice, inner.operands[k] ?? -1, outer.type, denseEntriesOf(outer), origins),
    );
    return graph.emit('add', parts, {}, origins);
  };
}

function product(outer: TensorNode, inner: TensorNode, graph: Rewriter): LinearMap | undefined {
  const outerMap = graph.mapWithin(outer);
  const innerMap = outerMap && graph.mapWithin(inner);
  // What cannot be expanded stays what it is.
  if (outerMap === undefined || innerMap === undefined) return undefined;
  if (isSelection(innerMap)) return compose(outerMap, innerMap);
  if (!graph.isUsedOnce(inner)) return undefined;
  if (composeWork(outerMap, innerMap) > maxWork) return undefined;
  return composeWithin(outerMap, innerMap, mostNonZeros(outerMap.values.length + innerMap.values.length));
}
