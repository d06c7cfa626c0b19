/** Options of `hepc prune`, and of `hepc compile --prune`. */
import { recoveries } from '../../../pruning/recovery.ts';
import { option } from '../../parsing/command.ts';
import { amount, choice, positive, samplesHelp, share, text, wholeNumber } from '../../parsing/option-values.ts';

export const policyHelp =
  'SCHEME[:scope/criterion/target][:threshold], such as P4E:Gl/L1/Wei:0.0625, or auto, which searches for the cheapest plan ' +
  'within --max-degradation';

/** Where `compile` and `prune` are not told. */
export const pruningDefaults = { epochs: 10, learningRate: 2e-3, seed: 1 };

/** Without defaults, so that `compile` can tell those that are given without `--prune`. */
export const pruningOptions = {
  data: option(text, { doc: `training ${samplesHelp}; y holds labels where there are any`, value: 'TRAIN.npz' }),
  labels: option(text.optional(), { doc: 'labels of --data, where it has none: one for each sample', value: 'Y' }),
  heldOut: option(text.optional(), {
    doc: 'samples to measure losses on that the model was not trained on; otherwise a fifth of --data',
    value: 'TEST.npz',
  }),
  sparsity: option(share().optional(), {
    doc: 'share of weights, neurons or (P2T, P3T) tiles that go; not for auto',
    value: 'S',
  }),
  maxDegradation: option(amount(1e6).optional(), {
    doc: 'most that may be lost on held-out samples: relative rise of an error, or share of right answers, such as 0.005',
    value: 'X',
  }),
  epochs: option(wholeNumber(0, 10_000).optional(), {
    doc: `passes over the samples to recover; ${pruningDefaults.epochs} unless told, 0 for the closed form alone`,
    value: 'N',
  }),
  recoverBy: option(choice(recoveries).optional(), {
    doc: 'what gradients make small: the loss that is measured (metric, unless told), the difference from the unpruned model, which needs no labels (distillation), or both',
    value: 'LOSS',
  }),
  learningRate: option(positive(1).optional(), {
    doc: `learning rate of Adam, falling by a cosine; ${pruningDefaults.learningRate} unless told`,
    value: 'L',
  }),
  seed: option(wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(), {
    doc: `seed of everything that is random; ${pruningDefaults.seed} unless told`,
    value: 'N',
  }),
};
