/** Measurements as their median and their extremes, in the unit of the measurements. */
import { median } from '../../ir/maths/averages.ts';

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly largest: number;
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), largest: Math.max(...values) };
}
