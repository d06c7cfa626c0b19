/**
 * Einsum: every operand is brought to distinct labels (diagonals), then operands are contracted in pairs, each a MatMul
 * of [common, own, summed] and [common, summed, own] or, where nothing is summed, a product.
 */
import { elementCount } from '../../../../ir/constant.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { permuted, permuteIndex, range, stridesOf, sumOfOffsets } from '../../emission/geometry.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, mixesSamples, refused } from '../../proto/failure.ts';
import { isBatched, onnxRank, type Term, withoutBatchOfOne, withShape } from '../../proto/term.ts';
import { product } from '../arithmetic.ts';
import { multiplyMatrices } from '../matrix.ts';
import { groupSum } from '../reduction.ts';
import { type Equation, parseEquation } from './equation.ts';

const maxOperands = 32;

interface Labelled {
  readonly term: Term;
  /** One for each axis of the shape of `term`. */
  readonly labels: readonly string[];
}

/** As `Labelled`, with distinct labels, and how many products of encrypted values there are on the way to it. */
interface Operand extends Labelled {
  readonly depth: number;
}

export const einsum: Rule = (op) => {
  const operands = op.inputs();
  if (operands.length > maxOperands)
    throw refused(`Einsum has ${operands.length} operands`, `Split it into several of at most ${maxOperands}.`);
  const text = op.text('equation');
  if (text === undefined) throw invalid('Einsum needs an equation');
  const { terms, result } = samplesOf(parseEquation(text, operands.map(onnxRank)), operands);
  const extents = commonExtents(terms);
  const distinct = terms.map((own) => withDistinctLabels(op.emit, own, extents));
  return [transposedTo(op.emit, contracted(op.emit, distinct, result), result)];
};

/** Operands and labels of the result for one sample. */
function samplesOf({ operands, result }: Equation, given: readonly Term[]) {
  const terms = given.map((term, i) => ({ term, labels: operands[i] ?? [] }));
  const batch = terms.find(({ term }) => isBatched(term))?.labels[0];
  if (batch === undefined) return { terms, result };
  const sample = (labels: readonly string[]) => {
    if (labels.lastIndexOf(batch) !== 0)
      throw mixesSamples('Einsum sums over the batch axis, moves it or pairs samples');
    return labels.slice(1);
  };
  const strip = ({ term, labels }: Labelled): Labelled => {
    if (isBatched(term)) return { term, labels: sample(labels) };
    const at = labels.indexOf(batch);
    if (at < 0) return { term, labels };
    const rest = withoutBatchOfOne([term.shape[at] ?? 1, ...term.shape.toSpliced(at, 1)]);
    return strip({ term: withShape(term, rest), labels: labels.toSpliced(at, 1) });
  };
  return { terms: terms.map(strip), result: sample(result) };
}

/** The extent of each label; an axis of size 1 broadcasts to that of another operand. */
function commonExtents(terms: readonly Labelled[]): ReadonlyMap<string, number> {
  const extents = new Map<string, number>();
  for (const { term, labels } of terms) {
    for (const [d, label] of labels.entries()) {
      const [extent = 1, known = 1] = [term.shape[d], extents.get(label)];
      if (extent !== 1 && known !== 1 && extent !== known)
        throw invalid(`"${label}" of Einsum stands for axes of ${known} and of ${extent}`);
      if (extent !== 1 || !extents.has(label)) extents.set(label, extent);
    }
  }
  return extents;
}

/** Takes diagonals, and drops axes of size 1 that are longer in other operands. */
function withDistinctLabels(emit: Emitter, { term, labels }: Labelled, extents: ReadonlyMap<string, number>): Operand {
  const strides = stridesOf(term.shape);
  const axes = [...new Set(labels)].map((label) => {
    const own = range(labels.length).filter((d) => labels[d] === label);
    const [extent = 1, ...others] = own.map((d) => term.shape[d] ?? 1);
    if (others.some((other) => other !== extent)) throw invalid(`"${label}" of Einsum is a diagonal of no square`);
    return { label, extent, stride: own.reduce((sum, d) => sum + (strides[d] ?? 1), 0) };
  });
  const index = sumOfOffsets(axes.map(({ extent, stride }) => range(extent).map((i) => i * stride)));
  const kept = axes.filter(({ label, extent }) => extent === extents.get(label));
  const diagonal = emit.move(
    term,
    kept.map(({ extent }) => extent),
    index,
  );
  return { term: diagonal, labels: kept.map(({ label }) => label), depth: 0 };
}

