/** Sums of functions along axes: softmax, norms and logarithms of sums. Each value of a sum is broadcast back by a product. */
import { type Constant, elementCount } from '../../../../ir/constant.ts';
import { expandedData } from '../../emission/broadcast.ts';
import type { Emitter } from '../../emission/emitter.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { refused } from '../../proto/failure.ts';
import { constant, type ConstantTerm, requireConstant, sampleAxis, type Term, withShape } from '../../proto/term.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { groupSum, type Reduction, reduction, reductionOf } from '../reduction.ts';
import { reciprocalOf } from './elementwise.ts';

/** `weight` times the sum over axes of one sample, which stay with extent one. */
export function sumOver(emit: Emitter, x: Term, axes: readonly number[], weight: number): Term {
  const { order, group, shape } = reduction(x.shape, axes, true);
  return groupSum(emit, x, order, group, weight, shape);
}

/** The mean over axes of one sample, which stay with extent one. */
export function meanOver(emit: Emitter, x: Term, axes: readonly number[]): Term {
  return sumOver(emit, x, axes, 1 / elementCount(axes.map((axis) => x.shape[axis] ?? 1)));
}

/** x − mean(x) over the axes. */
export function centred(emit: Emitter, x: Term, axes: readonly number[]): Term {
  return sum(emit, [x, scaled(emit, meanOver(emit, x, axes), -1)]);
}

/** Below this an offset of a score means that nothing is to be seen of it: −10 000 as BERT has it, or the least float. */
export const hiddenBelow = -5000;

/**
 * Softmax along an axis of d = x − mean(x), which has the softmax of x and a narrower range: exp(d) / Σ exp(d), and its
 * logarithm d − log Σ exp(d). Elements that `kept`, of zeros and ones, does not keep are left out of mean and sum, and get zero.
 */
export function softmaxOf(
  emit: Emitter,
  x: Term,
  axis: number,
  kept?: ConstantTerm,
): { readonly softmax: Term; readonly logarithm: () => Term } {
  const deviation = kept === undefined ? centred(emit, x, [axis]) : centredWithin(emit, x, axis, kept);
  const all = emit.activation(deviation, 'exp', []);
  const powers = kept === undefined ? all : product(emit, all, kept);
  const total = sumOver(emit, powers, [axis], 1);
  return {
    softmax: product(emit, powers, reciprocalOf(emit, total)),
    logarithm: () => sum(emit, [deviation, scaled(emit, emit.activation(total, 'log', []), -1)]),
  };
}

/** x less the mean of the elements that are kept along an axis, and zero in place of the others, whose size is of no matter. */
function centredWithin(emit: Emitter, x: Term, axis: number, kept: ConstantTerm): Term {
  const spread = constant(x.shape, expandedData(emit, kept, x.shape));
  const counts = requireConstant(sumOver(emit, spread, [axis], 1), 'the mask');
  const shares = { ...counts, data: counts.data.map((count) => 1 / Math.max(1, count)) };
  const mean = product(emit, sumOver(emit, product(emit, x, spread), [axis], 1), shares);
  return product(emit, sum(emit, [x, scaled(emit, mean, -1)]), spread);
}

/** Softmax or LogSoftmax. Before opset 13 all axes from `axis` on are one. */
export const softmaxInside =
  (logarithm: boolean): Rule =>
  (op) => {
    const { emit } = op;
    const x = op.input(0);
    const axis = sampleAxis(x, op.int('axis', op.opset < 13 ? 1 : -1), `${op.opType} runs along`);
    const seen = op.opset >= 13 ? x : withShape(x, [...x.shape.slice(0, axis), elementCount(x.shape.slice(axis))]);
    if (logarithm) return [withShape(softmaxOf(emit, seen, axis).logarithm(), x.shape)];
    const { scores, kept } = withoutMask(emit, seen);
    return [withShape(softmaxOf(emit, scores, axis, kept).softmax, x.shape)];
  };

