/** Sums of functions along axes: softmax, norms and logarithms of sums. Each value of a sum is broadcast back by a product. */
import { elementCount } from '../../../../ir/constant.ts';
import type { Emitter } from '../../emission/emitter.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { refused } from '../../proto/failure.ts';
import { sampleAxis, type Term, withShape } from '../../proto/term.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { groupSum, type Reduction, reduction, reductionOf } from '../reduction.ts';
import { reciprocalOf } from './elementwise.ts';

/** `weight` times the sum over axes of one sample, which stay with extent one. */
export function sumOver(emit: Emitter, x: Term, axes: readonly number[], weight: number): Term {
  const { order, group, shape } = reduction(x.shape, axes, true);
  return groupSum(emit, x, order, group, weight, shape);
}

/** x − mean(x) over the axes. */
export function centred(emit: Emitter, x: Term, axes: readonly number[]): Term {
  const mean = sumOver(emit, x, axes, 1 / elementCount(axes.map((axis) => x.shape[axis] ?? 1)));
  return sum(emit, [x, scaled(emit, mean, -1)]);
}

/**
 * Softmax, or its logarithm, of d = x − mean(x), which has the softmax of x and a narrower range: exp(d) / Σ exp(d), or
 * d − log Σ exp(d). Before opset 13 all axes from `axis` on are one.
 */
export const softmaxInside =
  (logarithm: boolean): Rule =>
  (op) => {
    const { emit } = op;
    const x = op.input(0);
    const axis = sampleAxis(x, op.int('axis', op.opset < 13 ? 1 : -1), `${op.opType} runs along`);
    const seen = op.opset >= 13 ? x : withShape(x, [...x.shape.slice(0, axis), elementCount(x.shape.slice(axis))]);
    const deviation = centred(emit, seen, [axis]);
    const powers = emit.activation(deviation, 'exp', []);
    const total = sumOver(emit, powers, [axis], 1);
    const result = logarithm
      ? sum(emit, [deviation, scaled(emit, emit.activation(total, 'log', []), -1)])
      : product(emit, powers, reciprocalOf(emit, total));
    return [withShape(result, x.shape)];
  };

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
  return [product(emit, x, inverseNorm(op, x, axis, op.int('p', 2)))];
};

function inverseNorm({ emit }: Operation, x: Term, axis: number, p: number): Term {
  if (p === 1) return reciprocalOf(emit, sumOver(emit, emit.activation(x, 'abs', []), [axis], 1));
  if (p !== 2) throw refused(`p is ${p}`, 'Supported are p = 1 and p = 2.');
  return emit.activation(sumOver(emit, square(emit, x), [axis], 1), 'rsqrt', []);
}
