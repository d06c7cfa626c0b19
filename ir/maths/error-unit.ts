/** What errors are measured in. */
import { largestAbsolute, median } from './averages.ts';

/**
 * Errors are reported as a fraction of this: the median over samples of the largest absolute output, or 1 where that is
 * zero. For each sample it is given its outputs.
 */
export function errorUnit(samples: readonly Iterable<Float64Array>[]): number {
  const unit = median(samples.map(largestOutput));
  return unit > 0 ? unit : 1;
}

/** The largest absolute element of all outputs of a sample; 0 of none. */
export function largestOutput(outputs: Iterable<Float64Array>): number {
  let largest = 0;
  for (const values of outputs) largest = Math.max(largest, largestAbsolute(values));
  return largest;
}

/** An error that was measured or predicted, as per cent of the unit with two digits. */
export function formatError(error: number): string {
  return asPercent(error, 2);
}

/** An error that is allowed, as it was given. */
export function formatLimit(maxError: number): string {
  return asPercent(maxError, 6);
}

function asPercent(part: number, digits: number): string {
  const percent = Number((100 * part).toPrecision(digits));
  return `${percent !== 0 && percent < 1e-5 ? percent.toExponential() : String(percent)}%`;
}