/** All operands in one, with the labels of `result` in some order: pairs of least depth first, then of least work. */
function contracted(emit: Emitter, operands: readonly Operand[], result: readonly string[]): Operand {
  let rest = operands;
  while (rest.length > 1) {
    const pairs = rest.flatMap((a, i) => rest.slice(i + 1).map((b) => ({ a, b, ...costOf(a, b) })));
    const [{ a, b, depth } = { a: rest[0], b: rest[1], depth: 0 }] = pairs.toSorted(
      (p, q) => p.depth - q.depth || p.work - q.work,
    );
    if (a === undefined || b === undefined) break;
    const others = rest.filter((own) => own !== a && own !== b);
    const needed = [...result, ...others.flatMap(({ labels }) => labels)];
    rest = [...others, { ...joined(emit, a, b, needed), depth }];
  }
  const [last] = rest;
  if (last === undefined) throw invalid('Einsum needs an operand');
  return summed(emit, last, result);
}

function costOf(a: Operand, b: Operand): { depth: number; work: number } {
  const both = a.term.kind === 'encrypted' && b.term.kind === 'encrypted';
  const extents = new Map([a, b].flatMap(({ term, labels }) => labels.map((label, d) => [label, term.shape[d] ?? 1])));
  return { depth: Math.max(a.depth, b.depth) + (both ? 1 : 0), work: elementCount([...extents.values()]) };
}

/** The product of two operands, summed over what is not needed further on. */
function joined(emit: Emitter, a: Operand, b: Operand, needed: readonly string[]): Labelled {
  const x = summed(emit, a, [...needed, ...b.labels]);
  const y = summed(emit, b, [...needed, ...a.labels]);
  const both = x.labels.filter((label) => y.labels.includes(label));
  const common = both.filter((label) => needed.includes(label));
  const inner = both.filter((label) => !needed.includes(label));
  const ownX = x.labels.filter((label) => !both.includes(label));
  const ownY = y.labels.filter((label) => !both.includes(label));
  const labels = [...common, ...ownX, ...ownY];
  const left = transposedTo(emit, x, [...common, ...ownX, ...inner]);
  const right = transposedTo(emit, y, [...common, ...inner, ...ownY]);
  const lead = left.shape.slice(0, common.length);
  const rows = left.shape.slice(common.length, common.length + ownX.length);
  const columns = right.shape.slice(common.length + inner.length);
  const shape = [...lead, ...rows, ...columns];
  if (inner.length === 0) {
    const spread = withShape(left, [...lead, ...rows, ...columns.map(() => 1)]);
    return { labels, term: product(emit, spread, withShape(right, [...lead, ...rows.map(() => 1), ...columns])) };
  }
  const [heads, m, n] = [lead, rows, columns].map(elementCount);
  const k = elementCount(left.shape.slice(common.length + ownX.length));
  const matrices = common.length === 0 ? [] : [heads ?? 1];
  const term = multiplyMatrices(
    emit,
    withShape(left, [...matrices, m ?? 1, k]),
    withShape(right, [...matrices, k, n ?? 1]),
  );
  return { labels, term: withShape(term, shape) };
}

/** Sums over the axes whose labels are not needed. */
function summed<T extends Labelled>(emit: Emitter, own: T, needed: readonly string[]): T {
  const { term, labels } = own;
  const axes = range(labels.length);
  const isKept = (d: number) => needed.includes(labels[d] ?? '');
  const kept = axes.filter(isKept);
  if (kept.length === axes.length) return own;
  const order = permuteIndex(term.shape, [...kept, ...axes.filter((d) => !isKept(d))]);
  const shape = permuted(term.shape, kept);
  const group = order.length / elementCount(shape);
  return { ...own, term: groupSum(emit, term, order, group, 1, shape), labels: labels.filter((_, d) => isKept(d)) };
}

function transposedTo(emit: Emitter, { term, labels }: Labelled, target: readonly string[]): Term {
  const axes = target.map((label) => labels.indexOf(label));
  return emit.transpose(term, axes);
}