/**
 * Scores without what constants hide of them, which exporters add, one after another: the exponential of the rest has a range.
 * What is hidden stays so whatever else is added, and by any positive factor.
 */
function withoutMask(emit: Emitter, x: Term): { readonly scores: Term; readonly kept?: ConstantTerm } {
  if (x.kind === 'constant') return { scores: x };
  const n = elementCount(x.shape);
  const [factors, offsets, isKept] = [new Float64Array(n).fill(1), new Float64Array(n), new Float64Array(n).fill(1)];
  let node = emit.builder.node(x.value);
  for (; node.op === 'scale-shift'; node = emit.builder.node(node.operands[0] ?? -1)) {
    const { factors: f, offsets: o } = node.attrs;
    const at = ({ values }: Constant, i: number): number => values[values.length === 1 ? 0 : i] ?? 0;
    for (let i = 0; i < n; i++) {
      if (isKept[i] === 0) continue;
      const own = (factors[i] ?? 0) * at(o, i);
      if (own <= hiddenBelow) isKept[i] = 0;
      offsets[i] = (offsets[i] ?? 0) + own;
      factors[i] = (factors[i] ?? 0) * at(f, i);
    }
  }
  if (isKept.every((keeps) => keeps === 1) || !isKept.some((keeps) => keeps === 1)) return { scores: x };
  const left = isKept.map((keeps, i) => (keeps === 0 ? 0 : (offsets[i] ?? 0)));
  const kept = isKept.map((keeps, i) => (keeps === 0 ? 1 : (factors[i] ?? 0)));
  return { scores: emit.scaleShift({ ...x, value: node.id }, kept, left), kept: constant(x.shape, isKept) };
}

/** A reduction whose sum is over what `before` makes of the elements, and of which `after` is taken. */
export const reducedBy =
  (before: (emit: Emitter, x: Term) => Term, after: (emit: Emitter, x: Term) => Term): Rule =>
  (op) => {
    const x = op.input(0);
    const plan = reductionOf(op, x);
    return [plan === undefined ? x : after(op.emit, groupTotal(op.emit, before(op.emit, x), plan))];
  };

/** log Σ exp(x) = mean(x) + log Σ exp(x − mean(x)). */
export const logSumExp: Rule = (op) => {
  const { emit } = op;
  const x = op.input(0);
  const plan = reductionOf(op, x);
  if (plan === undefined) return [x];
  const deviation = centred(emit, x, plan.axes);
  const total = groupTotal(emit, emit.activation(deviation, 'exp', []), plan);
  const { order, group, shape } = plan;
  const mean = groupSum(emit, x, order, group, 1 / group, shape);
  return [sum(emit, [mean, emit.activation(total, 'log', [])])];
};

function groupTotal(emit: Emitter, x: Term, { order, group, shape }: Reduction): Term {
  return groupSum(emit, x, order, group, 1, shape);
}

export const square = (emit: Emitter, x: Term): Term => product(emit, x, x);

/** x / ‖x‖ along an axis, of norms that are never zero. */
export const lpNormalizationInside: Rule = (op) => {
  const { emit } = op;
  const x = op.input(0);
  const axis = sampleAxis(x, op.int('axis', -1), 'LpNormalization runs along');
  const p = orderOf(op);
  const total = sumOver(emit, absolutePower(emit, x, p), [axis], 1);
  return [product(emit, x, p === 1 ? reciprocalOf(emit, total) : emit.activation(total, 'rsqrt', []))];
};

/** Of a norm: (Σ |x|^p)^(1/p). */
export function orderOf(op: Operation): 1 | 2 {
  const p = op.int('p', 2);
  if (p !== 1 && p !== 2) throw refused(`p is ${p}`, 'Supported are p = 1 and p = 2.');
  return p;
}

/** |x|^p. */
export function absolutePower(emit: Emitter, x: Term, p: 1 | 2): Term {
  return p === 1 ? emit.activation(x, 'abs', []) : square(emit, x);
}
