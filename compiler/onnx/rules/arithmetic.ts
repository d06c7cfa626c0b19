/**
 * Addition, multiplication and powers, with broadcasting. A constant operand becomes a factor or an offset; two
 * encrypted ones are expanded to one shape first.
 */
import { broadcast } from '../emission/broadcast.ts';
import type { Emitter } from '../emission/emitter.ts';
import { type ImportFailure, invalid, refused } from '../proto/failure.ts';
import type { Operation, Rule } from '../emission/operation.ts';
import { type ConstantTerm, constant, elementsOf, requireConstant, type Term } from '../proto/term.ts';
import { binaryFoldings, foldBinary } from './folding.ts';

/** Of Pow, and of polynomial kernels. */
export const maxExponent = 16;
const one = Float64Array.of(1);
const zero = Float64Array.of(0);

/** The sum of all terms. */
export function sum(emit: Emitter, operands: readonly Term[]): Term {
  const [first, ...rest] = operands;
  if (first === undefined) throw invalid('a sum without operands');
  if (operands.every((term) => term.kind === 'constant')) {
    return rest.reduce<Term>(
      (total, term) => foldBinary(emit, asConstant(total), asConstant(term), binaryFoldings.Add),
      first,
    );
  }
  const { terms, shape } = broadcast(emit, operands);
  const encrypted = terms.filter((term) => term.kind === 'encrypted');
  const [only] = encrypted;
  const added = only !== undefined && encrypted.length === 1 ? only : emit.add(encrypted, shape);
  const offsets = terms.filter((term) => term.kind === 'constant');
  return offsets.reduce((total, offset) => emit.scaleShift(total, one, offset.data), added);
}

export function product(emit: Emitter, a: Term, b: Term): Term {
  if (a.kind === 'constant' && b.kind === 'constant') return foldBinary(emit, a, b, binaryFoldings.Mul);
  const { terms } = broadcast(emit, [a, b]);
  const [x = a, y = b] = terms;
  if (x.kind === 'encrypted' && y.kind === 'encrypted') return emit.multiply(x, y);
  if (x.kind === 'encrypted' && y.kind === 'constant') return emit.scaleShift(x, y.data, zero);
  if (y.kind === 'encrypted' && x.kind === 'constant') return emit.scaleShift(y, x.data, zero);
  throw invalid('a product of constants');
}

export function scaled(emit: Emitter, term: Term, factor: number): Term {
  return factor === 1 ? term : emit.scaleShift(term, Float64Array.of(factor), zero);
}

export const subtract: Rule = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (a.kind === 'constant' && b.kind === 'constant') return [foldBinary(op.emit, a, b, binaryFoldings.Sub)];
  return [sum(op.emit, [a, scaled(op.emit, b, -1)])];
};

/** ONNX cuts off what integers leave. */
export function integerQuotient(): ImportFailure {
  return refused('encrypted integers are divided, and the quotient cut off', 'Cast to float before the division.');
}

export const divide: Rule = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  if (b.kind === 'encrypted') {
    throw refused('the divisor is encrypted', 'Divide by constants only; move normalisation out of the model.');
  }
  if (a.kind === 'constant') return [foldBinary(op.emit, a, b, binaryFoldings.Div)];
  if (elementsOf(a) === 'integer') throw integerQuotient();
  return [
    product(
      op.emit,
      a,
      constant(
        b.shape,
        b.data.map((x) => 1 / x),
      ),
    ),
  ];
};

export const negate: Rule = (op) => {
  const x = op.input(0);
  return [x.kind === 'constant' ? { ...x, data: x.data.map((v) => -v) } : scaled(op.emit, x, -1)];
};

export const power: Rule = (op) => {
  const [x, exponentTerm] = [op.input(0), op.input(1)];
  const exponents = requireConstant(exponentTerm, 'the exponent');
  if (x.kind === 'constant') return [foldBinary(op.emit, x, exponents, binaryFoldings.Pow)];
  const { terms } = broadcast(op.emit, [x, exponents]);
  const [base = x, expanded = exponents] = terms;
  const { data } = asConstant(expanded);
  const bad = data.find((exponent) => !Number.isInteger(exponent) || exponent < 0 || exponent > maxExponent);
  if (bad !== undefined || base.kind === 'constant') {
    throw refused(`the exponent is ${bad}`, `Exponents are the integers from 0 to ${maxExponent}.`);
  }
  const [exponent = 0] = data;
  if (data.some((other) => other !== exponent)) return [op.emit.powersByElement(base, data)];
  if (exponent === 0) return [op.emit.scaleShift(base, zero, one)];
  return [exponent === 1 ? base : op.emit.power(base, exponent)];
};

export const mean: Rule = (op) => {
  const operands = op.inputs();
  return [scaled(op.emit, sum(op.emit, operands), 1 / operands.length)];
};

/** Min and Max: of constants, or with constants, as a Clip where those are one number. */
export const extremum =
  (folding: typeof binaryFoldings.Min | typeof binaryFoldings.Max): Rule =>
  (op) => {
    const operands = op.inputs();
    return [operands.slice(1).reduce((a, b) => extremumOf(op, a, b, folding), op.input(0))];
  };

function extremumOf(
  op: Operation,
  a: Term,
  b: Term,
  folding: typeof binaryFoldings.Min | typeof binaryFoldings.Max,
): Term {
  if (a.kind === 'constant' && b.kind === 'constant') return foldBinary(op.emit, a, b, folding);
  const { terms } = broadcast(op.emit, [a, b]);
  const x = terms.find((term) => term.kind === 'encrypted');
  const bound = terms.find((term) => term.kind === 'constant');
  if (x === undefined || bound === undefined) {
    throw refused(`${op.opType} of two encrypted values compares them`, 'Replace it by a sum or a mean and retrain.');
  }
  const [limit = 0] = bound.data;
  if (bound.data.some((other) => other !== limit)) return boundedBy(op, x, bound);
  const most = Number.MAX_VALUE;
  if (op.opType === 'Max')
    return limit === 0 ? op.emit.activation(x, 'relu', []) : op.emit.activation(x, 'clip', [limit, most]);
  return op.emit.activation(x, 'clip', [-most, limit]);
}

/** max(x, c) = c + relu(x − c) and min(x, c) = c − relu(c − x), where c differs between elements. */
function boundedBy(op: Operation, x: Term, bound: ConstantTerm): Term {
  const sign = op.opType === 'Max' ? 1 : -1;
  const beyond = op.emit.activation(
    sum(op.emit, [scaled(op.emit, x, sign), scaled(op.emit, bound, -sign)]),
    'relu',
    [],
  );
  return sum(op.emit, [bound, scaled(op.emit, beyond, sign)]);
}

function asConstant(term: Term): ConstantTerm {
  return requireConstant(term, 'an operand');
}
