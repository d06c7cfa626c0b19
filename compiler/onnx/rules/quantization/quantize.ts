/** QuantizeLinear and DequantizeLinear. */
import type { Operation, Rule } from '../../emission/operation.ts';
import { elementTypeOf } from '../../proto/element-types.ts';
import { type Along, boundsBy, dequantized, encodingAt, quantized } from './affine.ts';

export const quantizeLinear: Rule = (op) => {
  const encoding = encodingAt(op, 1, 2);
  const type = elementTypeOf(op.int('output_dtype', 0))?.name;
  return [quantized(op, op.input(0), encoding, boundsBy(encoding, type), alongOf(op))];
};

export const dequantizeLinear: Rule = (op) => [dequantized(op, op.input(0), encodingAt(op, 1, 2), alongOf(op))];

function alongOf(op: Operation): Along {
  return { axis: op.int('axis', 1), blockSize: op.int('block_size', 0) };
}
