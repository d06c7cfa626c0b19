/** Functions of one element that are lines between thresholds, at which they jump. */
import type { Rule } from '../../emission/operation.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { lessOne } from '../logic.ts';
import type { Emitter } from '../../emission/emitter.ts';
import { type Term, constant } from '../../proto/term.ts';

/** x where x > α, and 0 elsewhere; for α = 0 that is Relu, which has no jump. */
export const thresholdedRelu: Rule = (op) => {
  const x = op.input(0);
  const alpha = op.float('alpha', 1);
  if (alpha === 0) return [op.emit.activation(x, 'relu', [])];
  return [product(op.emit, x, isAbove(op.emit, x, alpha))];
};

/** x + bias where x < −λ, x − bias where x > λ, and 0 between; for bias = λ that is x − clip(x, −λ, λ), without a jump. */
export const shrink: Rule = (op) => {
  const { emit } = op;
  const x = op.input(0);
  const [lambda, bias] = [op.float('lambd', 0.5), op.float('bias', 0)];
  if (bias === lambda && lambda >= 0)
    return [sum(emit, [x, scaled(emit, emit.activation(x, 'clip', [-lambda, lambda]), -1)])];
  const sides = [1, -1].map((sign) => {
    const own = scaled(emit, x, sign);
    const shifted = sum(emit, [x, constant([], Float64Array.of(-sign * bias))]);
    return product(emit, shifted, isAbove(emit, own, lambda));
  });
  return [sum(emit, sides)];
};

/** Whether x > threshold, as a number. */
function isAbove(emit: Emitter, x: Term, threshold: number): Term {
  const rest = emit.scaleShift(x, Float64Array.of(-1), Float64Array.of(threshold));
  return lessOne(emit, emit.activation(rest, 'step', []));
}
