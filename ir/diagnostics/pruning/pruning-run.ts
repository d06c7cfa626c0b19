/** Diagnostics of pruning a model from beginning to end: samples, budgets, what there is to prune. */
import { defineDiagnostic } from '../diagnostic.ts';

/** Which of the user's samples a diagnostic is about. */
export type SampleSet = 'training' | 'held-out';

export const severalInputs = defineDiagnostic<{ count: number }>({
  code: 'H370',
  severity: 'error',
  title: 'pruning takes models of one input',
  explain:
    'Pruning measures and recovers losses on samples, and the trainer feeds one input. Models of several inputs can be ' +
    'pruned by other tools: the compiler leaves out what is zero in any model.',
  message: ({ count }) => `the model has ${count} inputs, pruning needs a model of one`,
  notes: () => ['join the inputs into one, and split it inside of the model'],
});

export const labelsOutOfRange = defineDiagnostic<{
  set?: SampleSet;
  label: number;
  sample: number;
  classes: number;
}>({
  code: 'H371',
  severity: 'error',
  title: 'a label is no output of the model',
  explain:
    'Labels are the index of the output that should be the largest: integers from 0 to the number of outputs − 1.',
  message: ({ set, label, sample, classes }) =>
    `label ${label} of ${set === undefined ? '' : `${set} `}sample ${sample} is outside of 0 to ${classes - 1}, the outputs of the model`,
  notes: () => ['give the class of every sample in `y`, counted from 0, or leave `y` out to prune without labels'],
});

export const labelsInOneOnly = defineDiagnostic<Record<string, never>>({
  code: 'H376',
  severity: 'error',
  title: 'labels in the training samples or the held-out ones only',
  explain:
    'Losses are measured on the held-out samples as they are made small on the others: by labels in both, or in none.',
  message: () => 'only one of the training samples and the held-out samples has labels',
  notes: () => ['give `y` in both files, or in neither'],
});

export const labelCount = defineDiagnostic<{ set: SampleSet; labels: number; samples: number }>({
  code: 'H377',
  severity: 'error',
  title: 'not one label for each sample',
  explain: 'Labels are one integer for each sample, in the order of the samples, or none at all.',
  message: ({ set, labels, samples }) => `there are ${labels} labels for ${samples} ${set} samples`,
  notes: () => ['give one label for each sample, or none to prune without labels'],
});

export const nothingToPrune = defineDiagnostic<{ reason: string }>({
  code: 'H372',
  severity: 'error',
  title: 'the model has nothing to prune',
  explain:
    'Pruning sets weights of dense, convolution and sparse layers to zero. A model without such layers, or whose layers ' +
    'have a single row, has none that could go.',
  message: ({ reason }) => `nothing can be pruned: ${reason}`,
  notes: () => ['compile the model as it is'],
});

export const budgetNotMet = defineDiagnostic<{ metric: string; least: number; budget: number; policy: string }>({
  code: 'H373',
  severity: 'error',
  title: 'no pruned model keeps the loss budget',
  explain:
    'Every model that was tried loses more on the held-out samples than --max-degradation allows, after recovery. The ' +
    'least that any lost is in the message.',
  message: ({ metric, least, budget, policy }) =>
    `the ${metric} degrades by ${least.toPrecision(3)} at least (${policy}), allowed is ${budget}`,
  notes: () => [
    'raise --max-degradation, lower --sparsity, or recover longer with --epochs',
    'give more training samples: those that are held out measure the loss, the others recover it',
  ],
});

export const tooFewSamples = defineDiagnostic<{ count: number; least: number }>({
  code: 'H374',
  severity: 'error',
  title: 'too few samples to prune by',
  explain:
    'A fifth of the samples is held out to measure the loss, the others recover it. With only a few of them neither says ' +
    'anything about other inputs.',
  message: ({ count, least }) => `${count} samples are too few, pruning needs at least ${least}`,
  notes: () => ['give the training set, or a few thousand samples of it, with --data'],
});

export const badPruneOption = defineDiagnostic<{ option: string; value: number; expected: string }>({
  code: 'H375',
  severity: 'error',
  title: 'an option of pruning is out of range',
  explain: 'Options of the library come as numbers; each says what it takes.',
  message: ({ option, value, expected }) => `${option} is ${value}, expected ${expected}`,
});

export const nothingSaved = defineDiagnostic<{ policy: string; sparsity: number; tiles: number; weights: number }>({
  code: 'H378',
  severity: 'warning',
  title: 'pruning saved nothing',
  explain:
    'A plan gets cheaper by whole tiles, rotations and ciphertexts. In latency mode a tile often holds thousands of weights; ' +
    'of single weights most have to go before one of them is empty, and what shares a tile with a survivor is restored for ' +
    'nothing by P3E and P4E.',
  message: ({ policy, sparsity, tiles, weights }) =>
    `${policy} at ${sparsity} leaves all ${tiles} weight tiles of the plan alive, which hold ${weights} weights each on the average`,
  notes: () => [
    'prune neurons (`P2:Lc/Err/Neu`) or whole tiles (`P3T`), or let `auto` search',
    'more sparsity empties tiles as well',
  ],
});
