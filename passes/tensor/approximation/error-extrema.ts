/** Where the error of a polynomial is locally largest. */
import { evaluatePolynomial } from '../../../ir/interpret/polynomial.ts';
import type { Target } from './approximation.ts';

/** A point of the reference interval [−1, 1] and the error f − p there. */
export interface ErrorPoint {
  readonly t: number;
  readonly error: number;
}

/** Grid points for each extremum that the best approximation of the degree has at least. */
const gridDensity = 16;

/** Grid points at least for the error that is stated: more than the oscillations of any function on a range that samples show. */
const statedPoints = 4096;

/** Of a double. */
const roundOff = 2 ** -53;

/** Steps of the golden section: brackets shrink to 1e-9 of themselves. */
const refinements = 45;

const goldenRatio = (Math.sqrt(5) - 1) / 2;

/**
 * The local extrema of the error on [−1, 1], ends included, ascending in t. The grid is dense towards the ends, as
 * the extrema of best approximations are, and has every kink of f.
 */
export function errorExtrema({ f, kinks, range }: Target, coefficients: Float64Array): ErrorPoint[] {
  const errorAt = (t: number): number =>
    f(range.center + range.halfWidth * t) - evaluatePolynomial('chebyshev', coefficients, t);
  const inside = kinks.map((kink) => (kink - range.center) / range.halfWidth).filter((t) => t > -1 && t < 1);
  return extremaOf(errorAt, errorGrid([-1, 1], coefficients.length, inside));
}

/**
 * What |f − p| does not exceed on the range in double precision: its largest local extremum on a grid that is finer than any
 * exchange needs, and what rounding adds. Clenshaw's recurrence of n + 1 terms rounds by at most 4 (n + 1) u Σ |c_k|
 * (A. Smoktunowicz, BIT 42, 2002), which counts twice here; f rounds its argument, and sums of numbers up to one within.
 */
export function largestError({ f, kinks, range }: Target, coefficients: Float64Array): number {
  const { center, halfWidth } = range;
  const inside = kinks.map((kink) => (kink - center) / halfWidth).filter((t) => t > -1 && t < 1);
  const valueAt = (t: number): number => f(center + halfWidth * t);
  const errorAt = (t: number): number => valueAt(t) - evaluatePolynomial('chebyshev', coefficients, t);
  const grid = errorGrid([-1, 1], Math.max(coefficients.length, statedPoints / gridDensity), inside);
  let [slope, before, last] = [0, grid[0] ?? 0, valueAt(grid[0] ?? 0)];
  for (const t of grid.slice(1)) {
    const value = valueAt(t);
    slope = Math.max(slope, Math.abs(value - last) / (halfWidth * (t - before)));
    [before, last] = [t, value];
  }
  const size = coefficients.reduce((sum, c) => sum + Math.abs(c), 0);
  const ofArgument = slope * (Math.abs(center) + halfWidth);
  const rounding = 4 * roundOff * (2 * coefficients.length * size + ofArgument + 1);
  return extremaOf(errorAt, grid).reduce((most, { error }) => Math.max(most, Math.abs(error)), 0) + rounding;
}

/** The local extrema of an error between the first and the last point of an ascending grid, these included. */
export function extremaOf(errorAt: (t: number) => number, grid: readonly number[]): ErrorPoint[] {
  const errors = grid.map(errorAt);
  const found: ErrorPoint[] = [];
  for (let i = 0; i < grid.length; i++) {
    const error = errors[i] ?? 0;
    const sign = error < 0 ? -1 : 1;
    const before = i === 0 ? -Infinity : sign * (errors[i - 1] ?? 0);
    const after = i === grid.length - 1 ? -Infinity : sign * (errors[i + 1] ?? 0);
    if (before > sign * error || after >= sign * error) continue;
    found.push(
      refine(errorAt, sign, grid[Math.max(i - 1, 0)] ?? 0, { t: grid[i] ?? 0, error }, grid[i + 1] ?? grid.at(-1) ?? 1),
    );
  }
  return found;
}

/** Points of an interval with cosine spacing, enough for polynomials of so many coefficients, and the given ones, ascending. */
export function errorGrid(
  [from, to]: readonly [number, number],
  coefficients: number,
  others: readonly number[],
): number[] {
  const intervals = gridDensity * (coefficients + 1);
  const [center, halfWidth] = [(from + to) / 2, (to - from) / 2];
  const cosines = Array.from({ length: intervals + 1 }, (_, i) => {
    if (i === 0) return from;
    return i === intervals ? to : center - halfWidth * Math.cos((i * Math.PI) / intervals);
  });
  return [...new Set([...cosines, ...others])].sort((a, b) => a - b);
}

/** Golden section search for the largest sign · error between `lo` and `hi`; never worse than `start`. */
function refine(errorAt: (t: number) => number, sign: number, lo: number, start: ErrorPoint, hi: number): ErrorPoint {
  let [a, b] = [lo, hi];
  let best = start;
  let left = b - goldenRatio * (b - a);
  let right = a + goldenRatio * (b - a);
  let atLeft = errorAt(left);
  let atRight = errorAt(right);
  for (let step = 0; step < refinements; step++) {
    if (sign * atLeft > sign * best.error) best = { t: left, error: atLeft };
    if (sign * atRight > sign * best.error) best = { t: right, error: atRight };
    if (sign * atLeft > sign * atRight) {
      b = right;
      [right, atRight] = [left, atLeft];
      left = b - goldenRatio * (b - a);
      atLeft = errorAt(left);
    } else {
      a = left;
      [left, atLeft] = [right, atRight];
      right = a + goldenRatio * (b - a);
      atRight = errorAt(right);
    }
  }
  return best;
}
