/** Functions of single elements at the client, with ONNX's broadcasting. */
import { type ElementType, elementTypeOf, textType } from '../../proto/element-types.ts';
import { invalid, refused } from '../../proto/failure.ts';
import type { ClientTerm } from '../../proto/term.ts';
import type { ClientOperation, StepRule } from '../client-operation.ts';
import type { BinaryFunction, UnaryFunction } from '../step-emitter.ts';

export const unary =
  (fn: UnaryFunction): StepRule =>
  (op) => [op.steps.unary(fn, op.numbers(0))];

/** The noise of a decrypted zero must not make a NaN of its root: what is negative after decryption counts as 0. */
export const squareRoot: StepRule = (op) => {
  const x = op.numbers(0);
  const least = op.steps.stage === 'after' ? op.steps.binary('maximum', x, op.steps.number(0)) : x;
  return [op.steps.unary('square-root', least)];
};

export const binary =
  (fn: BinaryFunction): StepRule =>
  (op) => {
    // Texts can be compared, with each other.
    const texts = fn === 'equal' && op.value(0).elements === 'string' && op.value(1).elements === 'string';
    const operand = (i: number) => (texts ? op.value(i) : op.numbers(i));
    return [op.steps.binary(fn, operand(0), operand(1))];
  };

/** Min and Max take any number of operands. */
export const variadic =
  (fn: BinaryFunction): StepRule =>
  (op) => {
    const [first = op.numbers(0), ...rest] = op.inputs().map((_, i) => op.numbers(i));
    return [rest.reduce((total, term) => op.steps.binary(fn, total, term), first)];
  };

/** Bounds are operands, and before opset 11 attributes. */
export const clip: StepRule = (op) => {
  const bound = (i: number, name: string): ClientTerm | undefined => {
    if (op.optional(i) !== undefined) return op.numbers(i);
    return op.has(name) ? op.steps.number(op.float(name, 0)) : undefined;
  };
  const [least, most] = [bound(1, 'min'), bound(2, 'max')];
  const x = op.numbers(0);
  const above = least === undefined ? x : op.steps.binary('maximum', x, least);
  return [most === undefined ? above : op.steps.binary('minimum', above, most)];
};

/** Of two integers the sign is that of the divisor, unless `fmod`. */
export const modulo: StepRule = (op) => [
  op.steps.binary(op.flag('fmod', false) ? 'modulo' : 'floor-modulo', op.numbers(0), op.numbers(1)),
];

export const isInfinite: StepRule = (op) => {
  const x = op.reals(0);
  const [negative, positive] = [op.flag('detect_negative', true), op.flag('detect_positive', true)];
  const infinite = op.steps.unary('is-infinite', x);
  if (negative && positive) return [infinite];
  const side = op.steps.binary(positive ? 'greater' : 'less', x, op.steps.number(0));
  return [op.steps.binary('and', infinite, negative || positive ? side : op.steps.literal([], 'boolean', [0]))];
};

/** x / (1 + |x|). */
export const softsign: StepRule = (op) => {
  const x = op.reals(0);
  const divisor = op.steps.binary('add', op.steps.unary('abs', x), op.steps.number(1));
  return [op.steps.binary('divide', x, divisor)];
};

export const where: StepRule = (op) => {
  const condition = op.value(0);
  if (condition.elements !== 'boolean') throw invalid(`the condition of Where is ${condition.elements}, not boolean`);
  const texts = op.value(1).elements === 'string' && op.value(2).elements === 'string';
  const choice = (i: number) => (texts ? op.value(i) : op.numbers(i));
  return [op.steps.select(condition, choice(1), choice(2))];
};

export const cast: StepRule = (op) => {
  const to = op.int('to', 0);
  if (to === textType) return [op.steps.cast(op.value(0), 'string')];
  const type = elementTypeOf(to);
  if (type === undefined) throw refused(`element type ${to} is not supported`, 'Cast to float or int64.');
  return [castTo(op, type)];
};

export const castLike: StepRule = (op) => [op.steps.cast(op.value(0), op.value(1).elements)];

/** Of an integer that is too large for its type, the lowest bits stay. */
function castTo(op: ClientOperation, { kind, name, bits }: ElementType): ClientTerm {
  const { steps } = op;
  const cast = steps.cast(op.value(0), kind === 'float' ? 'real' : kind);
  if (kind !== 'integer' || bits > 16) return cast;
  const size = steps.literal([], 'integer', [2 ** bits]);
  const least = steps.literal([], 'integer', [name.startsWith('u') ? 0 : -(2 ** (bits - 1))]);
  const fromLeast = steps.binary('floor-modulo', steps.binary('subtract', cast, least), size);
  return steps.binary('add', fromLeast, least);
}
