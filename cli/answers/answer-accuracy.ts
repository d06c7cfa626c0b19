/** How far the answers of a plan are from those of the model itself, labels and all. */
import { continuousOutputs } from '../../ir/client/continuous.ts';
import type { Answer, AnswerValue, ClientSample, ClientValue, Sample } from '../../ir/interface.ts';
import type { ClientSteps } from '../../ir/client/steps.ts';
import { TensorInterpreter } from '../../ir/interpret/tensor.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import { type Accuracy, measureAccuracy } from './accuracy.ts';
import type { PlanRun } from './run-plan.ts';

export interface AnswerAccuracy extends Accuracy {
  /** The part of samples all of whose labels, places and the like are those of the model; absent where it gives none. */
  readonly labelAgreement?: number;
}

/**
 * Of answers against `expected`, the model's own. Errors are measured on the outputs that follow continuously from what was
 * decrypted; where there are none, on that, against the network in the clear.
 */
export function measureAnswers(
  { post }: ClientSteps,
  { answers, encrypted, decrypted }: PlanRun,
  expected: readonly ClientSample[],
  network: TensorModule,
): AnswerAccuracy {
  if (post === undefined) return measureAccuracy(decrypted, expected.map(onlyNumbers));
  const continuous = continuousOutputs(post);
  const labelAgreement = agreement(answers, expected, (name) => !continuous.has(name));
  const interpreter = new TensorInterpreter(network);
  const scores =
    continuous.size > 0
      ? measureAccuracy(
          answers.map((answer) => picked(answer, continuous)),
          expected.map((own) => picked(own, continuous)),
        )
      : measureAccuracy(
          decrypted,
          encrypted.map((sample) => interpreter.evaluate(sample)),
        );
  return { ...scores, ...(labelAgreement === undefined ? {} : { labelAgreement }) };
}

/** The part of samples whose outputs among those that `counts` are the same; undefined where there are none. */
function agreement(
  answers: readonly Answer[],
  expected: readonly ClientSample[],
  counts: (name: string) => boolean,
): number | undefined {
  const names = [...(expected[0]?.keys() ?? [])].filter(counts);
  if (names.length === 0) return undefined;
  const agreeing = expected.filter((own, k) =>
    names.every((name) => isSame(answers[k]?.get(name), own.get(name))),
  ).length;
  return agreeing / expected.length;
}

function isSame(got: AnswerValue | undefined, expected: ClientValue | undefined): boolean {
  if (got === undefined || expected === undefined) return false;
  const list = listOf(got);
  return list.length === expected.length && list.every((item, i) => item === expected[i]);
}

function picked(values: Answer, names: ReadonlySet<string>): Sample {
  return onlyNumbers(new Map([...values].filter(([name]) => names.has(name))));
}

function onlyNumbers(values: Answer): Sample {
  return new Map(Array.from(values, ([name, value]) => [name, Float64Array.from(listOf(value), Number)]));
}

/** The elements, of a map its values. */
function listOf(value: AnswerValue): readonly (number | string)[] {
  return Array.from<number | string>(value instanceof Map ? value.values() : (value as ArrayLike<number | string>));
}
