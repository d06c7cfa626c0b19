/** Floats of 16 bits as onnxruntime takes and gives them: by their bits (IEEE 754 binary16). */

const leastNormal = 2 ** -14;
const infinity = 0x7c00;
const quietNaN = 0x7e00;

/** The nearest half of each number, ties to even; beyond 65504 and what rounds to it, an infinity. */
export function toHalves(values: Float64Array): Uint16Array {
  return Uint16Array.from(values, toHalf);
}

export function fromHalves(halves: Uint16Array): Float64Array {
  return Float64Array.from(halves, fromHalf);
}

function toHalf(value: number): number {
  if (Number.isNaN(value)) return quietNaN;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  // Subnormals are as far apart as the smallest normal numbers.
  const exponent = magnitude < leastNormal ? -14 : Math.min(16, exponentOf(magnitude));
  // Counted in units of the last place, from zero on: a carry of the rounding goes to the exponent by itself.
  const units = toEven(magnitude / 2 ** (exponent - 10)) + (exponent + 14) * 1024;
  return sign + Math.min(infinity, magnitude === Infinity ? infinity : units);
}

/** The exponent of a normal double. */
function exponentOf(magnitude: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, magnitude);
  return ((view.getUint16(0) >> 4) & 0x7ff) - 1023;
}

function toEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
}

function fromHalf(half: number): number {
  const sign = half < 0x8000 ? 1 : -1;
  const exponent = (half >> 10) & 31;
  const mantissa = half & 1023;
  if (exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1024 + mantissa) * 2 ** (exponent - 25));
}
