/** Operators of `com.microsoft` that are linear in the encrypted operand, polynomials of it, or computed on constants. */
import { elementCount } from '../../../../ir/constant.ts';
import { permuteIndex, range, selectAlong, withExtent } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { checkedExtents } from '../../proto/limits.ts';
import { constant, integers, onnxRank, sampleAxis, scalarOf, withShape } from '../../proto/term.ts';
import { swish } from '../activation.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { multiplyMatrices } from '../matrix.ts';
import { rotaryEmbedding } from '../positions/rotary.ts';
import { groupSum } from '../reduction.ts';
import { unsqueeze } from '../shape.ts';

/** x · sigmoid(α x), with another default than Swish. */
export const quickGelu: Rule = (op) =>
  swish(op.with([op.input(0)], { alpha: { type: 'float', value: op.float('alpha', 1.702) } }));

export const expandDims: Rule = (op) =>
  unsqueeze(op.with([op.input(0), integers([scalarOf(op.input(1), 'the axis')])]));

/** Windows of `size`, every `step`, along an axis: [.., windows, .., size]. */
export const unfoldTensor: Rule = (op) => {
  const x = op.input(0);
  const axis = sampleAxis(x, op.int('dim', -1), 'UnfoldTensor takes windows along');
  const [size, step, extent] = [op.int('size', 0), op.int('step', 1), x.shape[axis] ?? 1];
  if (size < 1 || size > extent || step < 1) throw invalid(`windows of ${size} every ${step} on an axis of ${extent}`);
  const windows = Math.floor((extent - size) / step) + 1;
  checkedExtents([...x.shape.toSpliced(axis, 1), windows, size]);
  const taken = range(windows).flatMap((w) => range(size).map((i) => w * step + i));
  const cut = op.emit.move(x, withExtent(x.shape, axis, taken.length), selectAlong(x.shape, axis, taken));
  const split = [...x.shape.slice(0, axis), windows, size, ...x.shape.slice(axis + 1)];
  const order = [...range(split.length).filter((d) => d !== axis + 1), axis + 1];
  return [op.emit.transpose(withShape(cut, split), order)];
};

/** Distances of all rows of two matrices, or their squares: |x|² − 2 x · y + |y|². */
export const cDist: Rule = (op) => {
  const [x, y] = [op.input(0), op.input(1)];
  const metric = op.string('metric', ['sqeuclidean', 'euclidean'], 'sqeuclidean');
  if (onnxRank(x) !== 2 || onnxRank(y) !== 2 || y.shape.length !== 2) throw invalid('CDist is of two matrices');
  const [rows = 1, size = 1] = y.shape;
  const other = op.emit.move(y, [size, rows], permuteIndex(y.shape, [1, 0]));
  const norms = (own: typeof x, shape: readonly number[]) => {
    const order = Int32Array.from(range(elementCount(own.shape)));
    return groupSum(op.emit, product(op.emit, own, own), order, size, 1, shape);
  };
  const products = multiplyMatrices(op.emit, x, other);
  const squares = sum(op.emit, [
    norms(x, [...x.shape.slice(0, -1), 1]),
    scaled(op.emit, products, -2),
    norms(y, [1, rows]),
  ]);
  return [metric === 'euclidean' ? op.emit.activation(squares, 'sqrt', []) : squares];
};

/** As RotaryEmbedding of ONNX, with its operands in another order and one position where a sample begins. */
export const microsoftRotaryEmbedding: Rule = (op) => {
  const x = op.input(0);
  const positions = op.constant(1, 'the positions');
  const cosines = op.constant(2, 'the cosines');
  if (op.float('scale', 1) !== 1 || op.flag('is_packed_batching', false))
    throw refused('RotaryEmbedding scales or packs', 'Use RotaryEmbedding of ONNX, opset 23.');
  const [batch = 1, length = 1] = x.shape.length === 3 ? x.shape : [x.shape[0], x.shape[2]];
  const [begin = 0] = positions.data;
  const all = positions.data.length === 1 ? range(batch * length).map((i) => begin + (i % length)) : positions.data;
  const size = 2 * (cosines.shape[1] ?? 1);
  const heads = op.int('num_heads', 0) || (x.shape.length === 3 ? (x.shape[2] ?? 0) / size : 0);
  return rotaryEmbedding(
    op.with([x, cosines, op.input(3), { ...integers(Array.from(all)), shape: [batch, length] }], {
      num_heads: { type: 'int', value: heads },
    }),
  );
};

/** Inverses of constant matrices. */
export const inverse: Rule = (op) => {
  const x = op.constant(0, 'the operand of Inverse');
  const [n = 0, columns = 0] = x.shape.slice(-2);
  if (n !== columns || n === 0) throw invalid(`[${x.shape.join(', ')}] is no square matrix`);
  op.emit.charge(x.data.length * n);
  const data = new Float64Array(x.data.length);
  for (let at = 0; at < data.length; at += n * n) data.set(inverted(x.data.slice(at, at + n * n), n, op), at);
  return [constant(x.shape, data)];
};

/** Gauss and Jordan, with the largest pivot of each column. */
function inverted(matrix: Float64Array, n: number, op: Operation): Float64Array {
  const rows = range(n).map((r) => [...matrix.subarray(r * n, (r + 1) * n), ...range(n).map((c) => Number(c === r))]);
  for (let c = 0; c < n; c++) {
    const pivot = range(n)
      .slice(c)
      .reduce((best, r) => (size(rows, r, c) > size(rows, best, c) ? r : best), c);
    const [own = [], other = []] = [rows[pivot], rows[c]];
    if (size(rows, pivot, c) === 0) throw invalid(`${op.opType} of a singular matrix`);
    const factor = own[c] ?? 1;
    rows[pivot] = other;
    const scaledRow = own.map((v) => v / factor);
    for (const r of range(n)) rows[r] = r === c ? scaledRow : minus(rows[r] ?? [], scaledRow, rows[r]?.[c] ?? 0);
  }
  return Float64Array.from(rows.flatMap((row) => row.slice(n)));
}

function size(rows: readonly (readonly number[])[], r: number, c: number): number {
  return Math.abs(rows[r]?.[c] ?? 0);
}

function minus(row: readonly number[], other: readonly number[], factor: number): number[] {
  return row.map((v, i) => v - factor * (other[i] ?? 0));
}
