/** The derivative of a polynomial of the tensor level, in the same basis. */
import { Constant } from '../../ir/constant.ts';
import type { PolynomialAttrs } from '../onnx/polynomials.ts';

export function derivativeOf(attrs: PolynomialAttrs): PolynomialAttrs {
  const { basis, coefficients, halfWidth } = attrs;
  const [sets = 1, count = 1] = coefficients.shape;
  const terms = Math.max(1, count - 1);
  const derived = new Float64Array(sets * terms);
  for (let set = 0; set < sets; set++) {
    const own = coefficients.values.subarray(set * count, (set + 1) * count);
    const slopes = basis === 'power' ? powerDerivative(own) : chebyshevDerivative(own);
    for (const [k, slope] of slopes.entries()) derived[set * terms + k] = slope / halfWidth;
  }
  return { ...attrs, coefficients: new Constant([sets, terms], derived) };
}

function powerDerivative(c: Float64Array): Float64Array {
  return Float64Array.from(c.subarray(1), (coefficient, k) => (k + 1) * coefficient);
}

/** By d_{k−1} = d_{k+1} + 2 k c_k, and half of that for k = 1 (Mason and Handscomb, Chebyshev Polynomials, 2.4.5). */
function chebyshevDerivative(c: Float64Array): Float64Array {
  const d = new Float64Array(c.length + 1);
  for (let k = c.length - 1; k >= 1; k--) d[k - 1] = (d[k + 1] ?? 0) + 2 * k * (c[k] ?? 0);
  d[0] = (d[0] ?? 0) / 2;
  return d.subarray(0, Math.max(0, c.length - 1));
}
