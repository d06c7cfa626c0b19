/** Evaluation of polynomials in both bases. */

export type Basis = 'power' | 'chebyshev';

/** Σ c_k φ_k(t): Horner for powers, Clenshaw (1955) for Chebyshev polynomials of the first kind. */
export function evaluatePolynomial(basis: Basis, coefficients: ArrayLike<number>, t: number): number {
  const degree = coefficients.length - 1;
  if (basis === 'power') {
    let sum = 0;
    for (let k = degree; k >= 0; k--) sum = sum * t + (coefficients[k] ?? 0);
    return sum;
  }
  let next = 0;
  let afterNext = 0;
  for (let k = degree; k >= 1; k--) {
    const current = 2 * t * next - afterNext + (coefficients[k] ?? 0);
    afterNext = next;
    next = current;
  }
  return t * next - afterNext + (coefficients[0] ?? 0);
}

/** One polynomial of a composition: Σ c_k T_k((t − center) / halfWidth). */
export interface Stage {
  readonly coefficients: ArrayLike<number>;
  readonly center: number;
  readonly halfWidth: number;
}

/** The composition of the stages, the first of x itself. */
export function evaluateStages(stages: readonly Stage[], x: number): number {
  return stages.reduce(
    (t, { coefficients, center, halfWidth }) => evaluatePolynomial('chebyshev', coefficients, (t - center) / halfWidth),
    x,
  );
}

/** The degree without leading zeros; 0 for the zero polynomial. */
export function degreeOf(coefficients: ArrayLike<number>): number {
  let degree = coefficients.length - 1;
  while (degree > 0 && coefficients[degree] === 0) degree--;
  return Math.max(degree, 0);
}
