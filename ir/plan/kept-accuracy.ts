/** What the compiler found about the accuracy of a plan on the calibration samples: kept with the plan. */
export interface KeptAccuracy {
  /** Samples on which the plan was measured in the clear, and all that there were. */
  readonly samples: number;
  readonly of: number;
  /** Largest error of the plan without noise, as a fraction of the median over samples of the largest absolute output. */
  readonly approximationError: number;
  /** Deviation of the noise of outputs, as the same fraction. */
  readonly noise: number;
  /** Of the polynomials that stand for activations, in the order of the network; of a composite the degree of the whole. */
  readonly degrees: readonly number[];
  /** Levels that each of these takes; absent in plans of former versions. */
  readonly depths?: readonly number[] | undefined;
  /** The part of the samples whose labels are those of the model, noise included; absent where a model gives none. */
  readonly labelsKept?: number | undefined;
}
