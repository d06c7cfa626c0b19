/** Functions of one encrypted value, quotients and real powers. */
import type { ActivationKind, Emitter } from '../../emission/emitter.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { type ConstantTerm, elementsOf, requireConstant, type Term } from '../../proto/term.ts';
import { product, scaled } from '../arithmetic.ts';

/** The function of each element. */
export const elementwise =
  (kind: ActivationKind): Rule =>
  (op) => [op.emit.activation(op.input(0), kind, [])];

export function reciprocalOf(emit: Emitter, x: Term): Term {
  return emit.activation(x, 'reciprocal', []);
}

/** a / b = a · (1 / b), for a divisor of one sign. */
export const quotient: Rule = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (elementsOf(a) === 'integer' && elementsOf(b) === 'integer')
    throw refused('encrypted integers are divided, and the quotient cut off', 'Cast to float before the division.');
  return [product(op.emit, a, reciprocalOf(op.emit, b))];
};

/** x to a real power that is the same for all elements, for positive x; or a positive number to the power x. */
export const realPower: Rule = (op) => {
  const [x, exponent] = [op.input(0), op.input(1)];
  if (x.kind === 'constant' && exponent.kind === 'encrypted') {
    const base = onlyValueOf(x);
    if (base === undefined || !(base > 0))
      throw refused('the base is not one positive number', 'Raise one positive number to encrypted powers.');
    return [op.emit.activation(scaled(op.emit, exponent, Math.log(base)), 'exp', [])];
  }
  const power = onlyValueOf(requireConstant(exponent, 'the exponent'));
  if (power === undefined) throw refused('exponents differ between elements', 'Use one exponent for all elements.');
  if (!Number.isFinite(power)) throw invalid(`the exponent is ${power}`);
  return [powerOf(op.emit, x, power)];
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
