/** Conditions on encrypted values, 1 where they hold and 0 elsewhere, and choices by such conditions. */
import type { Emitter } from '../../emission/emitter.ts';
import type { Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { elementsOf, type Term } from '../../proto/term.ts';
import { product, scaled, sum } from '../arithmetic.ts';
import { boolean, lessOne } from '../logic.ts';

/**
 * Whether a ≥ b, or a > b where `strict`. Between integers half of one is spare on both sides, so that whatever is close to an
 * integer counts as it.
 */
function isAtLeast(emit: Emitter, a: Term, b: Term, strict: boolean): Term {
  const difference = sum(emit, [a, scaled(emit, b, -1)]);
  if (isWhole(a) && isWhole(b))
    return boolean(emit.activation(shifted(emit, difference, strict ? -0.5 : 0.5), 'step', []));
  if (!strict) return boolean(emit.activation(difference, 'step', []));
  return boolean(lessOne(emit, emit.activation(scaled(emit, difference, -1), 'step', [])));
}

export const greater: Rule = (op) => [isAtLeast(op.emit, op.input(0), op.input(1), true)];
export const greaterOrEqual: Rule = (op) => [isAtLeast(op.emit, op.input(0), op.input(1), false)];
export const less: Rule = (op) => [isAtLeast(op.emit, op.input(1), op.input(0), true)];
export const lessOrEqual: Rule = (op) => [isAtLeast(op.emit, op.input(1), op.input(0), false)];

/** Of integers: 1 − sign(a − b)², and of booleans without the sign, for their difference has none but −1, 0 and 1. */
export const equal: Rule = (op) => {
  const { emit } = op;
  const [a, b] = [op.input(0), op.input(1)];
  if (!isWhole(a) || !isWhole(b))
    throw refused(
      'two reals of which one is encrypted are asked for equality, and encrypted numbers have no last bit',
      'Compare with thresholds, or cast to integers what are integers.',
    );
  const difference = sum(emit, [a, scaled(emit, b, -1)]);
  const areBooleans = elementsOf(a) === 'boolean' && elementsOf(b) === 'boolean';
  const sign = areBooleans ? difference : emit.activation(difference, 'sign', []);
  return [boolean(lessOne(emit, product(emit, sign, sign)))];
};

/** c · (x − y) + y. */
export const whereEncrypted: Rule = (op) => {
  const { emit } = op;
  const [choice, x, y] = [op.input(0), op.input(1), op.input(2)];
  if (elementsOf(choice) !== 'boolean') throw invalid('the condition of Where is not boolean');
  const reals: Term = { ...choice, elements: elementsOf(x) };
  return [sum(emit, [product(emit, reals, sum(emit, [x, scaled(emit, y, -1)])), y])];
};

function shifted(emit: Emitter, x: Term, by: number): Term {
  return emit.scaleShift(x, Float64Array.of(1), Float64Array.of(by));
}

/** Whether ONNX takes the elements for integers or booleans. */
function isWhole(term: Term): boolean {
  return elementsOf(term) !== 'float';
}
