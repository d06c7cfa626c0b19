/** How far answers are from those of the model itself. */
import { indexOfLargest } from '../../ir/interpret/decisions.ts';
import { errorUnit } from '../../ir/maths/error-unit.ts';
import type { Sample } from '../../ir/interface.ts';

export interface Accuracy {
  /** Largest and mean absolute error, as fractions of the median over samples of the largest absolute output. */
  readonly maxError: number;
  readonly meanError: number;
  /**
   * The part of samples whose largest element is the same, over all outputs that have several; absent where there is
   * no such output.
   */
  readonly argmaxAgreement?: number;
}

/** `got` and `expected` hold the same samples; an output that is missing in `got` counts as infinitely wrong. */
export function measureAccuracy(got: readonly Sample[], expected: readonly Sample[]): Accuracy {
  const unit = errorUnit(expected.map((outputs) => outputs.values()));
  let largest = 0;
  let total = 0;
  let values = 0;
  let agreeing = 0;
  let compared = 0;
  for (const [k, outputs] of expected.entries()) {
    for (const [name, exact] of outputs) {
      const own = got[k]?.get(name) ?? new Float64Array(exact.length).fill(Infinity);
      exact.forEach((value, i) => {
        const error = Math.abs(value - (own[i] ?? Infinity));
        largest = Math.max(largest, error);
        total += error;
      });
      values += exact.length;
      if (exact.length < 2) continue;
      compared++;
      if (indexOfLargest(own) === indexOfLargest(exact)) agreeing++;
    }
  }
  return {
    maxError: largest / unit,
    meanError: values === 0 ? 0 : total / values / unit,
    ...(compared === 0 ? {} : { argmaxAgreement: agreeing / compared }),
  };
}
