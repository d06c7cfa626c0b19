/**
 * Best approximation in the maximum norm by the Remez exchange algorithm (Trefethen, Approximation Theory and
 * Approximation Practice, 2013, chapter 10; Pachón and Trefethen, BIT 49, 2009): the best polynomial of degree n is
 * the one whose error alternates in sign, equally large, at n + 2 points.
 */
import { Matrix, solve } from 'ml-matrix';

import { InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { highestDegree } from '../../../ir/maths/highest-degree.ts';
import { type Approximation, chebyshevRow, type Target } from './approximation.ts';
import { errorExtrema, largestError } from './error-extrema.ts';
import { exchangePoints } from './exchange.ts';

const maxExchanges = 100;

/** The exchange stops where the largest error is within this of the best possible one. */
const tolerance = 1e-7;

/**
 * The polynomial of the given degree, at most `highestDegree`, whose largest error on the range is least (up to a relative 1e-7,
 * and down to rounding). Holds for any continuous f; kinks and symmetries, where the alternation may have more points
 * than needed or the first levelled error be zero, included.
 */
export function minimax(target: Target, degree: number): Approximation {
  if (degree < 0 || degree > highestDegree) throw new InternalError(`degree ${degree} is not in 0 … ${highestDegree}`);
  const { f, range } = target;
  const valueAt = (t: number): number => f(range.center + range.halfWidth * t);
  const count = degree + 2;
  let reference = Array.from({ length: count }, (_, j) => -Math.cos((j * Math.PI) / (count - 1)));
  let best: Approximation | undefined;
  for (let exchange = 0; exchange < maxExchanges; exchange++) {
    const { coefficients, levelled } = solveLevelled(reference, degree, valueAt);
    const extrema = errorExtrema(target, coefficients);
    const maxError = extrema.reduce((most, { error }) => Math.max(most, Math.abs(error)), 0);
    if (best === undefined || maxError < best.maxError) best = { coefficients, maxError };
    const size = Math.max(...reference.map((t) => Math.abs(valueAt(t))), Number.MIN_VALUE);
    if (maxError - Math.abs(levelled) <= tolerance * maxError || maxError <= 1e-14 * size) break;
    const next = exchangePoints(reference, levelled, extrema);
    if (next.every((t, j) => t === reference[j])) break;
    reference = next;
  }
  if (best === undefined) throw new InternalError('the exchange algorithm did not run');
  return { ...best, maxError: largestError(target, best.coefficients) };
}

/** The polynomial and E with f(t_j) − p(t_j) = (−1)^j E at all reference points. */
function solveLevelled(
  reference: readonly number[],
  degree: number,
  valueAt: (t: number) => number,
): { readonly coefficients: Float64Array; readonly levelled: number } {
  const system = new Matrix(reference.map((t, j) => [...chebyshevRow(t, degree), j % 2 === 0 ? 1 : -1]));
  const solution = solve(system, Matrix.columnVector(reference.map(valueAt))).to1DArray();
  return { coefficients: Float64Array.from(solution.slice(0, degree + 1)), levelled: solution.at(-1) ?? 0 };
}
