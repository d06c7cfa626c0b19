/** What a summary says of the accuracy of a plan. */
import { formatError, formatLimit } from '../../ir/maths/error-unit.ts';
import type { KeptAccuracy } from '../../ir/plan/kept-accuracy.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import type { SearchReport } from '../../ir/plan/search-report.ts';
import { formatPercent } from './units.ts';

/** The predicted error, and the labels that are kept where a model gives any. */
export function describeAccuracy(
  { predictedMaxError, maxError, synthetic }: ClientPart,
  search: SearchReport | undefined,
): (readonly [string, string])[] {
  const accuracy = search?.accuracy;
  const isCut = accuracy !== undefined && accuracy.samples < accuracy.of;
  const on = isCut ? `, on ${accuracy.samples} of ${accuracy.of} samples` : '';
  return [
    ['predicted error', `${formatError(predictedMaxError)} of at most ${formatLimit(maxError)}${on}`],
    ...(accuracy === undefined || synthetic ? [] : describeLabels(accuracy)),
  ];
}

/** Nothing where a model gives no labels. */
export function describeLabels({ labelsKept, samples }: KeptAccuracy): (readonly [string, string])[] {
  return labelsKept === undefined ? [] : [['same labels', `${formatPercent(labelsKept)} of ${samples} samples`]];
}
