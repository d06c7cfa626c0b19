/**
 * Products of integers, which are exact on reals: ConvInteger and MatMulInteger, the dynamic quantisation that feeds
 * them, and the operators that onnxruntime fuses both to.
 */
import type { Operation, Rule } from '../../emission/operation.ts';
import { constant, onnxRank, type Term } from '../../proto/term.ts';
import { sum } from '../arithmetic.ts';
import { conv } from '../convolution.ts';
import { matMul } from '../matrix.ts';
import { type Along, dequantized, encodingAt, parameterAt } from './affine.ts';

const one = constant([], Float64Array.of(1));
const bytes = { lowest: 0, highest: 255 } as const;

/** `x` less its zero point, operand i where there is one. */
function centred<T extends Term>(op: Operation, x: T, i: number, along: Along): T {
  const zeroPoint = op.optional(i) === undefined ? undefined : parameterAt(op, i, 'the zero point');
  return { ...dequantized(op, x, { scale: one, zeroPoint }, along), elements: 'integer' };
}

const rowsOf = (x: Term): Along => ({ axis: Math.max(0, onnxRank(x) - 2) });
const columns: Along = { axis: -1 };

export const matMulInteger: Rule = (op) => {
  const [a, b] = [op.input(0), op.input(1)];
  return matMul(op.with([centred(op, a, 2, rowsOf(a)), centred(op, b, 3, columns)]));
};

export const convInteger: Rule = (op) => {
  const weights = op.constant(1, 'the weights');
  return conv(op.with([centred(op, op.input(0), 2, { axis: 1 }), centred(op, weights, 3, { axis: 0 })]));
};

/**
 * DynamicQuantizeLinear as if its scale were one and its zero point zero, which is right where all that reads them takes
 * them out again: `dynamic-scales.ts` has made sure of that. Each sample has its own scale, where onnxruntime has one for
 * all samples of a batch.
 */
export const dynamicQuantizeLinear: Rule = (op) => [
  { ...dynamicallyRounded(op, op.input(0)), elements: 'integer' },
  one,
  { ...constant([], new Float64Array(1), 'integer'), type: 'uint8' },
];

function dynamicallyRounded(op: Operation, x: Term): Term {
  // A constant keeps the precision that it has.
  return x.kind === 'constant' ? x : op.emit.quantize(x, { steps: 'dynamic', ...bytes });
}

/** DynamicQuantizeMatMul: a, b, b's scale, b's zero point, bias. */
export const dynamicQuantizeMatMul: Rule = (op) => {
  const b = dequantized(op, op.input(1), encodingAt(op, 2, 3), columns);
  return biased(op, matMul(op.with([dynamicallyRounded(op, op.input(0)), b])), 4);
};

/** MatMulIntegerToFloat: a, b, their scales, their zero points, bias. */
export const matMulIntegerToFloat: Rule = (op) => {
  const a = op.input(0);
  const left = dequantized(op, a, encodingAt(op, 2, 4), rowsOf(a));
  return biased(op, matMul(op.with([left, dequantized(op, op.input(1), encodingAt(op, 3, 5), columns)])), 6);
};

function biased(op: Operation, results: readonly Term[], i: number): readonly Term[] {
  const bias = op.optional(i);
  return bias === undefined ? results : results.map((y) => sum(op.emit, [y, bias]));
}
