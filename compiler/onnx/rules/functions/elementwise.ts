/** Functions of one encrypted value, quotients and real powers. */
import { elementCount } from '../../../../ir/constant.ts';
import type { ActivationKind, Emitter } from '../../emission/emitter.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { type ConstantTerm, constant, elementsOf, isBatched, type Term } from '../../proto/term.ts';
import { integerQuotient, product } from '../arithmetic.ts';

/** The function of each element. */
export const elementwise =
  (kind: ActivationKind): Rule =>
  (op) => [op.emit.activation(op.input(0), kind, [])];

/** Whether encrypted values are infinite or no numbers, which none is. */
export const nowhere: Rule = (op) => {
  const x = op.input(0);
  const shape = isBatched(x) ? [1, ...x.shape] : x.shape;
  return [constant(shape, new Float64Array(elementCount(x.shape)), 'boolean')];
};

export function reciprocalOf(emit: Emitter, x: Term): Term {
  return emit.activation(x, 'reciprocal', []);
}

/** a / b = a · (1 / b), for a divisor of one sign. */
export const quotient: Rule = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (elementsOf(a) === 'integer' && elementsOf(b) === 'integer') throw integerQuotient();
  return [product(op.emit, a, reciprocalOf(op.emit, b))];
};

/**
 * x to a real power, for positive x, or a positive number to the power x; where exponents or bases differ between elements, or
 * both are encrypted, a^b = exp(b log a).
 */
export const realPower: Rule = (op) => {
  const { emit } = op;
  const [x, exponent] = [op.input(0), op.input(1)];
  if (exponent.kind === 'constant') {
    const bad = exponent.data.find((power) => !Number.isFinite(power));
    if (bad !== undefined) throw invalid(`an exponent is ${bad}`);
    const power = onlyValueOf(exponent);
    if (power !== undefined) return [powerOf(emit, x, power)];
  }
  if (x.kind === 'constant' && x.data.some((base) => !(base > 0)))
    throw refused('a base is not positive', 'Raise positive numbers to encrypted powers.');
  return [emit.activation(product(emit, exponent, emit.activation(x, 'log', [])), 'exp', [])];
};

/** x to a real power. */
export function powerOf(emit: Emitter, x: Term, exponent: number): Term {
  if (exponent === 0.5) return emit.activation(x, 'sqrt', []);
  if (exponent === -0.5) return emit.activation(x, 'rsqrt', []);
  if (exponent === -1) return reciprocalOf(emit, x);
  return emit.activation(x, 'power', [exponent]);
}

/** The number that all elements of a constant are; undefined where they differ. */
function onlyValueOf({ data }: ConstantTerm): number | undefined {
  const [first] = data;
  return data.every((value) => value === first) ? first : undefined;
}
