/** Options of `hepc prune`, and of `hepc compile --prune`. */
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { parsePolicy, type Policy } from '../../../pruning/policy.ts';
import type { PruneOptions } from '../../../pruning/prune-options.ts';
import { recoveries, type RecoverBy } from '../../../pruning/recovery.ts';
import { createTrainer } from '../../../training/trainer.ts';
import { kebabCase, option } from '../../shell/command.ts';
import { UsageError } from '../../shell/failure.ts';
import { amount, choice, positive, samplesHelp, share, text, wholeNumber } from '../../shell/option-values.ts';
import type { Progress } from '../../shell/progress.ts';
import { describePoint } from '../../render/pruning.ts';

export const policyHelp =
  'SCHEME[:scope/criterion/target][:threshold], such as P4E:Gl/L1/Wei:0.0625, or auto, which searches for the cheapest plan ' +
  'within --max-degradation';

const defaults = { epochs: 10, learningRate: 2e-3, seed: 1 };

/** Without defaults, so that `compile` can tell those that are given without `--prune`. */
export const pruningOptions = {
  data: option(text, { doc: `training ${samplesHelp}; y holds labels where there are any`, value: 'TRAIN.npz' }),
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
    doc: `passes over the samples to recover; ${defaults.epochs} unless told, 0 for the closed form alone`,
    value: 'N',
  }),
  recoverBy: option(choice(recoveries).optional(), {
    doc: 'what gradients make small: the loss that is measured (metric, unless told), the difference from the unpruned model, which needs no labels (distillation), or both',
    value: 'LOSS',
  }),
  learningRate: option(positive(1).optional(), {
    doc: `learning rate of Adam, falling by a cosine; ${defaults.learningRate} unless told`,
    value: 'L',
  }),
  seed: option(wholeNumber(0, Number.MAX_SAFE_INTEGER).optional(), {
    doc: `seed of everything that is random; ${defaults.seed} unless told`,
    value: 'N',
  }),
};

export interface PruningOptionValues {
  readonly heldOut?: string | undefined;
  readonly sparsity?: number | undefined;
  readonly maxDegradation?: number | undefined;
  readonly recoverBy?: RecoverBy | undefined;
  readonly epochs?: number | undefined;
  readonly learningRate?: number | undefined;
  readonly seed?: number | undefined;
}

/**
 * Whether the options are those that the policy needs; without a policy there must be none. Throws `UsageError` where
 * they are not, and `HepcError` (H343) for a policy that cannot be read.
 */
export function checkPruningOptions(policy: string | undefined, values: PruningOptionValues, command: string): void {
  const reasons = policy === undefined ? withoutPolicy(values) : withPolicy(parsePolicy(policy), values);
  const help = `hepc help ${command}`;
  if (reasons.length > 0) throw new UsageError(reasons.map((reason) => badUsage({ reason, help })));
}

function withoutPolicy(values: PruningOptionValues): string[] {
  const names = ['heldOut', 'sparsity', 'maxDegradation', 'recoverBy', 'epochs', 'learningRate', 'seed'] as const;
  return names.filter((name) => values[name] !== undefined).map((name) => `--${kebabCase(name)} needs --prune`);
}

function withPolicy({ scheme }: Policy, { sparsity, maxDegradation }: PruningOptionValues): string[] {
  const isSearch = scheme === 'auto';
  return [
    ...(isSearch && maxDegradation === undefined ? ['auto needs --max-degradation, which it searches within'] : []),
    ...(isSearch && sparsity !== undefined ? ['auto takes no --sparsity, it follows from --max-degradation'] : []),
    ...(!isSearch && sparsity === undefined ? [`${scheme} needs --sparsity, it says how but not how much`] : []),
  ];
}

/** What `pruneModel` takes beside model, samples and policy. */
export function pruneOptionsOf(
  values: PruningOptionValues,
  progress: Progress,
  remark: (text: string) => void,
): Pick<
  PruneOptions,
  | 'sparsity'
  | 'maxDegradation'
  | 'recoverBy'
  | 'epochs'
  | 'learningRate'
  | 'seed'
  | 'trainer'
  | 'onStep'
  | 'onEpoch'
  | 'onPoint'
> {
  const { sparsity, maxDegradation, recoverBy = 'metric' } = values;
  const { epochs = defaults.epochs, learningRate = defaults.learningRate, seed = defaults.seed } = values;
  return {
    sparsity,
    maxDegradation,
    recoverBy,
    epochs,
    learningRate,
    seed,
    trainer: createTrainer(),
    onStep: (step) => progress.step(step),
    onEpoch: ({ epoch, of }) => progress.fraction(epoch / of),
    onPoint: (point) => {
      progress.end();
      remark(describePoint(point));
      progress.step('recovering');
    },
  };
}
