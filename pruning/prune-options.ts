/** How a model is to be pruned, and what its plan is for. */
import type { CompileOptions } from '../compiler/settings.ts';
import { HepcError } from '../ir/diagnostics/diagnostic.ts';
import { badPruneOption } from '../ir/diagnostics/pruning/pruning-run.ts';
import type { Sample } from '../ir/interface.ts';
import type { PruningPoint } from '../ir/plan/pruning-report.ts';
import type { Trainer, TrainingEpoch } from '../ir/tensor/trainer.ts';
import type { Policy } from './policy.ts';
import type { RecoverBy } from './recovery.ts';
import type { LabelledSamples } from './training-set.ts';

export interface PruneOptions {
  /** Names of the values that answers have, in place of the outputs of the model: any values of its graph. */
  readonly outputs?: readonly string[] | undefined;
  /** Samples to prune, recover and measure by; real inputs of the model, thousands of them. */
  readonly samples: readonly Sample[];
  /** The index of the output that should be the largest, for each sample. */
  readonly labels?: readonly number[] | undefined;
  /**
   * Samples to measure losses on, that the model was not trained on. Default a fifth of `samples`, on which an overfitted
   * model loses more than it does on others.
   */
  readonly heldOut?: LabelledSamples | undefined;
  /** `SCHEME[:scope/criterion/target][:threshold]`, or `auto`. */
  readonly policy: string;
  /** Share of weights, neurons or (P2T, P3T) tiles; for `auto` the loss decides. */
  readonly sparsity?: number | undefined;
  /** Most that may be lost: points of accuracy as a share, or the relative rise of an error. `auto` needs it. */
  readonly maxDegradation?: number | undefined;
  readonly recoverBy?: RecoverBy;
  /** Of recovery by gradients; 0 for the closed form alone. For `auto` after each step. */
  readonly epochs?: number;
  readonly learningRate?: number;
  readonly seed?: number;
  /** What the plan is for: objective, batch, kind of weights, limits. */
  readonly compile?: Omit<CompileOptions, 'samples'>;
  readonly trainer: Trainer;
  readonly onStep?: (step: string) => void;
  readonly onEpoch?: (epoch: TrainingEpoch) => void;
  readonly onPoint?: (point: PruningPoint) => void;
}

/** Throws `HepcError` for numbers that are out of range, and for those that the policy needs and does not get. */
export function checkPruneOptions(options: PruneOptions, policy: Policy): void {
  const { sparsity, maxDegradation, epochs = 0, learningRate = 1 } = options;
  const rows: readonly [string, number | undefined, boolean, string][] = [
    [
      'sparsity',
      sparsity,
      sparsity === undefined || (sparsity >= 0 && sparsity < 1),
      'a number of at least 0 and below 1',
    ],
    ['maxDegradation', maxDegradation, maxDegradation === undefined || maxDegradation >= 0, 'a number of at least 0'],
    ['epochs', epochs, Number.isSafeInteger(epochs) && epochs >= 0, 'a whole number of at least 0'],
    ['learningRate', learningRate, learningRate > 0 && learningRate <= 1, 'a number above 0 and at most 1'],
    [
      'sparsity',
      NaN,
      policy.scheme === 'auto' || sparsity !== undefined,
      'a number, since a scheme says how, not how much',
    ],
    [
      'maxDegradation',
      NaN,
      policy.scheme !== 'auto' || maxDegradation !== undefined,
      'a number, which auto searches within',
    ],
  ];
  const problems = rows.flatMap(([option, value, fits, expected]) =>
    fits ? [] : [badPruneOption({ option, value: value ?? NaN, expected })],
  );
  if (problems.length > 0) throw new HepcError(problems);
}
