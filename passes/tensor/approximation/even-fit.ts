/**
 * Polynomials for functions with one kink, on a range with the kink in its middle: there the function is a line and a multiple of
 * |t|, whose polynomial is even. It takes as much depth as any other of its degree, and half of the products.
 *
 * T_{2k}(t) = T_k(2 t² − 1), so that an even polynomial of degree 2m close to |t| is one of degree m in u = t² close to √u.
 */
import { Constant } from '../../../ir/constant.ts';
import { type Histogram, weightedFit } from './least-squares.ts';
import { minimax } from './remez.ts';
import type { PolynomialAttrs, SignForm } from './stand-in.ts';
import type { Criterion } from './composite-choice.ts';

/** Undefined where the function has several breaks in its range, or jumps. @param degree even */
export function evenPolynomial(
  form: SignForm,
  degree: number,
  criterion: Criterion,
  histogram: Histogram,
): PolynomialAttrs | undefined {
  const [kink, ...others] = form.breaks;
  if (kink === undefined || others.length > 0 || !isKink(kink)) return undefined;
  const { at, reach, scales } = kink;
  const absolute = criterion === 'minimax' ? absoluteValue(degree / 2) : closestToValues(degree / 2, form, histogram);
  const rows = form.rest.map(([a = 0, b = 0], set) => {
    const row = new Float64Array(degree + 1);
    for (const [k, c] of absolute.entries()) row[2 * k] = (scales[set] ?? 0) * reach * c;
    row[0] = (row[0] ?? 0) + a + b * at;
    row[1] = (row[1] ?? 0) + b * reach;
    return row;
  });
  const coefficients = new Constant([rows.length, degree + 1], Float64Array.from(rows.flatMap((row) => [...row])));
  return { basis: 'chebyshev', coefficients, center: at, halfWidth: reach };
}

/** Whether the function is continuous at the break, and a line on both sides. */
function isKink({ at, factor }: SignForm['breaks'][number]): boolean {
  return factor.length === 2 && Math.abs((factor[0] ?? 0) + at) <= 1e-12 * Math.max(1, Math.abs(at));
}

const known = new Map<number, Float64Array>();

/** |t| ≈ Σ c_k T_{2k}(t) with the least largest error on [−1, 1]; by k. */
function absoluteValue(terms: number): Float64Array {
  const before = known.get(terms);
  if (before !== undefined) return before;
  const root = { f: (u: number) => Math.sqrt(Math.max(u, 0)), kinks: [], range: { center: 0.5, halfWidth: 0.5 } };
  const { coefficients } = minimax(root, terms);
  known.set(terms, coefficients);
  return coefficients;
}

/** The same with the least mean square error over the values of the histogram. */
function closestToValues(terms: number, { breaks: [kink] }: SignForm, histogram: Histogram): Float64Array {
  const { at = 0, reach = 1 } = kink ?? {};
  return weightedFit(histogram, terms, (x) => {
    const t = (x - at) / reach;
    return [2 * t * t - 1, Math.abs(t)];
  });
}
