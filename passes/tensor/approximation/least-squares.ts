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

/**
 * Part of the weight that is spread evenly over the range. The values alone would leave the polynomial free to grow
 * without bound where no calibration sample went.
 */
export const evenShare = 0.02;

/** The polynomial of the given degree with the least mean square error over the values of `histogram`. */
export function leastSquares(target: Target, degree: number, histogram: Histogram): Approximation {
  const { f, range } = target;
  const { counts } = histogram;
  const total = counts.reduce((sum, count) => sum + count, 0);
  const rows: number[][] = [];
  const values: number[] = [];
  for (let bin = 0; bin < counts.length; bin++) {
    const measured = total === 0 ? 0 : ((1 - evenShare) * (counts[bin] ?? 0)) / total;
    const weight = Math.sqrt(measured + evenShare / counts.length);
    const t = (2 * bin + 1) / counts.length - 1;
    rows.push(chebyshevRow(t, degree).map((value) => weight * value));
    values.push(weight * f(range.center + range.halfWidth * t));
  }
  const solution = new QrDecomposition(new Matrix(rows)).solve(Matrix.columnVector(values)).to1DArray();
  const coefficients = Float64Array.from(solution);
  return { coefficients, maxError: largestError(target, coefficients) };
}
