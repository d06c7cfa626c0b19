/**
 * Attention on encrypted sequences: softmax(α Q Kᵀ + mask) V for each head, as a graph of products of encrypted matrices and a
 * softmax. What keys a query may look at is known to the model: a causal mask, or a constant one.
 */
import { elementCount } from '../../../../ir/constant.ts';
import { range } from '../../emission/geometry.ts';
import type { Emitter } from '../../emission/emitter.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { constant, type ConstantTerm, requireConstant, type Term, withShape } from '../../proto/term.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { multiplyMatrices } from '../matrix.ts';
import { hiddenBelow, softmaxOf } from './along-axes.ts';

/** Queries, keys and values, each [.., heads, positions, size]. */
interface Heads {
  readonly queries: Term;
  readonly keys: Term;
  readonly values: Term;
}

interface Weighing {
  /** α; default 1 / √size. */
  readonly scale: number | undefined;
  /** Whether a position looks at none after it. */
  readonly isCausal: boolean;
  /** Added to the scores, to which it broadcasts. */
  readonly mask: ConstantTerm | undefined;
}

/** softmax(α Q Kᵀ + mask) V: [.., heads, positions, size of a value]. */
function attend(emit: Emitter, { queries, keys, values }: Heads, { scale, isCausal, mask }: Weighing): Term {
  const alpha = scale ?? 1 / Math.sqrt(queries.shape.at(-1) ?? 1);
  const scores = scaled(emit, multiplyMatrices(emit, queries, transposed(emit, keys)), alpha);
  const [rows = 1, columns = 1] = scores.shape.slice(-2);
  const seen = constant(
    [rows, columns],
    Float64Array.from({ length: rows * columns }, (_, i) =>
      Number(!isCausal || i % columns <= Math.floor(i / columns)),
    ),
  );
  const given = mask === undefined ? undefined : withoutHidden(mask);
  const kept = given === undefined ? seen : maskProduct(emit, seen, given.kept);
  const shifted = given === undefined ? scores : sum(emit, [scores, given.added]);
  const isAll = kept.data.every((keeps) => keeps === 1);
  const axis = scores.shape.length - 1;
  return multiplyMatrices(emit, softmaxOf(emit, shifted, axis, isAll ? undefined : kept).softmax, values);
}

function maskProduct(emit: Emitter, a: ConstantTerm, b: ConstantTerm): ConstantTerm {
  return requireConstant(product(emit, a, b), 'the mask');
}

/** What is added where something is seen, and where that is. A mask of booleans says only the latter. */
function withoutHidden(mask: ConstantTerm): { readonly added: ConstantTerm; readonly kept: ConstantTerm } {
  const keeps = (x: number): boolean => (mask.elements === 'boolean' ? x !== 0 : x > hiddenBelow);
  const kept = { ...mask, elements: 'float' as const, data: mask.data.map((x) => Number(keeps(x))) };
  const added = mask.data.map((x) => (mask.elements === 'boolean' || !keeps(x) ? 0 : x));
  return { added: { ...mask, elements: 'float', data: added }, kept };
}

/** The last two axes swapped. */
function transposed(emit: Emitter, x: Term): Term {
  const rank = x.shape.length;
  return emit.transpose(x, [...range(rank - 2), rank - 1, rank - 2]);
}

/** [.., positions, heads · size] as [.., heads, positions, size]. */
function withHeads(emit: Emitter, x: Term, heads: number): Term {
  const [positions = 1, width = 0] = x.shape.slice(-2);
  if (heads < 1 || width % heads !== 0) throw invalid(`${width} columns do not divide into ${heads} heads`);
  const leading = x.shape.slice(0, -2);
  return swapped(emit, withShape(x, [...leading, positions, heads, width / heads]));
}

/** [.., heads, positions, size] as [.., positions, heads · size]. */
function withoutHeads(emit: Emitter, x: Term): Term {
  const moved = swapped(emit, x);
  return withShape(moved, [...moved.shape.slice(0, -2), elementCount(moved.shape.slice(-2))]);
}

/** The third and second axis from the end swapped. */
function swapped(emit: Emitter, x: Term): Term {
  const rank = x.shape.length;
  return emit.transpose(x, [...range(rank - 3), rank - 2, rank - 3, rank - 1]);
}

/** Keys or values of fewer heads than there are queries, each repeated for as many as share it. */
function repeated(emit: Emitter, x: Term, heads: number): Term {
  const [own = 1, ...rest] = x.shape.slice(-3);
  if (own === heads) return x;
  if (heads % own !== 0) throw invalid(`${heads} heads of queries share ${own} of keys`);
  const leading = x.shape.slice(0, -3);
  const [size, shared] = [elementCount(rest), heads / own];
  const index = Int32Array.from({ length: elementCount(leading) * heads * size }, (_, i) => {
    const head = Math.floor(i / size) % heads;
    return (Math.floor(i / size / heads) * own + Math.floor(head / shared)) * size + (i % size);
  });
  return emit.move(x, [...leading, heads, ...rest], index);
}

