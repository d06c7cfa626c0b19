/** `fine-tune`: gradient steps on the weights that are left. */
import { z } from 'zod';

import { noTrainer } from '../../ir/diagnostics/pruning/training.ts';
import type { TensorModule } from '../../ir/tensor/ops.ts';
import type { TrainingLoss } from '../../ir/tensor/trainer.ts';
import { replaceWeights } from '../../ir/tensor/weight-layers.ts';
import { defineTrainingPass } from '../base/pass.ts';
import { trainingDataOf } from './statistics/training-data.ts';
import { countZeros, unpruned } from './neurons/zero-weights.ts';

const losses = ['labels', 'reconstruction', 'distillation'] as const;

const options = z.strictObject({
  loss: z.enum(losses).default('distillation'),
  epochs: z.int().min(1).max(10_000).default(5),
  batch: z.int().min(1).max(65_536).default(256),
  learningRate: z.number().positive().default(1e-3),
  seed: z.int().default(0),
  validation: z.number().min(0).lt(1).default(0.1),
  patience: z.int().min(1).default(3),
});

export const fineTune = defineTrainingPass({
  name: 'fine-tune',
  level: 'tensor',
  lossy: true,
  doc:
    'Trains the weights that are not zero, and all biases, by Adam in batches, with a learning rate that falls to zero by ' +
    'a cosine; weights that are zero stay zero. The loss is the cross-entropy of labels, for an autoencoder the squared ' +
    'error of its reconstruction, or the squared difference from what the module computes with everything put back that ' +
    'pruning took out (distillation, which needs no labels). A share `validation` of the samples is held out: the weights ' +
    'with the least loss on it are kept, those before the training among them, and training ends after `patience` epochs ' +
    'without a smaller one. With nothing held out the last weights are kept. Deterministic by `seed`. Activations stay as ' +
    'they are; weights become single precision.',
  options,
  requires: [],
  ensures: [],
  statistics: {
    epochs: 'passes over the samples',
    trained: 'weights that are not zero',
    trainingLoss: 'mean loss of the last pass over the samples',
  },
  train: async (module, { loss, ...settings }, context) => {
    const unchanged = { module, statistics: { epochs: 0, trained: 0, trainingLoss: 0 } };
    const { trainer, report } = context;
    const data = trainingDataOf('fine-tune', module, context);
    if (trainer === undefined) report(noTrainer({ pass: 'fine-tune' }));
    if ('code' in data) report(data);
    if (trainer === undefined || 'code' in data) return unchanged;
    let epochs = 0;
    let trainingLoss = 0;
    const layers = await trainer.train(module, data, {
      ...settings,
      loss: lossOf(loss, module),
      onEpoch: (epoch) => {
        epochs = epoch.epoch;
        trainingLoss = epoch.trainingLoss;
      },
    });
    const { weights, zeros } = countZeros(module);
    const statistics = { epochs, trained: weights - zeros, trainingLoss };
    return { module: replaceWeights(module, layers), statistics };
  },
});

function lossOf(kind: (typeof losses)[number], module: TensorModule): TrainingLoss {
  return kind === 'distillation' ? { kind, teacher: unpruned(module) } : { kind };
}
