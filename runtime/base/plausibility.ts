/**
 * Warnings about samples and answers that are unlike those of calibration: what a client can notice of answers that will be,
 * or are, wrong, although every value is within the range of the plan. Nothing for plans that keep no calibration.
 */
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { unlikeAnswer, unlikeSample } from '../../ir/diagnostics/plan.ts';
import type { Sample } from '../../ir/interface.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';
import { inputStatistics, statisticsOf, tolerated, toleratedAnswer } from '../../ir/plan/calibration.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';

type Part = Pick<ClientPart, 'calibration' | 'maxError'>;

/** H511 for each input of each sample that is unlike them; `first` is the number of the first sample. */
export function unlikeSamples({ calibration }: Part, samples: readonly Sample[], first = 0): Diagnostic[] {
  if (calibration === undefined) return [];
  return samples.flatMap((sample, k) =>
    calibration.inputs.flatMap((input) => {
      const values = sample.get(input.name);
      if (values === undefined) return [];
      const found = statisticsOf(values);
      const unlike = inputStatistics.flatMap((statistic) => {
        const [least, most] = tolerated(input, statistic, values.length);
        const figure = found[statistic];
        return figure >= least && figure <= most ? [] : [{ statistic, figure, range: input[statistic] }];
      });
      return unlike.length === 0 ? [] : [unlikeSample({ input: input.name, sample: first + k, unlike })];
    }),
  );
}

/** H512 for each output of each answer that is larger than they were; `first` is the number of the first answer. */
export function unlikeAnswers({ calibration, maxError }: Part, answers: readonly Sample[], first = 0): Diagnostic[] {
  if (calibration === undefined) return [];
  return answers.flatMap((answer, k) =>
    calibration.outputs.flatMap((output) => {
      const figure = largestAbsolute(answer.get(output.name) ?? new Float64Array());
      if (figure <= toleratedAnswer(output, maxError)) return [];
      return [unlikeAnswer({ output: output.name, sample: first + k, figure, largest: output.largest })];
    }),
  );
}