/** Keys and values of the past, from operand `first` on, are of another run. */
function refusePast(op: Operation, first: number): void {
  if ([first, first + 1, first + 2].some((i) => op.optional(i) !== undefined))
    throw refused(`${op.opType} takes keys and values of the past`, 'Export the model for a whole sequence.');
}

function optionalMask(op: Operation, i: number, what: string): ConstantTerm | undefined {
  const term = op.optional(i);
  return term === undefined ? undefined : requireConstant(term, what);
}

/** Attention of ONNX, opset 23: operands with heads, or with heads side by side in the last axis. */
export const attention: Rule = (op) => {
  const { emit } = op;
  const [q, k, v] = [op.input(0), op.input(1), op.input(2)];
  refusePast(op, 4);
  if (op.float('softcap', 0) !== 0) throw refused('Attention caps its scores', 'Export it without softcap.');
  const queryHeads = op.int('q_num_heads', 0);
  const keyHeads = op.int('kv_num_heads', queryHeads);
  const isSplit = queryHeads === 0;
  const split = (x: Term, heads: number): Term => (isSplit ? x : withHeads(emit, x, heads));
  const queries = split(q, queryHeads);
  if (queries.shape.length < 3) throw invalid(`Attention of queries [${q.shape.join(', ')}]`);
  const heads = queries.shape.at(-3) ?? 1;
  const own = {
    queries,
    keys: repeated(emit, split(k, keyHeads), heads),
    values: repeated(emit, split(v, keyHeads), heads),
  };
  const scale = op.has('scale') ? op.float('scale', 1) : undefined;
  const y = attend(emit, own, { scale, isCausal: op.flag('is_causal', false), mask: optionalMask(op, 3, 'the mask') });
  return [isSplit ? y : withoutHeads(emit, y)];
};

/** MultiHeadAttention of com.microsoft: a bias for queries, keys and values in a row, and a constant mask. */
export const multiHeadAttention: Rule = (op) => {
  const { emit } = op;
  const heads = op.int('num_heads', 0);
  const bias = op.optional(3) === undefined ? undefined : op.constant(3, 'the bias');
  if (op.optional(4) !== undefined)
    throw refused('MultiHeadAttention takes a mask of keys', 'Use sequences of one length, or an attention bias.');
  refusePast(op, 6);
  const operands = [op.input(0), op.input(1), op.input(2)];
  if (operands.some((x) => x.shape.length > 3))
    throw refused('heads are packed', 'Pass queries, keys and values apart.');
  const widths = operands.map((x) => x.shape.at(-1) ?? 0);
  const [queries, keys, values] = operands.map((x, i) => {
    const from = widths.slice(0, i).reduce((a, b) => a + b, 0);
    const width = widths[i] ?? 0;
    const own = bias === undefined ? x : sum(emit, [x, constant([width], bias.data.slice(from, from + width))]);
    return withHeads(emit, own, heads);
  });
  if (queries === undefined || keys === undefined || values === undefined) return [];
  return [withoutHeads(emit, attend(emit, { queries, keys, values }, weighingOf(op, 5)))];
};

/** Attention of com.microsoft: weights that make queries, keys and values of one operand. */
export const microsoftAttention: Rule = (op) => {
  const { emit } = op;
  const heads = op.int('num_heads', 0);
  if (op.optional(3) !== undefined)
    throw refused('Attention takes a mask index', 'Use sequences of one length, or an attention bias.');
  if (op.optional(4) !== undefined) throw refused('Attention takes a past', 'Export the model for a whole sequence.');
  if (op.flag('do_rotary', false)) throw refused('Attention rotates', 'Use RotaryEmbedding of ONNX, opset 23.');
  const projected = multiplyMatrices(emit, op.input(0), op.input(1));
  const all = op.optional(2) === undefined ? projected : sum(emit, [projected, op.input(2)]);
  const width = all.shape.at(-1) ?? 0;
  const sizes = op.ints('qkv_hidden_sizes') ?? [width / 3, width / 3, width / 3];
  const [queries, keys, values] = sizes.map((size, i) => {
    const from = sizes.slice(0, i).reduce((a, b) => a + b, 0);
    return withHeads(emit, columns(emit, all, from, size), heads);
  });
  if (queries === undefined || keys === undefined || values === undefined)
    throw invalid('qkv_hidden_sizes needs three entries');
  return [withoutHeads(emit, attend(emit, { queries, keys, values }, weighingOf(op, 5)))];
};

function weighingOf(op: Operation, bias: number): Weighing {
  const scale = op.float('scale', 0);
  return {
    scale: scale === 0 ? undefined : scale,
    isCausal: op.flag('unidirectional', false),
    mask: optionalMask(op, bias, 'the attention bias'),
  };
}

function columns(emit: Emitter, x: Term, from: number, size: number): Term {
  const width = x.shape.at(-1) ?? 0;
  const rows = elementCount(x.shape) / width;
  const index = Int32Array.from({ length: rows * size }, (_, i) => Math.floor(i / size) * width + from + (i % size));
  return emit.move(x, [...x.shape.slice(0, -1), size], index);
}
