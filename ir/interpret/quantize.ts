/** The rounding of quantised models, exact in double precision. */
import type { TensorNodeNamed } from '../tensor/ops.ts';

/** What a `quantize` makes of the elements of its operand. */
export function rounded(attrs: TensorNodeNamed<'quantize'>['attrs'], x: Float64Array): Float64Array {
  const { steps, lowest, highest } = attrs;
  return steps === 'one' ? x.map((v) => toInteger(v, lowest, highest)) : dynamicallyRounded(attrs, x);
}

/** DynamicQuantizeLinear of ONNX (opset 11), and back. */
function dynamicallyRounded({ lowest, highest }: TensorNodeNamed<'quantize'>['attrs'], x: Float64Array): Float64Array {
  const [least, most] = x.reduce(([lo, hi], v) => [Math.min(lo, v), Math.max(hi, v)], [0, 0]);
  const step = (most - least) / (highest - lowest);
  if (step === 0) return x;
  const zeroPoint = toInteger(lowest - least / step, lowest, highest);
  return x.map((v) => step * toInteger(v / step, lowest - zeroPoint, highest - zeroPoint));
}

/** The integer next to `x`, of two the even one, within the bounds. */
export function toInteger(x: number, lowest: number, highest: number): number {
  return Math.min(Math.max(roundHalfToEven(x), lowest), highest);
}

export function roundHalfToEven(x: number): number {
  const low = Math.floor(x);
  if (x - low !== 0.5) return Math.round(x);
  return low % 2 === 0 ? low : low + 1;
}
