/**
 * The affine map of every linear op of the tensor level, from the flattened operands to the flattened result. The
 * one place that knows how a `dense`, `conv`, `gather`, `scale-shift` or `sparse` reads its operand.
 */
import { elementCount } from '../constant.ts';
import type { AffineMap } from './affine-map.ts';
import { convTaps } from './conv-taps.ts';
import { canonicalRows, expanded, type LinearMap, RowWriter } from './csr.ts';
import { DenseMap } from './dense-map.ts';
import type { Shape, TensorNode, TensorNodeNamed } from './ops.ts';
import { WindowMap } from './window-map.ts';

export { applyMap } from './affine-map.ts';
export { identityMap, type LinearMap } from './csr.ts';

const linearOps = ['dense', 'conv', 'gather', 'scale-shift', 'sparse'] as const;

export type LinearNode = TensorNodeNamed<(typeof linearOps)[number]>;

/** Whether `node` is one of the ops that `linearMapOf` has a map for. */
export function isLinear(node: TensorNode): node is LinearNode {
  return linearOps.some((op) => op === node.op);
}

/**
 * The map of `node`, given the shapes of its operands; undefined for an op that is not linear in one operand. The
 * columns of a gather with several operands run over all of them, one flattened operand after another. Dense layers and
 * convolutions are not expanded.
 */
export function affineMapOf(node: LinearNode, operandShapes: readonly Shape[]): AffineMap;
export function affineMapOf(node: TensorNode, operandShapes: readonly Shape[]): AffineMap | undefined;
export function affineMapOf(node: TensorNode, operandShapes: readonly Shape[]): AffineMap | undefined {
  switch (node.op) {
    case 'dense':
      return new DenseMap(node.attrs.weights.values, node.attrs.bias.values);
    case 'conv':
      return convMap(node, operandShapes[0] ?? []);
    case 'gather':
      return gatherMap(node, operandShapes);
    case 'scale-shift':
      return scaleShiftMap(node);
    case 'sparse':
      return sparseMap(node, operandShapes[0] ?? []);
    case 'input':
    case 'add':
    case 'multiply':
    case 'polynomial':
    case 'activation':
    case 'composite':
    case 'quantize':
    case 'refresh':
    case 'output':
      return undefined;
  }
}

/** As `affineMapOf`, in compressed rows. Throws `HepcError` (H310) for a map of more than `maxNonZeros` entries. */
export function linearMapOf(node: LinearNode, operandShapes: readonly Shape[]): LinearMap;
export function linearMapOf(node: TensorNode, operandShapes: readonly Shape[]): LinearMap | undefined;
export function linearMapOf(node: TensorNode, operandShapes: readonly Shape[]): LinearMap | undefined {
  const map = affineMapOf(node, operandShapes);
  return map && expanded(map, node.origins);
}

function convMap(node: TensorNodeNamed<'conv'>, operand: Shape): WindowMap {
  const { weights, bias, groups } = node.attrs;
  const { positions, taps, channelElements, source } = convTaps(node, operand);
  const [outputs = 0, perGroup = 0] = weights.shape;
  const rowBias = new Float64Array(outputs * positions);
  for (let o = 0; o < outputs; o++) rowBias.fill(bias.values[o] ?? 0, o * positions, (o + 1) * positions);
  const windows = { source, taps, groups, channelElements };
  return new WindowMap(weights.values, rowBias, perGroup, windows, elementCount(operand));
}

function gatherMap({ attrs: { index } }: TensorNodeNamed<'gather'>, operands: readonly Shape[]): LinearMap {
  const columns = operands.reduce((sum, shape) => sum + elementCount(shape), 0);
  const picks = index.indices;
  const writer = new RowWriter(picks.length, columns, picks.length);
  for (const pick of picks) {
    if (pick >= 0) writer.push(pick, 1);
    writer.endRow();
  }
  return writer.finish(new Float64Array(picks.length));
}

function scaleShiftMap(node: TensorNodeNamed<'scale-shift'>): LinearMap {
  const n = elementCount(node.type);
  const factors = node.attrs.factors.values;
  const writer = new RowWriter(n, n, n);
  for (let i = 0; i < n; i++) {
    writer.push(i, factors[factors.length === 1 ? 0 : i] ?? 0);
    writer.endRow();
  }
  return writer.finish(spread(node.attrs.offsets.values, n));
}

function sparseMap({ attrs }: TensorNodeNamed<'sparse'>, operand: Shape): LinearMap {
  return canonicalRows({
    rows: elementCount(attrs.shape),
    columns: elementCount(operand),
    starts: attrs.starts.indices,
    indices: attrs.columns.indices,
    values: attrs.values.values,
    bias: attrs.bias.values,
  });
}

/** One value for all n elements, or the values themselves. */
function spread(values: Float64Array, n: number): Float64Array {
  return values.length === n ? values : new Float64Array(n).fill(values[0] ?? 0);
}
