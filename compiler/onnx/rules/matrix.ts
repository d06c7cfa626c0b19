/**
 * MatMul and Gemm. With one constant matrix they are one `dense`, or one `conv` with a kernel of size 1 where the
 * operand has several rows; with batches of constant matrices a `sparse`; with two encrypted operands two expanding
 * gathers, a product and a sum.
 */
import { Constant, elementCount, sameShape } from '../../../ir/constant.ts';
import { RowWriter } from '../../../ir/tensor/csr.ts';
import type { Emitter } from '../emission/emitter.ts';
import { invalid, mixesSamples } from '../proto/failure.ts';
import { broadcastIndex, broadcastShape, permuteIndex, pick, range } from '../emission/geometry.ts';
import { checkedCount, checkWeights } from '../proto/limits.ts';
import type { Rule } from '../emission/operation.ts';
import {
  type ConstantTerm,
  type EncryptedTerm,
  isBatched,
  onnxRank,
  type Term,
  withoutBatchOfOne,
  withShape,
} from '../proto/term.ts';
import { groupSum } from './reduction.ts';
import { scaled, sum } from './arithmetic.ts';

export const matMul: Rule = (op) => [multiplyMatrices(op.emit, op.input(0), op.input(1))];

export const gemm: Rule = (op) => {
  const [alpha, beta] = [op.float('alpha', 1), op.float('beta', 1)];
  const a = transposedIf(op.emit, op.input(0), op.flag('transA', false));
  const given = op.input(1);
  const isTransposed = op.flag('transB', false);
  const c = op.optional(2);
  if (a.kind === 'encrypted' && given.kind === 'constant' && isTransposed && onnxRank(a) === 2) {
    const [n = 0, k] = given.shape;
    // A large layer as most exporters write it: its weights are taken as they are.
    if (given.shape.length === 2 && a.shape.length === 1 && a.shape[0] === k && (c === undefined || isBias(c, n)))
      return [timesRows(op.emit, a, scaledWeights(given.data, alpha), biasOf(c, n, beta), [n])];
  }
  const b = transposedIf(op.emit, given, isTransposed);
  if (onnxRank(a) !== 2 || onnxRank(b) !== 2) throw invalid('Gemm multiplies matrices');
  const [outputs = 0] = b.shape.slice(-1);
  // The usual layer: a bias with one entry per output, which the `dense` takes along.
  if (a.kind === 'encrypted' && b.kind === 'constant' && c !== undefined && isBias(c, outputs))
    return [timesMatrix(op.emit, a, { ...b, data: scaledWeights(b.data, alpha) }, biasOf(c, outputs, beta))];
  const y = scaled(op.emit, multiplyMatrices(op.emit, a, b), alpha);
  if (c === undefined) return [y];
  const total = sum(op.emit, [y, scaled(op.emit, c, beta)]);
  if (onnxRank(c) > 2 || onnxRank(total) !== 2 || !sameShape(total.shape, y.shape) || isBatched(total) !== isBatched(y))
    throw invalid(`C [${c.shape.join(', ')}] of Gemm does not broadcast to the product [${y.shape.join(', ')}]`);
  return [total];
};

/** One constant for each of n outputs, or for all. */
function isBias(term: Term, n: number): term is ConstantTerm {
  if (term.kind !== 'constant') return false;
  const { shape, data } = term;
  return shape.length <= 2 && (data.length === 1 || (data.length === n && shape.at(-1) === n));
}

function biasOf(c: ConstantTerm | undefined, n: number, beta: number): Float64Array {
  return new Float64Array(n).map((_, j) => (c === undefined ? 0 : beta * (c.data[c.data.length === 1 ? 0 : j] ?? 0)));
}

function scaledWeights(weights: Float64Array, alpha: number): Float64Array {
  return alpha === 1 ? weights : weights.map((w) => alpha * w);
}

function transposedIf(emit: Emitter, term: Term, transpose: boolean): Term {
  if (!transpose) return term;
  if (isBatched(term)) throw mixesSamples('Gemm transposes the batch axis');
  if (term.shape.length !== 2) throw invalid('Gemm multiplies matrices');
  return emit.transpose(term, [1, 0]);
}

/** MatMul of numpy, for operands of which any may be encrypted. */
export function multiplyMatrices(emit: Emitter, left: Term, right: Term): Term {
  const [a, b] = samplesOf(left, right);
  if (a.shape.length === 0 || b.shape.length === 0) throw invalid('MatMul of a scalar');
  if (a.shape.at(-1) !== (b.shape.length === 1 ? b.shape[0] : b.shape.at(-2))) {
    throw invalid(`MatMul of [${a.shape.join(', ')}] and [${b.shape.join(', ')}]`);
  }
  const isMatrix = (term: Term) => elementCount(term.shape.slice(0, -2)) === 1;
  if (a.kind === 'encrypted' && b.kind === 'constant' && b.shape.length <= 2) return timesMatrix(emit, a, b);
  if (b.kind === 'encrypted' && a.kind === 'constant' && isMatrix(a) && isMatrix(b) && a.shape.length >= 2) {
    return matrixTimes(emit, a, b);
  }
  return contracted(emit, a, b);
}

