/** DequantizeLinear, and QuantizeLinear. */
import type { Operation, Rule } from '../../emission/operation.ts';
import { type Along, dequantized, encodingAt } from './affine.ts';

export const dequantizeLinear: Rule = (op) => [dequantized(op, op.input(0), encodingAt(op, 1, 2), alongOf(op))];

function alongOf(op: Operation): Along {
  return { axis: op.int('axis', 1), blockSize: op.int('block_size', 0) };
}
