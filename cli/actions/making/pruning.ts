/** What `hepc prune` and `hepc compile --prune` have in common. */
import { badUsage } from '../../../ir/diagnostics/cli.ts';
import { parsePolicy, type Policy } from '../../../pruning/policy.ts';
import type { PruneOptions } from '../../../pruning/prune-options.ts';
import type { RecoverBy } from '../../../pruning/recovery.ts';
import { createTrainer } from '../../../training/trainer.ts';
import { pruningDefaults } from '../../commands/options/pruning-options.ts';
import { kebabCase } from '../../parsing/command.ts';
import { UsageError } from '../../shell/failure.ts';
import type { Progress } from '../../shell/progress.ts';
import { describePoint } from '../../render/pruning.ts';

export interface PruningOptionValues {
  readonly labels?: string | undefined;
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
  const names = [
    'labels',
    'heldOut',
    'sparsity',
    'maxDegradation',
    'recoverBy',
    'epochs',
    'learningRate',
    'seed',
  ] as const;
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
  const {
    epochs = pruningDefaults.epochs,
    learningRate = pruningDefaults.learningRate,
    seed = pruningDefaults.seed,
  } = values;
  return {
    sparsity,
    maxDegradation,
    recoverBy,
    epochs,
    learningRate,
    seed,
    trainer: createTrainer(),
    onStep: (step) => progress.step(step),
    // How many candidates there will be is not known, so that time is told of the present one alone.
    onEpoch: ({ epoch, of }) => progress.fraction(epoch / of),
    onPoint: (point) => {
      progress.end();
      remark(describePoint(point));
    },
  };
}
