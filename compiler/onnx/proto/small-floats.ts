/** Floating-point numbers of 4 to 16 bits, from their bits. */

/** A format with a sign, an exponent and a mantissa (ONNX, "Float stored in 8 bits" and "in 4 bits"). */
export interface SmallFloat {
  readonly exponentBits: number;
  readonly mantissaBits: number;
  /**
   * What the highest exponent holds: `infinities` and NaNs as in IEEE 754, one `nan` with all bits set, or numbers, NaN
   * being what would be the `negative-zero` (and the bias being one more). Default numbers.
   */
  readonly special?: 'infinities' | 'nan' | 'negative-zero';
}

/** The value of every code. */
export function smallFloatValues({ exponentBits, mantissaBits, special }: SmallFloat): Float64Array {
  const half = 2 ** (exponentBits + mantissaBits);
  const bias = 2 ** (exponentBits - 1) - (special === 'negative-zero' ? 0 : 1);
  const magnitude = (code: number): number => {
    const exponent = code >> mantissaBits;
    const mantissa = code % 2 ** mantissaBits;
    if (special === 'infinities' && exponent === 2 ** exponentBits - 1) return mantissa === 0 ? Infinity : NaN;
    if (special === 'nan' && code === half - 1) return NaN;
    const fraction = mantissa / 2 ** mantissaBits;
    return exponent === 0 ? fraction * 2 ** (1 - bias) : (1 + fraction) * 2 ** (exponent - bias);
  };
  return Float64Array.from({ length: 2 * half }, (_, code) => {
    if (special === 'negative-zero' && code === half) return NaN;
    return code < half ? magnitude(code) : -magnitude(code - half);
  });
}

/** Of every code; made when the first is read. */
let float16Values: Float64Array | undefined;

export function fromFloat16(bits: number): number {
  float16Values ??= smallFloatValues({ exponentBits: 5, mantissaBits: 10, special: 'infinities' });
  return float16Values[bits] ?? NaN;
}

export function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
