/** The counts of a plan beside those that the tests hold it to. */
import type { PlanStatistics } from '../ir/plan/plan.ts';
import { countsOf, readGoldenCounts } from '../test/support/golden-counts.ts';
import type { BenchModel } from './models.ts';

export interface CountDifference {
  readonly statistic: string;
  readonly got: string;
  readonly golden: string;
}

/** Undefined for a model without a golden. */
export function differencesFromGolden(
  { name, goldens }: BenchModel,
  statistics: PlanStatistics,
): CountDifference[] | undefined {
  const golden = readGoldenCounts(goldens)[name];
  if (golden === undefined) return undefined;
  const counts = countsOf(statistics);
  return [...new Set([...Object.keys(counts), ...Object.keys(golden)])]
    .map((statistic) => ({ statistic, got: textOf(counts[statistic]), golden: textOf(golden[statistic]) }))
    .filter(({ got, golden: expected }) => got !== expected);
}

function textOf(count: number | readonly number[] | undefined): string {
  return typeof count === 'object' ? count.join('+') : String(count ?? 'none');
}
