/**
 * Training, as passes see it: gradient steps on the weights of a tensor module. Passes know this interface alone;
 * `training/` implements it.
 */
import type { ValueId } from '../op.ts';
import type { TensorModule } from './ops.ts';

/** Samples of one input and, where there are labels, their classes. */
export interface TrainingData {
  /** [count, …shape of the input], flat. */
  readonly inputs: Float32Array;
  readonly count: number;
  /** One class for each sample, below the number of outputs. */
  readonly labels?: Int32Array;
}

/**
 * What is made small: the cross-entropy of labels, the squared difference from the input (an autoencoder), or that
 * from what another module of the same interface computes. With a `teacher` of the same interface, half of what the
 * outputs are compared with is its softmax at temperature 2 (Hinton, Vinyals and Dean, arXiv 1503.02531), which says
 * more of a sample than its label; evaluation is by the labels alone.
 */
export type TrainingLoss =
  | { readonly kind: 'labels'; readonly teacher?: TensorModule }
  | { readonly kind: 'reconstruction' }
  | { readonly kind: 'distillation'; readonly teacher: TensorModule };

export interface TrainingOptions {
  readonly loss: TrainingLoss;
  readonly epochs: number;
  readonly batch: number;
  /** Of Adam (arXiv 1412.6980), falling to zero by a cosine over all steps. */
  readonly learningRate: number;
  readonly seed: number;
  /** Share of the samples that is held out; the weights with the least loss on it are returned. */
  readonly validation: number;
  /** Epochs without a smaller loss on the held-out share after which training ends. */
  readonly patience: number;
  /** Called after every epoch. */
  readonly onEpoch?: (epoch: TrainingEpoch) => void;
}

export interface TrainingEpoch {
  readonly epoch: number;
  readonly of: number;
  readonly trainingLoss: number;
  readonly validationLoss: number;
}

export interface TrainedLayer {
  readonly weights: Float64Array;
  readonly bias: Float64Array;
}

export interface Evaluation {
  /** Mean over samples and outputs of the squared difference: from the input, or from the teacher. */
  readonly meanSquareError?: number;
  /** Share of samples whose largest output is at the label. */
  readonly accuracy?: number;
  readonly crossEntropy?: number;
}

export interface Trainer {
  /**
   * Trains weights that are not zero, and all biases; a weight that is zero stays zero. Deterministic in its arguments.
   * Returns the new weights of every node that has any.
   * Throws `HepcError` where the module has ops that have no gradient, or where the loss is no longer finite.
   */
  readonly train: (
    module: TensorModule,
    data: TrainingData,
    options: TrainingOptions,
  ) => Promise<ReadonlyMap<ValueId, TrainedLayer>>;
  /** The loss of a module on samples. */
  readonly evaluate: (module: TensorModule, data: TrainingData, loss: TrainingLoss) => Promise<Evaluation>;
}
