/** Element-wise operators that are computed on constants only: bits, angles and tests. */
import { invalid, refused } from '../../proto/failure.ts';
import type { Rule } from '../../emission/operation.ts';
import { constant } from '../../proto/term.ts';
import { foldBinary, foldOnlyUnary, requireFolded } from '../folding.ts';

export const angleFoldings = {
  Acos: foldOnlyUnary(Math.acos),
  Acosh: foldOnlyUnary(Math.acosh),
  Asin: foldOnlyUnary(Math.asin),
  Asinh: foldOnlyUnary(Math.asinh),
  Atan: foldOnlyUnary(Math.atan),
  Atanh: foldOnlyUnary(Math.atanh),
  Cosh: foldOnlyUnary(Math.cosh),
  Sinh: foldOnlyUnary(Math.sinh),
  Tan: foldOnlyUnary(Math.tan),
  IsNaN: foldOnlyUnary((x) => Number(Number.isNaN(x)), true),
} as const;

export const isInf: Rule = (op) => {
  const x = requireFolded(op.input(0), 'IsInf');
  const [negative, positive] = [op.flag('detect_negative', true), op.flag('detect_positive', true)];
  const test = (v: number) => Number((v === Infinity && positive) || (v === -Infinity && negative));
  return [constant(x.shape, x.data.map(test), 'boolean')];
};

/** Operators on the bits of whole numbers. */
function onBits(compute: (a: bigint, b: bigint) => bigint): Rule {
  const own = (x: number) => {
    if (!Number.isSafeInteger(x)) throw invalid(`${x} is no whole number that bits are taken of`);
    return BigInt(x);
  };
  return (op) => {
    const [a, b] = [requireFolded(op.input(0), op.opType), requireFolded(op.input(1), op.opType)];
    return [foldBinary(op.emit, a, b, { compute: (x, y) => Number(compute(own(x), own(y))) })];
  };
}

export const bitFoldings = {
  BitwiseAnd: onBits((a, b) => a & b),
  BitwiseOr: onBits((a, b) => a | b),
  BitwiseXor: onBits((a, b) => a ^ b),
} as const;

/** Shifts whole numbers without a sign. What may not fit the bits that they have is refused. */
export const bitShift: Rule = (op) => {
  const left = op.string('direction', ['LEFT', 'RIGHT'], 'LEFT') === 'LEFT';
  const [a, b] = [requireFolded(op.input(0), 'BitShift'), requireFolded(op.input(1), 'BitShift')];
  const result = foldBinary(op.emit, a, b, { compute: (x, y) => Math.floor(left ? x * 2 ** y : x / 2 ** y) });
  if (left && result.data.some((v) => v > 255))
    throw refused('BitShift to the left may lose bits', 'Multiply by a power of two.');
  return [result];
};
