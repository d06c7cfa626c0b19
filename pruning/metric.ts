/**
 * What a pruned model may lose, and how that is measured: the mean-square error of the reconstruction for an
 * autoencoder, accuracy for another model where there are labels, else the mean-square difference from the unpruned one.
 */
import { elementCount } from '../ir/constant.ts';
import type { PruningMetric } from '../ir/plan/pruning-report.ts';
import type { TensorModule } from '../ir/tensor/ops.ts';
import type { Evaluation, Trainer, TrainingLoss } from '../ir/tensor/trainer.ts';
import { visitActivations } from '../passes/pruning/statistics/activations.ts';
import type { TrainingSet } from './training-set.ts';

export interface Metric {
  readonly name: PruningMetric;
  readonly loss: TrainingLoss;
  /** The number of an evaluation by `loss`, in its own unit: a share, or a mean square. */
  readonly valueOf: (evaluation: Evaluation) => number;
  /**
   * What `value` loses against `before`: of an accuracy the share of all samples, of an error the relative rise, of a
   * difference its share of the mean square of the unpruned outputs.
   */
  readonly degradation: (value: number, before: number) => number;
}

/** What an autoencoder leaves out is less than this share of the mean square of its inputs. */
const largestResidualShare = 0.5;

/**
 * The metric for a model. Whether it is an autoencoder is seen from the samples: it has as many outputs as inputs, and
 * they are close.
 */
export async function metricFor(unpruned: TensorModule, set: TrainingSet, trainer: Trainer): Promise<Metric> {
  if (await isAutoencoder(unpruned, set, trainer)) {
    return {
      name: 'mean-square error',
      loss: { kind: 'reconstruction' },
      valueOf: ({ meanSquareError = NaN }) => meanSquareError,
      degradation: (value, before) => (value === before ? 0 : value / before - 1),
    };
  }
  if (set.heldOut.labels !== undefined) {
    return {
      name: 'accuracy',
      loss: { kind: 'labels' },
      valueOf: ({ accuracy = NaN }) => accuracy,
      degradation: (value, before) => before - value,
    };
  }
  const scale = outputMeanSquare(unpruned, set);
  return {
    name: 'difference from the unpruned model',
    loss: { kind: 'distillation', teacher: unpruned },
    valueOf: ({ meanSquareError = NaN }) => meanSquareError,
    degradation: (value) => value / scale,
  };
}

async function isAutoencoder(module: TensorModule, { heldOut }: TrainingSet, trainer: Trainer): Promise<boolean> {
  const sizeOf = (op: 'input' | 'output'): number =>
    module.nodes.reduce((sum, node) => (node.op === op ? sum + elementCount(node.type) : sum), 0);
  if (sizeOf('input') !== sizeOf('output')) return false;
  const { meanSquareError = Infinity } = await trainer.evaluate(module, heldOut, { kind: 'reconstruction' });
  const meanSquare = heldOut.inputs.reduce((sum, x) => sum + x * x, 0) / heldOut.inputs.length;
  return meanSquareError < largestResidualShare * meanSquare;
}

function outputMeanSquare(module: TensorModule, { few }: TrainingSet): number {
  let sum = 0;
  let count = 0;
  visitActivations(module, few, ({ node, value }) => {
    if (node.op !== 'output') return;
    sum = value.reduce((total, x) => total + x * x, sum);
    count += value.length;
  });
  return sum / count;
}
