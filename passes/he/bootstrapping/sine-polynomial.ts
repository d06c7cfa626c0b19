/**
 * The polynomial of EvalMod: cos(a y) on [−1, 1] in the Chebyshev basis, in closed form (Abramowitz and Stegun, 9.1.44):
 *
 *   cos(a y) = J_0(a) + 2 Σ (−1)^k J_2k(a) T_2k(y).
 */

/** Coefficients of T_0 … T_degree; the degree is even. */
export function cosineCoefficients(a: number, degree: number): Float64Array {
  const bessel = besselFunctions(a, degree);
  return Float64Array.from({ length: degree + 1 }, (_, k) => {
    if (k % 2 === 1) return 0;
    const sign = k % 4 === 0 ? 1 : -1;
    return (k === 0 ? 1 : 2 * sign) * (bessel[k] ?? 0);
  });
}

/**
 * J_0(a) … J_count(a), by the recurrence J_{k−1} = (2k / a) J_k − J_{k+1} from far above on, where it is stable (J. C. P. Miller), and
 * 1 = J_0 + 2 Σ J_2k.
 */
export function besselFunctions(a: number, count: number): Float64Array {
  const from = count + 32 + 2 * Math.ceil(a);
  const values = new Float64Array(from + 2);
  values[from] = 1e-200;
  for (let k = from; k > 0; k--) values[k - 1] = ((2 * k) / a) * (values[k] ?? 0) - (values[k + 1] ?? 0);
  let sum = values[0] ?? 0;
  for (let k = 2; k <= from; k += 2) sum += 2 * (values[k] ?? 0);
  return values.slice(0, count + 1).map((value) => value / sum);
}
