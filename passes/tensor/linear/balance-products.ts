/**
 * Weights behind products that differ by orders of magnitude, as a Gaussian model has them for features of different units:
 * roots of them go to the factors, which linear ops compute anyway. All elements of a value share one scale, so that a large
 * weight would enlarge the noise of an element that is small beside others.
 */
import { mergeOrigins } from '../../../ir/module.ts';
import { isSelection, LinearMap } from '../../../ir/tensor/csr.ts';
import type { TensorNode } from '../../../ir/tensor/ops.ts';
import { denseEntriesOf, emitMap } from './node-of-map.ts';
import type { Rewriter, Rule } from './rewriter.ts';

/** Largest over smallest weight that is left alone. */
const tolerated = 2 ** 8;

export const balanceProducts: Rule = {
  effect: 'moved',
  match: (outer, graph) => {
    if (outer.op !== 'dense' && outer.op !== 'sparse' && outer.op !== 'scale-shift') return undefined;
    const product = graph.operand(outer);
    if (product.op !== 'multiply' || !graph.isUsedOnce(product)) return undefined;
    const [left, right] = [graph.operand(product), graph.operand(product, 1)];
    if (!takesFactors(left, graph) || !takesFactors(right, graph)) return undefined;
    const map = graph.mapWithin(outer);
    const roots = map && balancingRoots(map);
    if (map === undefined || roots === undefined) return undefined;
    return () => {
      const side = (node: TensorNode) =>
        emitMap(graph, withScaledRows(graph.mapOf(node), roots), graph.operand(node).id, node.type, 0, node.origins);
      const first = side(left);
      const balanced = graph.emit(
        'multiply',
        [first, left.id === right.id ? first : side(right)],
        {},
        mergeOrigins(product.origins),
      );
      const weights = withScaledColumns(
        map,
        roots.map((root) => 1 / root ** 2),
      );
      return emitMap(graph, weights, balanced, outer.type, denseEntriesOf(outer), outer.origins);
    };
  },
};

/** Whether factors cost nothing: a linear op that has no weights to speak of is written once more, with them. */
function takesFactors(node: TensorNode, graph: Rewriter): boolean {
  return graph.isMap(node) && node.op !== 'conv' && node.op !== 'dense' && isSelection(graph.mapOf(node));
}

/**
 * Powers of two by which both factors of each element grow, so that weights become about equal; undefined where they are.
 * What no row reads keeps its scale.
 */
function balancingRoots({ columns, indices, values }: LinearMap): Float64Array | undefined {
  const largest = new Float64Array(columns);
  for (const [i, column] of indices.entries())
    largest[column] = Math.max(largest[column] ?? 0, Math.abs(values[i] ?? 0));
  const read = largest.filter((weight) => weight > 0);
  const most = read.reduce((a, b) => Math.max(a, b), 0);
  const least = read.reduce((a, b) => Math.min(a, b), Infinity);
  if (!(most > tolerated * least)) return undefined;
  const mean = read.reduce((sum, weight) => sum + Math.log2(weight), 0) / read.length;
  return largest.map((weight) => (weight > 0 ? 2 ** Math.round((Math.log2(weight) - mean) / 2) : 1));
}

function withScaledRows(map: LinearMap, factors: Float64Array): LinearMap {
  const values = map.values.slice();
  for (let r = 0; r < map.rows; r++)
    for (let i = map.starts[r] ?? 0; i < (map.starts[r + 1] ?? 0); i++)
      values[i] = (values[i] ?? 0) * (factors[r] ?? 1);
  const { rows, columns, starts, indices } = map;
  return new LinearMap({ rows, columns, starts, indices, values, bias: map.bias.map((b, r) => b * (factors[r] ?? 1)) });
}

function withScaledColumns(map: LinearMap, factors: Float64Array): LinearMap {
  const { rows, columns, starts, indices, bias } = map;
  const values = map.values.map((value, i) => value * (factors[indices[i] ?? 0] ?? 1));
  return new LinearMap({ rows, columns, starts, indices, values, bias });
}
