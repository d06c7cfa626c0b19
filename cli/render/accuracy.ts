/** What a summary says of the accuracy of a plan. */
import { formatError, formatLimit } from '../../ir/maths/error-unit.ts';
import type { AccuracyReport } from '../../ir/plan/accuracy-report.ts';
import type { KeptAccuracy } from '../../ir/plan/kept-accuracy.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { SearchReport } from '../../ir/plan/search-report.ts';
import { formatPercent } from './units.ts';

/** The predicted error, and the labels that are kept where a model gives any. */
export function describeAccuracy(
  { predictedMaxError, maxError, synthetic }: ClientPart,
  search: SearchReport | undefined,
  report: AccuracyReport | undefined,
): (readonly [string, string])[] {
  const accuracy = search?.accuracy;
  const isCut = accuracy !== undefined && accuracy.samples < accuracy.of;
  const on = isCut ? `, on ${accuracy.samples} of ${accuracy.of} samples` : '';
  return [
    ['predicted error', `${formatError(predictedMaxError)} of at most ${formatLimit(maxError)}${on}`],
    ...(accuracy === undefined || synthetic ? [] : describeLabels(accuracy)),
    ...(report === undefined || synthetic ? [] : describeDecisions(report)),
  ];
}

/** Nothing where a model gives no labels. */
export function describeLabels({ labelsKept, samples }: KeptAccuracy): (readonly [string, string])[] {
  return labelsKept === undefined ? [] : [['same labels', `${formatPercent(labelsKept)} of ${samples} samples`]];
}

/** Nothing where a plan compares nothing. */
export function describeDecisions({ activations }: Pick<AccuracyReport, 'activations'>): (readonly [string, string])[] {
  const all = activations.flatMap(({ decisions }) => decisions ?? []);
  const [made, unclear] = [all.map((each) => each.made), all.map((each) => each.unclear)].map((counts) =>
    counts.reduce((sum, count) => sum + count, 0),
  );
  if (made === undefined || unclear === undefined || made === 0) return [];
  const share = formatPercent(unclear / made);
  return [
    ['close decisions', `${share} of ${made.toLocaleString('en-US')} on samples, within the margin of a comparison`],
  ];
}
