/** Logic: on encrypted booleans, which are zero or one, each operator is a polynomial of degree two. */
import type { Emitter } from '../emission/emitter.ts';
import { invalid } from '../proto/failure.ts';
import type { Rule } from '../emission/operation.ts';
import { elementsOf, type Term } from '../proto/term.ts';
import { product, scaled, sum } from './arithmetic.ts';
import { binaryFoldings, foldBinary, unaryFoldings } from './folding.ts';

/** x + y − c x y: of c = 1 that x or y holds, of c = 2 that one of them does. */
const sumLess = (c: number) => (emit: Emitter, x: Term, y: Term) =>
  sum(emit, [x, y, scaled(emit, product(emit, x, y), -c)]);

const logical =
  (folding: (typeof binaryFoldings)['And' | 'Or' | 'Xor'], compute: (emit: Emitter, x: Term, y: Term) => Term): Rule =>
  (op) => {
    const [x, y] = [op.input(0), op.input(1)];
    if (x.kind === 'constant' && y.kind === 'constant') return [foldBinary(op.emit, x, y, folding)];
    if (elementsOf(x) !== 'boolean' || elementsOf(y) !== 'boolean') throw invalid(`${op.opType} takes booleans`);
    return [boolean(compute(op.emit, x, y))];
  };

export const and = logical(binaryFoldings.And, product);
export const or = logical(binaryFoldings.Or, sumLess(1));
export const xor = logical(binaryFoldings.Xor, sumLess(2));

export const not: Rule = (op) => {
  const x = op.input(0);
  if (x.kind === 'constant') return unaryFoldings.Not(op);
  if (elementsOf(x) !== 'boolean') throw invalid('Not takes booleans');
  return [boolean(lessOne(op.emit, x))];
};

/** 1 − x: what does not hold, where x holds. */
export function lessOne(emit: Emitter, x: Term): Term {
  return emit.scaleShift(x, Float64Array.of(-1), Float64Array.of(1));
}

/** The term as the truth values that it is. */
export function boolean(term: Term): Term {
  return { ...term, elements: 'boolean' };
}
