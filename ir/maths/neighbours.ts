/** The numbers of a format that are next to a number. */

/** Formats of IEEE 754. */
export type FloatFormat = 'float' | 'double';

const double = new Float64Array(1);
const doubleBits = new BigInt64Array(double.buffer);
const single = new Float32Array(1);
const singleBits = new Int32Array(single.buffer);

/** The least number of the format above `x`, which is one of them: of the largest it is infinite, and of infinity itself. */
export function nextAbove(x: number, format: FloatFormat): number {
  if (x === Infinity) return x;
  if (x === 0) return format === 'double' ? Number.MIN_VALUE : 2 ** -149;
  // Numbers of one sign are ordered as their bits are: away from zero these grow.
  const step = x > 0 ? 1 : -1;
  if (format === 'double') {
    double[0] = x;
    doubleBits[0] = (doubleBits[0] ?? 0n) + BigInt(step);
    return double[0];
  }
  single[0] = x;
  singleBits[0] = (singleBits[0] ?? 0) + step;
  return single[0];
}

/** The largest number of the format below `x`, as `nextAbove` has the least above it. */
export function nextBelow(x: number, format: FloatFormat): number {
  return -nextAbove(-x, format);
}
