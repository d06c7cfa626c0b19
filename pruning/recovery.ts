/** What recovery by gradients makes small. */
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { TrainingLoss } from '../ir/tensor/trainer.ts';

/**
 * What gradients make small: the loss that the model is measured by; the difference from the unpruned model, which needs
 * no labels; or both, which is the loss of the metric where that has no labels.
 */
export const recoveries = ['metric', 'distillation', 'both'] as const;
export type RecoverBy = (typeof recoveries)[number];

/** The loss for a model that is measured by `loss`, with the unpruned model as the teacher. */
export function trainingLossFor(by: RecoverBy, loss: TrainingLoss, teacher: TensorModule): TrainingLoss {
  if (by === 'distillation') return { kind: 'distillation', teacher };
  return by === 'both' && loss.kind === 'labels' ? { ...loss, teacher } : loss;
}
