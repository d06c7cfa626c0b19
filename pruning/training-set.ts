/** The user's samples as training sees them: one block of floats, a share held out, a few hundred for closed forms. */
import { elementCount } from '../ir/constant.ts';
import { nonFiniteValue } from '../ir/diagnostics/data.ts';
import { type Diagnostic, HepcError, InternalError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import {
  labelCount,
  labelsInOneOnly,
  labelsOutOfRange,
  type SampleSet,
  severalInputs,
  tooFewSamples,
} from '../ir/diagnostics/pruning/pruning-run.ts';
import { missingInput, wrongInputLength } from '../ir/diagnostics/samples.ts';
import { seededRandom } from '../ir/random.ts';
import type { TensorModule, TensorNode } from '../ir/tensor/ops.ts';
import type { TrainingData } from '../ir/tensor/trainer.ts';
import type { Sample } from '../ir/interface.ts';

export interface TrainingSet {
  /** What is trained on. */
  readonly training: TrainingData;
  /** What losses are measured on. */
  readonly heldOut: TrainingData;
  /** Some of the training samples, in double precision, for passes that solve. */
  readonly few: readonly Sample[];
  readonly fewLabels: Int32Array | undefined;
}

/** Samples that closed forms and second moments are taken over. */
const closedFormSamples = 1024;

/** Of the samples, at most. */
const heldOutShare = 0.2;

/** Held-out samples beyond which losses are known well enough. */
const mostHeldOut = 10_000;

/** Samples with the class of each, where the user gave any. */
export interface LabelledSamples {
  readonly samples: readonly Sample[];
  readonly labels?: readonly number[] | undefined;
}

/**
 * Shuffles the samples by `seed` and holds a fifth of them out, unless `heldOut` are given: samples that the model was
 * not trained on, which say more. Throws `HepcError` for a module of several inputs, samples that do not fit its
 * input or are not finite, labels that are no index of an output, and labels in one of both only.
 */
export function trainingSet(
  module: TensorModule,
  data: LabelledSamples,
  heldOut: LabelledSamples | undefined,
  seed: number,
): TrainingSet {
  const inputs = module.nodes.filter((node) => node.op === 'input');
  const [input] = inputs;
  if (input === undefined) throw new InternalError('a module without inputs');
  if (inputs.length > 1) throw new HepcError([severalInputs({ count: inputs.length })]);
  throwIfErrors([
    ...problemsOf(module, input, data, 'training'),
    ...(heldOut === undefined ? [] : problemsOf(module, input, heldOut, 'held-out')),
    ...(heldOut !== undefined && (heldOut.labels === undefined) !== (data.labels === undefined)
      ? [labelsInOneOnly({})]
      : []),
  ]);
  const order = seededRandom(seed).fork('held-out samples').permutation(data.samples.length);
  const held = heldOut === undefined ? Math.min(mostHeldOut, Math.max(1, Math.floor(heldOutShare * order.length))) : 0;
  const few = order.subarray(held, held + closedFormSamples);
  const { name } = input.attrs;
  const size = elementCount(input.type);
  const block = (from: LabelledSamples, chosen: Int32Array) => trainingData(from, chosen, name, size);
  return {
    training: block(data, order.subarray(held)),
    heldOut:
      heldOut === undefined
        ? block(data, order.subarray(0, held))
        : block(heldOut, Int32Array.from(heldOut.samples.keys())),
    few: Array.from(few, (k) => data.samples[k] ?? new Map<string, Float64Array>()),
    fewLabels: data.labels === undefined ? undefined : few.map((k) => data.labels?.[k] ?? 0),
  };
}

function trainingData(
  { samples, labels }: LabelledSamples,
  chosen: Int32Array,
  name: string,
  size: number,
): TrainingData {
  const inputs = new Float32Array(chosen.length * size);
  for (const [i, k] of chosen.entries()) inputs.set(samples[k]?.get(name) ?? [], i * size);
  return { inputs, count: chosen.length, ...(labels !== undefined && { labels: chosen.map((k) => labels[k] ?? 0) }) };
}

/** The first problem of each kind. */
function problemsOf(
  module: TensorModule,
  { attrs: { name: input }, type: expected }: Extract<TensorNode, { readonly op: 'input' }>,
  { samples, labels }: LabelledSamples,
  set: SampleSet,
): Diagnostic[] {
  if (samples.length === 0) return [tooFewSamples({ count: 0, least: 1 })];
  const problems: Diagnostic[] = [];
  for (const [sample, values] of samples.entries()) {
    const own = values.get(input);
    const bad = own?.findIndex((value) => !Number.isFinite(value)) ?? -1;
    if (own === undefined) problems.push(missingInput({ input, sample, found: [...values.keys()] }));
    else if (own.length !== elementCount(expected))
      problems.push(wrongInputLength({ input, sample, expected, got: own.length }));
    else if (bad !== -1) problems.push(nonFiniteValue({ array: input, index: [sample, bad], value: own[bad] ?? NaN }));
    if (problems.length > 0) break;
  }
  if (labels === undefined) return problems;
  if (labels.length !== samples.length)
    problems.push(labelCount({ set, labels: labels.length, samples: samples.length }));
  const output = module.nodes.find((node) => node.op === 'output');
  const classes = elementCount(output?.type ?? []);
  const bad = labels.findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes);
  if (bad !== -1) problems.push(labelsOutOfRange({ set, label: labels[bad] ?? NaN, sample: bad, classes }));
  return problems;
}
