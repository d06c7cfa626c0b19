/** What a plan's file says of its accuracy. */
import type { KeptAccuracy } from '../ir/plan/kept-accuracy.ts';
import { changedDecisions } from './parameters/reference.ts';
import type { Prediction } from './parameters/simulate.ts';
import type { Settings } from './settings.ts';
import type { SimplifiedNetwork } from './simplify.ts';

/** What is left above the predicted error where nobody says how large errors may be. */
const freeMargin = 1.1;

/** The error that a plan promises to keep: the allowed one, or where only labels count, a little above the predicted one. */
export function limitOf({ maxError, isErrorFree }: Settings, predictedError: number): number {
  return isErrorFree ? Math.min(maxError, roundedUp(freeMargin * predictedError)) : maxError;
}

/** The next number of two digits. */
export function roundedUp(error: number): number {
  const step = 10 ** (Math.floor(Math.log10(error)) - 1);
  // Through a decimal text, so that it is the number that an option would give.
  return Number((Math.ceil(error / step - 1e-9) * step).toPrecision(2));
}

export function keptAccuracy(
  { reference, clear, standIns }: SimplifiedNetwork,
  { noise }: Prediction,
  { seed }: Settings,
): KeptAccuracy {
  const { rows, samples, decisions } = reference;
  return {
    samples: rows.length,
    of: samples,
    approximationError: clear.errors.largest,
    noise,
    degrees: standIns.map(({ degree }) => degree),
    depths: standIns.map(({ depth }) => depth),
    ...(decisions.exist && { labelsKept: 1 - changedDecisions(reference, clear, { noise, seed }) }),
  };
}
