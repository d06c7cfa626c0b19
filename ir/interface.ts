/** The border of a model: what its inputs and outputs are called and look like, and the values that cross it. */

/** One input or output. */
export interface Port {
  readonly name: string;
  /** Of one sample, without the axis of samples; every extent is positive. */
  readonly shape: readonly number[];
  /** Whether the model has an axis of any size there, which holds samples and is not part of `shape`. */
  readonly hasBatchAxis: boolean;
  /** The axis of `shape` that it stands before in the model, at least 1; left out where it is the first of all. */
  readonly batchAxis?: number | undefined;
}

export interface ModelInterface {
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One sample: for each input, or each output, by name, its elements row-major. */
export type Sample = ReadonlyMap<string, Float64Array>;
