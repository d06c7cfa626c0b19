/** Diagnostics H364 to H369: training, and writing modules as ONNX. */
import { defineDiagnostic } from '../diagnostic.ts';

export const noTrainer = defineDiagnostic<{ pass: string }>({
  code: 'H366',
  severity: 'error',
  title: 'there is nothing that can train',
  explain:
    'Passes that train weights ask whoever runs them for a trainer. The command line and `pruneModel` have one; a pipeline ' +
    'of your own has to give one to its pass manager.',
  message: ({ pass }) => `${pass} trains weights, and was run without a trainer`,
  notes: () => ['give the pass manager a trainer: `createTrainer()` of `training/trainer.ts`'],
});

export const labelsMissing = defineDiagnostic<{ count: number }>({
  code: 'H367',
  severity: 'error',
  title: 'training by labels needs a label for every sample',
  explain:
    'The cross-entropy of labels compares the outputs with the class of each sample: the index of the output that should ' +
    'be the largest.',
  message: ({ count }) => `training by labels needs the classes of ${count} samples, none are given`,
  notes: () => [
    'give the class of every sample in the array `y`',
    'without labels train with the loss `distillation`, or, an autoencoder, with `reconstruction`',
  ],
});

export const lossNotFinite = defineDiagnostic<{ step: number; of: number; learningRate: number }>({
  code: 'H368',
  severity: 'error',
  title: 'the loss is no longer a finite number',
  explain:
    'A gradient step that is too long leads to weights whose outputs are larger still, until they overflow. Activations ' +
    'that are polynomials grow fast outside of the range that they were fitted on, so that this happens sooner than with ' +
    'the activations that they stand for.',
  message: ({ step, of, learningRate }) =>
    `the loss is not finite after step ${step} of ${of}, with a learning rate of ${learningRate}`,
  notes: ({ learningRate }) => [`lower the learning rate, to ${learningRate / 10} for instance`],
});

export const layerTooLarge = defineDiagnostic<{ rows: number; columns: number; limit: number }>({
  code: 'H369',
  severity: 'error',
  title: 'a sparse layer is too large to be written as a matrix',
  explain:
    'ONNX has no operator for a sparse matrix, so a layer that hepc keeps as one (a transposed convolution, for instance, ' +
    'or pools merged with what follows) is trained and written with its zeros. That is bounded.',
  message: ({ rows, columns, limit }) =>
    `a sparse layer from ${columns} to ${rows} elements has more than ${limit} entries with its zeros`,
  notes: () => ['reduce the resolution or the number of channels of this layer'],
});

export const targetMismatch = defineDiagnostic<{ outputs: number; target: string; expected: number }>({
  code: 'H364',
  severity: 'error',
  title: 'the outputs cannot be compared with what they are trained for',
  explain:
    'An autoencoder has as many outputs as inputs, a distilled model as many as its teacher, and a classifier one output ' +
    'array with an entry for each class.',
  message: ({ outputs, target, expected }) => `the model has ${outputs} outputs, ${target} has ${expected}`,
  notes: () => ['choose another loss: `labels`, `reconstruction` or `distillation`'],
});

export const noTrainingSamples = defineDiagnostic<{ count: number; validation: number }>({
  code: 'H365',
  severity: 'error',
  title: 'no samples are left to train on',
  explain: 'A share of the samples is held out to see when training should end; the others are trained on.',
  message: ({ count, validation }) =>
    `of ${count} samples none are left to train on, with a share of ${validation} held out`,
  notes: () => ['give more samples, or hold out a smaller share'],
});
