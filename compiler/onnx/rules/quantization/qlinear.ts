/**
 * Operators between quantised values, read as what they approximate: the operator of reals between a DequantizeLinear
 * of each operand and a QuantizeLinear of the result.
 */
import type { Operation, Rule } from '../../emission/operation.ts';
import { invalid, refused } from '../../proto/failure.ts';
import { type ConstantTerm, constant, onnxRank, type Term } from '../../proto/term.ts';
import { activation } from '../activation.ts';
import { product, sum } from '../arithmetic.ts';
import { conv } from '../convolution.ts';
import { gemm, matMul } from '../matrix.ts';
import { averagePool } from '../pooling.ts';
import { globalAveragePool } from '../reduction.ts';
import { concat } from '../selection.ts';
import { type Along, boundsBy, dequantized, encodingAt, quantized } from './affine.ts';

/** Operand i, with its scale and zero point behind it. */
function operandAt(op: Operation, i: number, along?: Along): Term {
  return dequantized(op, op.input(i), encodingAt(op, i + 1, i + 2), along);
}

/** The results with the scale and the zero point that are operands i and i + 1. */
function resultAt(op: Operation, i: number, results: readonly Term[]): readonly Term[] {
  const encoding = encodingAt(op, i, i + 1);
  return results.map((y) => quantized(op, y, encoding, boundsBy(encoding)));
}

/** An int32 bias in units of the products that it is added to. */
function biasAt(op: Operation, i: number, x: ConstantTerm, w: ConstantTerm, alpha = 1): Term | undefined {
  if (op.optional(i) === undefined) return undefined;
  const { data, shape } = op.constant(i, 'the bias');
  const [step = 0] = x.data;
  return constant(
    shape,
    data.map((b, k) => b * alpha * step * (w.data[w.data.length === 1 ? 0 : k] ?? 0)),
  );
}

export const qLinearConv: Rule = (op) => {
  refuseChannelsLast(op);
  const weights = op.constant(3, 'the weights');
  const x = operandAt(op, 0);
  const w = dequantized(op, weights, encodingAt(op, 4, 5), { axis: 0 });
  const bias = biasAt(op, 8, op.constant(1, 'the scale'), op.constant(4, 'the scale'));
  return resultAt(op, 6, conv(op.with([x, w, bias])));
};

export const qLinearMatMul: Rule = (op) => {
  const a = operandAt(op, 0, { axis: Math.max(0, onnxRank(op.input(0)) - 2) });
  const b = operandAt(op, 3, { axis: -1 });
  return resultAt(op, 6, matMul(op.with([a, b])));
};

/** QLinearAdd and QLinearMul. */
const qLinearBinary =
  (compute: (op: Operation, a: Term, b: Term) => Term): Rule =>
  (op) =>
    resultAt(op, 6, [compute(op, operandAt(op, 0), operandAt(op, 3))]);

export const qLinearAdd = qLinearBinary((op, a, b) => sum(op.emit, [a, b]));
export const qLinearMul = qLinearBinary((op, a, b) => product(op.emit, a, b));

/** An operator of one operand. */
const qLinearUnary =
  (rule: Rule): Rule =>
  (op) => {
    refuseChannelsLast(op);
    return resultAt(op, 3, rule(op.with([operandAt(op, 0)])));
  };

export const qLinearAveragePool = qLinearUnary(averagePool);
export const qLinearGlobalAveragePool = qLinearUnary(globalAveragePool);
export const qLinearLeakyRelu = qLinearUnary(activation('leaky-relu', ['alpha', 0.01]));
export const qLinearSigmoid = qLinearUnary(activation('sigmoid'));

/** Y_scale, Y_zero_point, and then each operand with its own. */
export const qLinearConcat: Rule = (op) => {
  const operands = op.inputs().length - 2;
  if (operands < 3 || operands % 3 !== 0)
    throw invalid(`${operands} operands do not divide into values with two parameters each`);
  const parts = Array.from({ length: operands / 3 }, (_, k) => operandAt(op, 2 + 3 * k));
  return resultAt(op, 0, concat(op.with(parts)));
};

/** QGemm: α a b + c, with c in units of α a b, quantised where there is a scale for it. */
export const qGemm: Rule = (op) => {
  const scale = op.constant(4, 'the scale');
  const a = operandAt(op, 0);
  const b = dequantized(op, op.input(3), encodingAt(op, 4, 5), { axis: op.flag('transB', false) ? 0 : 1 });
  const c = biasAt(op, 6, op.constant(1, 'the scale'), scale, op.float('alpha', 1));
  const results = gemm(op.with([a, b, c]));
  return op.optional(7) === undefined ? results : resultAt(op, 7, results);
};

function refuseChannelsLast(op: Operation): void {
  if (!op.flag('channels_last', false)) return;
  throw refused('channels stand last', 'Quantise the model as it was exported, without layout optimisations.');
}
