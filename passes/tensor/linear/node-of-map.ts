/** The simplest tensor op that computes a given affine map. */
import { Constant, indexConstant, sameShape, vector } from '../../../ir/constant.ts';
import type { NodeRef } from '../../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../../ir/op.ts';
import { checkFiniteMap, denseMatrix, isSelection, type LinearMap, maxNonZeros } from '../../../ir/tensor/csr.ts';
import type { Shape, TensorNode } from '../../../ir/tensor/ops.ts';
import type { Rewriter } from './rewriter.ts';

/**
 * Emits `map` on `operand` as the first of these that fits: a gather, a scale-shift, a dense, a sparse. A vector comes
 * from a dense op where at least half of the matrix is non-zero, or where the matrix has at most twice as many
 * entries as the dense ops that it comes from (`denseEntries`): zeros in a matrix that was dense are kept readable.
 */
export function emitMap(
  graph: Rewriter,
  map: LinearMap,
  operand: ValueId,
  shape: Shape,
  denseEntries: number,
  origins: readonly NodeRef[],
): ValueId {
  if (isSelection(map)) {
    if (map.bias.every((b) => b === 0) && map.values.every((v) => v === 1)) {
      return graph.emit('gather', [operand], { index: indexConstant(shape, selectedColumns(map)) }, origins);
    }
    if (sameShape(shape, graph.shape(operand)) && isDiagonal(map)) {
      const factors = Float64Array.from({ length: map.rows }, (_, r) => map.values[map.starts[r] ?? 0] ?? 0);
      for (let r = 0; r < map.rows; r++) if (map.starts[r] === map.starts[r + 1]) factors[r] = 0;
      return graph.emit('scale-shift', [operand], { factors: compact(factors), offsets: compact(map.bias) }, origins);
    }
  }
  const entries = map.rows * map.columns;
  if (shape.length === 1 && entries <= Math.min(maxNonZeros, 2 * Math.max(map.values.length, denseEntries))) {
    const weights = new Constant([map.rows, map.columns], denseMatrix(map));
    return graph.emit('dense', [operand], { weights, bias: vector(map.bias) }, origins);
  }
  checkFiniteMap(map, origins);
  const attrs = {
    starts: indexConstant([map.starts.length], map.starts),
    columns: indexConstant([map.indices.length], map.indices),
    values: vector(map.values),
    bias: vector(map.bias),
    shape: [...shape],
  };
  return graph.emit('sparse', [operand], attrs, origins);
}

/** Entries of the weights of a dense op, zeros included; 0 for any other op. */
export function denseEntriesOf(node: TensorNode): number {
  return node.op === 'dense' ? node.attrs.weights.data.length : 0;
}

/** One value where all are equal. */
function compact(values: Float64Array): Constant {
  const [first = 0] = values;
  return values.every((v) => v === first) ? vector([first]) : vector(values);
}

/**
 * One value for each channel of a tensor of `channels` equally large channels; undefined where the values of a
 * channel differ. `values` has one entry for each element, or one for all.
 */
export function perChannel(values: Float64Array, channels: number, elements: number): Float64Array | undefined {
  if (values.length === 1) return new Float64Array(channels).fill(values[0] ?? 0);
  const size = elements / channels;
  const result = Float64Array.from({ length: channels }, (_, channel) => values[channel * size] ?? 0);
  return values.every((v, i) => v === result[Math.floor(i / size)]) ? result : undefined;
}

/** The column of each row of a selection, −1 for an empty row. */
function selectedColumns(map: LinearMap): Int32Array {
  return Int32Array.from({ length: map.rows }, (_, r) => {
    const start = map.starts[r] ?? 0;
    return start === map.starts[r + 1] ? -1 : (map.indices[start] ?? -1);
  });
}

function isDiagonal(map: LinearMap): boolean {
  return map.rows === map.columns && selectedColumns(map).every((column, r) => column === -1 || column === r);
}
