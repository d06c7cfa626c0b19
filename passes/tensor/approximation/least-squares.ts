/** Weighted least-squares approximation: small errors where the values are, bounded ones elsewhere on the range. */
import { Matrix, QrDecomposition } from 'ml-matrix';

import { type Approximation, chebyshevRow, type Range, type Target } from './approximation.ts';
import { largestError } from './error-extrema.ts';

/** Equal bins over a range, and how many values fell into each. */
export class Histogram {
  readonly range: Range;
  readonly counts = new Float64Array(histogramBins);

  constructor(range: Range) {
    this.range = range;
  }

  /** What each bin counts for in a fit: its values, and a little, evenly spread over the range. */
  weights(): Float64Array {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    return this.counts.map(
      (count) => (total === 0 ? 0 : ((1 - evenShare) * count) / total) + evenShare / histogramBins,
    );
  }

  /** The middle of each bin. */
  middles(): Float64Array {
    const { center, halfWidth } = this.range;
    return this.counts.map((_, bin) => center + halfWidth * placeOf(bin));
  }

  addAll(values: Float64Array): void {
    const { center, halfWidth } = this.range;
    const last = histogramBins - 1;
    for (const x of values) {
      const bin = Math.floor(((x - center) / halfWidth + 1) * (histogramBins / 2));
      const clamped = Math.min(Math.max(bin, 0), last);
      this.counts[clamped] = (this.counts[clamped] ?? 0) + 1;
    }
  }
}

const histogramBins = 2048;

/** The middle of a bin, in [−1, 1]. */
function placeOf(bin: number): number {
  return (2 * bin + 1) / histogramBins - 1;
}

/**
 * Part of the weight that is spread evenly over the range. The values alone would leave the polynomial free to grow
 * without bound where no calibration sample went.
 */
const evenShare = 0.02;

/** The polynomial of the given degree with the least mean square error over the values of `histogram`. */
export function leastSquares(target: Target, degree: number, histogram: Histogram): Approximation {
  const coefficients = weightedFit(histogram, degree, (x, t) => [t, target.f(x)]);
  return { coefficients, maxError: largestError(target, coefficients) };
}

/**
 * Chebyshev coefficients of the polynomial in u with the least mean square error over the values of `histogram`. `pointOf` gives
 * for the middle x of a bin, and its place t in [−1, 1], the argument u and the value that the polynomial should have.
 */
export function weightedFit(
  histogram: Histogram,
  degree: number,
  pointOf: (x: number, t: number) => readonly [u: number, value: number],
): Float64Array {
  const { center, halfWidth } = histogram.range;
  const rows: number[][] = [];
  const values: number[] = [];
  for (const [bin, weight] of histogram.weights().entries()) {
    const t = placeOf(bin);
    const [u, value] = pointOf(center + halfWidth * t, t);
    const root = Math.sqrt(weight);
    rows.push(chebyshevRow(u, degree).map((each) => root * each));
    values.push(root * value);
  }
  return Float64Array.from(new QrDecomposition(new Matrix(rows)).solve(Matrix.columnVector(values)).to1DArray());
}