/** The operands as one sample has them. */
function samplesOf(a: Term, b: Term): readonly [Term, Term] {
  if (!isBatched(a) && !isBatched(b)) return [a, b];
  if ((isBatched(a) && a.shape.length === 0) || (isBatched(b) && b.shape.length < 2)) {
    throw mixesSamples('MatMul sums over the batch axis, or moves it');
  }
  // A vector per sample is a matrix in ONNX: its product with anything but one matrix has the batch inside.
  const [rankA, rankB] = [onnxRank(a), onnxRank(b)];
  if (isBatched(a) && (rankA < rankB || (isBatched(b) && rankA !== rankB))) {
    throw mixesSamples('MatMul puts another axis before the batch axis');
  }
  if (isBatched(b) && rankA > rankB) throw mixesSamples('MatMul puts another axis before the batch axis');
  const strip = (term: Term, other: Term) =>
    !isBatched(term) && onnxRank(term) === onnxRank(other) && onnxRank(other) > 2
      ? withShape(term, withoutBatchOfOne(term.shape))
      : term;
  return [strip(a, b), strip(b, a)];
}

/** x · w for x [.., K] and w [K, N] or [K]. */
function timesMatrix(emit: Emitter, x: EncryptedTerm, w: ConstantTerm, bias?: Float64Array): EncryptedTerm {
  const [k = 1, n = 1] = w.shape;
  if (x.shape.at(-1) !== k) throw invalid(`${x.shape.at(-1) ?? 0} columns are multiplied by ${k} rows`);
  const shape = [...x.shape.slice(0, -1), ...w.shape.slice(1)];
  return timesRows(emit, x, pick(w.data, permuteIndex([k, n], [1, 0])), bias ?? new Float64Array(n), shape);
}

/** x [.., K] times each of the rows `weights` [N, K], with N offsets. */
export function timesRows(
  emit: Emitter,
  x: EncryptedTerm,
  weights: Float64Array,
  offsets: Float64Array,
  shape: readonly number[],
): EncryptedTerm {
  const n = offsets.length;
  const k = weights.length / n;
  const rows = elementCount(x.shape) / k;
  if (rows === 1) return emit.dense(x, new Constant([n, k], weights), offsets, shape);
  const columns = emit.move(x, [k, rows], permuteIndex([rows, k], [1, 0]));
  const y = convOfSize1(emit, columns, weights, offsets);
  return emit.move(y, shape, permuteIndex([n, rows], [1, 0]));
}

/** w · x for w [.., M, K] and x [.., K, N] or [K], with no more than one matrix each. */
function matrixTimes(emit: Emitter, w: ConstantTerm, x: EncryptedTerm): EncryptedTerm {
  const [m = 1, k = 1] = w.shape.slice(-2);
  const columns = x.shape.length === 1 ? [] : x.shape.slice(-1);
  const lead = broadcastShape([w.shape.slice(0, -2), x.shape.slice(0, -2)]);
  const shape = [...lead, m, ...columns];
  const none = new Float64Array(m);
  if (elementCount(x.shape) === k) return emit.dense(x, new Constant([m, k], w.data), none, shape);
  return withShape(convOfSize1(emit, withShape(x, [k, ...columns]), w.data, none), shape);
}

/** weights [N, K] times each column of x [K, T]: [N, T]. */
function convOfSize1(emit: Emitter, x: EncryptedTerm, weights: Float64Array, bias: Float64Array): EncryptedTerm {
  const [k = 1, t = 1] = x.shape;
  const n = bias.length;
  const attrs = {
    weights: new Constant([n, k, 1], weights),
    bias: new Constant([n], bias),
    strides: [1],
    pads: [0, 0],
    dilations: [1],
    groups: 1,
  };
  return emit.conv(x, x.shape, attrs, [n, t]);
}

/** The product as a sum over the last axis of a [.., M, N, K] tensor. */
function contracted(emit: Emitter, a: Term, b: Term): Term {
  const shapeA = a.shape.length === 1 ? [1, ...a.shape] : a.shape;
  const shapeB = b.shape.length === 1 ? [...b.shape, 1] : b.shape;
  const [m = 1, k = 1] = shapeA.slice(-2);
  const [n = 1] = shapeB.slice(-1);
  const lead = broadcastShape([shapeA.slice(0, -2), shapeB.slice(0, -2)]);
  const shape = [...lead, ...(a.shape.length === 1 ? [] : [m]), ...(b.shape.length === 1 ? [] : [n])];
  const terms = [...lead, m, n, k];
  checkedCount(terms);
  const transposed = [...range(shapeB.length - 2), shapeB.length - 1, shapeB.length - 2];
  const positionsB = permuteIndex(shapeB, transposed);
  const indexA = broadcastIndex([...shapeA.slice(0, -1), 1, k], terms);
  const indexB = broadcastIndex([...shapeB.slice(0, -2), 1, n, k], terms).map((i) => positionsB[i] ?? 0);
  if (a.kind === 'constant') return weighted(emit, b, indexB, pick(a.data, indexA), k, shape);
  if (b.kind === 'constant') return weighted(emit, a, indexA, pick(b.data, indexB), k, shape);
  const products = emit.multiply(emit.move(a, terms, indexA), emit.move(b, terms, indexB));
  return groupSum(
    emit,
    products,
    Int32Array.from({ length: elementCount(terms) }, (_, i) => i),
    k,
    1,
    shape,
  );
}

/** Sums of `group` consecutive products weights[i] · x[index[i]]. */
function weighted(
  emit: Emitter,
  x: Term,
  index: Int32Array,
  weights: Float64Array,
  group: number,
  shape: readonly number[],
): Term {
  checkWeights(index.length);
  const rows = elementCount(shape);
  const writer = new RowWriter(rows, elementCount(x.shape), index.length);
  for (let r = 0; r < rows; r++) {
    for (let i = r * group; i < (r + 1) * group; i++) writer.push(index[i] ?? 0, weights[i] ?? 0);
    writer.endRow();
  }
  return emit.linear(x, writer.finish(new Float64Array(rows)), shape);
}
