/**
 * The affine map of every linear op of the tensor level, from the flattened operands to the flattened result. The
 * one place that knows how a `dense`, `conv`, `gather`, `scale-shift` or `sparse` reads its operand.
 */
import { elementCount } from '../constant.ts';
import { tooManyNonZeros } from '../diagnostics/compile.ts';
import { HepcError } from '../diagnostics/diagnostic.ts';
import { convTaps } from './conv-taps.ts';
import { canonicalRows, type LinearMap, maxNonZeros, RowWriter } from './csr.ts';
import type { Shape, TensorNode, TensorNodeNamed } from './ops.ts';

export { applyMap, identityMap, type LinearMap } from './csr.ts';

const linearOps = ['dense', 'conv', 'gather', 'scale-shift', 'sparse'] as const;

export type LinearNode = TensorNodeNamed<(typeof linearOps)[number]>;

/** Whether `node` is one of the ops that `linearMapOf` has a map for. */
export function isLinear(node: TensorNode): node is LinearNode {
  return linearOps.some((op) => op === node.op);
}

/**
 * The map of `node`, given the shapes of its operands; undefined for an op that is not linear in one operand. The
 * columns of a gather with several operands run over all of them, one flattened operand after another.
 * Throws `HepcError` (H310) for a map of more than `maxNonZeros` weights.
 */
export function linearMapOf(node: LinearNode, operandShapes: readonly Shape[]): LinearMap;
export function linearMapOf(node: TensorNode, operandShapes: readonly Shape[]): LinearMap | undefined;
export function linearMapOf(node: TensorNode, operandShapes: readonly Shape[]): LinearMap | undefined {
  switch (node.op) {
    case 'dense':
      return denseMap(node);
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
    case 'quantize':
    case 'output':
      return undefined;
  }
}

function denseMap({ attrs: { weights, bias } }: TensorNodeNamed<'dense'>): LinearMap {
  const [rows = 0, columns = 0] = weights.shape;
  const matrix = weights.values;
  const writer = new RowWriter(rows, columns, matrix.length);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) writer.push(c, matrix[r * columns + c] ?? 0);
    writer.endRow();
  }
  return writer.finish(bias.values);
}

function convMap(node: TensorNodeNamed<'conv'>, operand: Shape): LinearMap {
  const { weights, bias, groups } = node.attrs;
  const { positions, taps, channelElements, source } = convTaps(node, operand);
  const [outputs = 0, perGroup = 0] = weights.shape;
  const kernel = weights.values;
  const rows = outputs * positions;
  const rowBias = new Float64Array(rows);
  const nonZeros = countConvNonZeros(kernel, source, taps);
  if (nonZeros > maxNonZeros) {
    const size = { rows, columns: elementCount(operand), limit: maxNonZeros };
    throw new HepcError([tooManyNonZeros(size, { nodes: node.origins })]);
  }
  const writer = new RowWriter(rows, elementCount(operand), nonZeros);
  for (let o = 0; o < outputs; o++) {
    const firstChannel = Math.floor((o * groups) / outputs) * perGroup;
    rowBias.fill(bias.values[o] ?? 0, o * positions, (o + 1) * positions);
    for (let position = 0; position < positions; position++) {
      for (let channel = 0; channel < perGroup; channel++) {
        const offset = (firstChannel + channel) * channelElements;
        const weight = (o * perGroup + channel) * taps;
        // Taps of one channel read ascending elements, because the kernel is row-major like the operand.
        for (let tap = 0; tap < taps; tap++) {
          const element = source[position * taps + tap] ?? -1;
          if (element >= 0) writer.push(offset + element, kernel[weight + tap] ?? 0);
        }
      }
      writer.endRow();
    }
  }
  return writer.finish(rowBias);
}

/** Every weight of a tap stands once for each position at which the tap is not in the padding. */
function countConvNonZeros(kernel: Float64Array, source: Int32Array, taps: number): number {
  const positionsOfTap = new Float64Array(taps);
  for (let i = 0; i < source.length; i++) {
    if ((source[i] ?? -1) >= 0) positionsOfTap[i % taps] = (positionsOfTap[i % taps] ?? 0) + 1;
  }
  let count = 0;
  for (let i = 0; i < kernel.length; i++) if (kernel[i] !== 0) count += positionsOfTap[i % taps] ?? 0;
  return count;
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
