/** Operators that are computed only on constants, mostly arithmetic on shapes; encrypted operands are refused. */
import { erfc } from '../../../ir/interpret/erf.ts';
import { roundHalfToEven } from '../../../ir/interpret/quantize.ts';
import { broadcast } from '../emission/broadcast.ts';
import type { Emitter } from '../emission/emitter.ts';
import { mixesSamples, refused } from '../proto/failure.ts';
import type { Rule } from '../emission/operation.ts';
import { type ConstantTerm, constant, isBatchSize, requireConstant, type Term } from '../proto/term.ts';

type Binary = (a: number, b: number) => number;

interface BinaryFolding {
  readonly compute: Binary;
  /** For integer operands where that differs. */
  readonly integer?: Binary;
  readonly boolean?: true;
  /** What becomes of the size of the batch: the result, or undefined where it would be computed with. */
  readonly batch?: (other: number, batchFirst: boolean) => number | undefined;
}

const keepFor =
  (neutral: number, onlyFirst = false) =>
  (other: number, batchFirst: boolean) =>
    other === neutral && (batchFirst || !onlyFirst) ? NaN : undefined;

/** Sizes are positive, so that the markers 0 and −1 of Reshape and Expand are never equal to one. */
const neverMarker = (other: number) => (other <= 0 ? 0 : undefined);

export const binaryFoldings = {
  Add: { compute: (a, b) => a + b, batch: keepFor(0) },
  Sub: { compute: (a, b) => a - b, batch: keepFor(0, true) },
  Mul: { compute: (a, b) => a * b, batch: keepFor(1) },
  Div: { compute: (a, b) => a / b, integer: (a, b) => Math.trunc(a / b), batch: keepFor(1, true) },
  Pow: { compute: (a, b) => a ** b },
  Mod: { compute: (a, b) => a % b, integer: (a, b) => a - b * Math.floor(a / b) },
  Min: { compute: Math.min },
  Max: { compute: Math.max, batch: (other) => (other <= 1 ? NaN : undefined) },
  Equal: { compute: (a, b) => Number(a === b), boolean: true, batch: neverMarker },
  Greater: { compute: (a, b) => Number(a > b), boolean: true },
  GreaterOrEqual: { compute: (a, b) => Number(a >= b), boolean: true },
  Less: { compute: (a, b) => Number(a < b), boolean: true },
  LessOrEqual: { compute: (a, b) => Number(a <= b), boolean: true },
  And: { compute: (a, b) => a & b, boolean: true },
  Or: { compute: (a, b) => a | b, boolean: true },
  Xor: { compute: (a, b) => a ^ b, boolean: true },
} as const satisfies Record<string, BinaryFolding>;

/** Two constants, element by element. */
export function foldBinary(emit: Emitter, a: ConstantTerm, b: ConstantTerm, folding: BinaryFolding): ConstantTerm {
  const { terms, shape } = broadcast(emit, [a, b]);
  const [x = a, y = b] = terms.map((term) => requireConstant(term, 'an operand'));
  const whole = a.elements !== 'float' && b.elements !== 'float';
  const compute = whole ? integerRule(folding) : folding.compute;
  const n = shape.reduce((product, extent) => product * extent, 1);
  emit.charge(n);
  const at = (term: ConstantTerm, i: number) => term.data[term.data.length === 1 ? 0 : i] ?? 0;
  const data = Float64Array.from({ length: n }, (_, i) => compute(at(x, i), at(y, i)));
  return constant(shape, data, folding.boolean ? 'boolean' : whole ? 'integer' : 'float');
}

function integerRule(folding: BinaryFolding): Binary {
  const compute = folding.integer ?? folding.compute;
  return (a, b) => {
    if (!isBatchSize(a) && !isBatchSize(b)) return compute(a, b);
    const result =
      isBatchSize(a) && isBatchSize(b) ? undefined : folding.batch?.(isBatchSize(a) ? b : a, isBatchSize(a));
    if (result === undefined) throw mixesSamples('the model computes with the batch size');
    return result;
  };
}

/** A binary operator whose operands must both be constants. */
export function foldOnlyBinary(folding: BinaryFolding): Rule {
  return (op) => {
    const [a, b] = [op.input(0), op.input(1)];
    if (a.kind === 'constant' && b.kind === 'constant') return [foldBinary(op.emit, a, b, folding)];
    throw comparison(op.opType);
  };
}

/** A unary operator whose operand must be a constant. */
export function foldOnlyUnary(compute: (x: number) => number, boolean = false): Rule {
  return (op) => {
    const x = op.input(0);
    if (x.kind !== 'constant') throw comparison(op.opType);
    if (x.elements !== 'float' && x.data.some(isBatchSize))
      throw mixesSamples('the model computes with the batch size');
    op.emit.charge(x.data.length);
    return [constant(x.shape, x.data.map(compute), boolean ? 'boolean' : x.elements)];
  };
}

/** The operand of an operator that is only computed on constants. */
export function requireFolded(term: Term, opType: string): ConstantTerm {
  if (term.kind === 'constant') return term;
  throw comparison(opType);
}

function comparison(opType: string) {
  return refused(
    `${opType} of an encrypted value is neither linear nor a polynomial`,
    'Keep it to constants, or replace it by one of the supported activations.',
  );
}

export const unaryFoldings = {
  Abs: foldOnlyUnary(Math.abs),
  Ceil: foldOnlyUnary(Math.ceil),
  Cos: foldOnlyUnary(Math.cos),
  Erf: foldOnlyUnary((x) => 1 - erfc(x)),
  Exp: foldOnlyUnary(Math.exp),
  Floor: foldOnlyUnary(Math.floor),
  Log: foldOnlyUnary(Math.log),
  Not: foldOnlyUnary((x) => (x === 0 ? 1 : 0), true),
  Reciprocal: foldOnlyUnary((x) => 1 / x),
  Round: foldOnlyUnary(roundHalfToEven),
  Sign: foldOnlyUnary(Math.sign),
  Sin: foldOnlyUnary(Math.sin),
  Sqrt: foldOnlyUnary(Math.sqrt),
} as const;
