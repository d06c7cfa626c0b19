/**
 * The odd polynomial that is closest to the sign: p of degree 2m − 1 with the least largest |p(t) − 1| on [a, 1].
 *
 * The odd Chebyshev polynomials T_1, T_3, … are a Haar system on (0, 1], so that the best error alternates at m + 1 points
 * of [a, 1] and the exchange algorithm finds it (Eremenko and Yuditskii, J. Anal. Math. 101, 2007, on this very problem). The
 * best polynomial rises from 0 at 0 to its first extremum at a, and is at most 1 + error on all of [−1, 1].
 */
import { Matrix, solve } from 'ml-matrix';

import { evaluatePolynomial } from '../../../ir/interpret/polynomial.ts';
import { errorGrid, extremaOf } from './error-extrema.ts';
import { exchangePoints } from './exchange.ts';

export interface OddPolynomial {
  /** Chebyshev coefficients on [−1, 1], by degree; those of even degree are zero. */
  readonly coefficients: Float64Array;
  /** Largest |p(t) − 1| on [a, 1]. */
  readonly error: number;
}

const maxExchanges = 60;

/** The exchange stops where the largest error is within this of the levelled one. */
const tolerance = 1e-6;

/** Below this an error is rounding. */
const leastError = 1e-14;

/** @param degree odd @param from a, in (0, 1) */
export function oddMinimax(degree: number, from: number): OddPolynomial {
  const terms = (degree + 1) / 2;
  const grid = errorGrid([from, 1], 2 * terms, []);
  // Cosine spacing in t², which is where an odd polynomial is a polynomial times t.
  let reference = Array.from({ length: terms + 1 }, (_, j) => {
    const [low, high] = [from * from, 1];
    return Math.sqrt((low + high) / 2 - ((high - low) / 2) * Math.cos((j * Math.PI) / terms));
  });
  let best: OddPolynomial | undefined;
  for (let exchange = 0; exchange < maxExchanges; exchange++) {
    const { coefficients, levelled } = solveLevelled(reference, terms);
    const extrema = extremaOf((t) => 1 - evaluatePolynomial('chebyshev', coefficients, t), grid);
    const error = extrema.reduce((most, point) => Math.max(most, Math.abs(point.error)), 0);
    if (best === undefined || error < best.error) best = { coefficients, error };
    if (error - Math.abs(levelled) <= tolerance * error || error <= leastError) break;
    const next = exchangePoints(reference, levelled, extrema);
    if (next.every((t, j) => t === reference[j])) break;
    reference = next;
  }
  return best ?? { coefficients: new Float64Array(degree + 1), error: 1 };
}

/** The odd polynomial and E with 1 − p(t_j) = (−1)^j E at all reference points. */
function solveLevelled(
  reference: readonly number[],
  terms: number,
): { readonly coefficients: Float64Array; readonly levelled: number } {
  const rows = reference.map((t, j) => {
    const angle = Math.acos(Math.min(t, 1));
    const row = Array.from({ length: terms }, (_, k) => Math.cos((2 * k + 1) * angle));
    return [...row, j % 2 === 0 ? 1 : -1];
  });
  const solution = solve(new Matrix(rows), Matrix.columnVector(reference.map(() => 1))).to1DArray();
  const coefficients = new Float64Array(2 * terms);
  for (let k = 0; k < terms; k++) coefficients[2 * k + 1] = solution[k] ?? 0;
  return { coefficients, levelled: solution.at(-1) ?? 0 };
}
