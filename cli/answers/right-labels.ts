/** How many answers are right, where samples come with the labels that they should have. */
import { elementCount } from '../../ir/constant.ts';
import type { Answer, AnswerValue, ModelPort } from '../../ir/interface.ts';
import { indexOfLargest } from '../../ir/interpret/decisions.ts';

/** Shares of samples, 0 to 1. */
export interface RightLabels {
  readonly plan: number;
  readonly model: number;
}

export interface LabelledAnswers {
  /** To the same samples. */
  readonly plan: readonly Answer[];
  readonly model: readonly Answer[];
  readonly labels: readonly number[];
}

/**
 * The label of an answer is its one integer, where there is just one such output, else the place of the largest score, where
 * one output alone has scores: `scores` are the names of those. Undefined for answers that have neither.
 */
export function rightLabels(
  outputs: readonly ModelPort[],
  scores: readonly string[],
  { plan, model, labels }: LabelledAnswers,
): RightLabels | undefined {
  const integers = outputs.filter(({ elements, shape }) => elements === 'integer' && elementCount(shape) === 1);
  const [name, ...more] = integers.length > 0 ? integers.map((port) => port.name) : scores;
  if (name === undefined || more.length > 0 || labels.length === 0) return undefined;
  const share = (answers: readonly Answer[]): number =>
    labels.filter((label, k) => labelOf(answers[k]?.get(name)) === label).length / labels.length;
  return { plan: share(plan), model: share(model) };
}

function labelOf(value: AnswerValue | undefined): number | undefined {
  if (!(value instanceof Float64Array)) return undefined;
  return value.length === 1 ? value[0] : indexOfLargest(value);
}
