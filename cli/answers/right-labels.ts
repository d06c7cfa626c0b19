/** How many answers are right, where samples come with the labels that they should have. */
import { elementCount } from '../../ir/constant.ts';
import { badUsage } from '../../ir/diagnostics/cli.ts';
import type { Answer, AnswerValue, ModelPort } from '../../ir/interface.ts';
import { indexOfLargest, scorePorts } from '../../ir/interpret/decisions.ts';
import { UsageError } from '../shell/failure.ts';

/**
 * Name of the output that holds the label: the one integer, where there is just one such output, else the scores, where one
 * output alone has them. Undefined for a model that has neither.
 */
export function labelOutput(inputs: readonly ModelPort[], outputs: readonly ModelPort[]): string | undefined {
  const integers = outputs.filter(({ elements, shape }) => elements === 'integer' && elementCount(shape) === 1);
  const reals = outputs.filter(({ elements = 'real', keys }) => elements === 'real' && keys === undefined);
  const [name, ...more] = integers.length > 0 ? integers.map((port) => port.name) : scorePorts(inputs, reals);
  return more.length > 0 ? undefined : name;
}

/** Why `--labels` is refused where there is no such output. */
export function noLabelOutput(command: string): UsageError {
  const reason = '--labels needs answers of one integer, or scores of classes, which this plan does not have';
  return new UsageError([badUsage({ reason, help: `hepc help ${command}` })]);
}

/** Counts them as answers come. */
export class RightLabels {
  private readonly output: string;
  private readonly labels: readonly number[];
  private right = 0;
  private count = 0;

  /** @param output of `labelOutput` @param labels of all samples */
  constructor(output: string, labels: readonly number[]) {
    this.output = output;
    this.labels = labels;
  }

  /** Of the samples that follow those before. */
  add(answers: readonly Answer[]): this {
    for (const answer of answers) if (labelOf(answer.get(this.output)) === this.labels[this.count++]) this.right++;
    return this;
  }

  /** Of the samples, 0 to 1. */
  get share(): number {
    return this.count === 0 ? 0 : this.right / this.count;
  }
}

/** The label itself, or the place of the largest score. */
function labelOf(value: AnswerValue | undefined): number | undefined {
  if (!(value instanceof Float64Array)) return undefined;
  return value.length === 1 ? value[0] : indexOfLargest(value);
}
