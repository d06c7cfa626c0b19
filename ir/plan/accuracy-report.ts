/** Where the error of a plan comes from, as its compilation found it: kept with the plan, for its report. */
import type { activationKinds } from '../tensor/ops.ts';

/** Rows of each list of a report. */
export const maxAccuracyRows = 4096;

/** Equal bins over the range of a polynomial. */
export const histogramBins = 48;

/**
 * Errors are fractions of the median over samples of the largest absolute output, as `maxError` is. The error of a sample
 * is that of the output that is off most; a typical error is the root mean square of those of several samples, which is
 * less a matter of chance than the largest of them.
 */
export interface AccuracyReport {
  readonly version: 1;
  /** Of everything but noise: the plan's network in the clear against the model, on so many calibration samples. */
  readonly approximation: { readonly typical: number; readonly largest: number; readonly samples: number };
  /**
   * The program with simulated noise against itself without, under a few imagined keys; absent where it is too large to be
   * run once more for each layer.
   */
  readonly noise?: { readonly typical: number; readonly samples: number } | undefined;
  /** In the order of the network. */
  readonly layers: readonly LayerError[];
  readonly activations: readonly ActivationReport[];
}

/** How far one layer alone moves the outputs while all others are exact: typical errors. */
export interface LayerError {
  /** Its ONNX nodes. */
  readonly name: string;
  /** By the polynomials that stand for its activations; absent where it has none. */
  readonly approximation?: number | undefined;
  /** By the noise of its operations; absent where that was not measured. */
  readonly noise?: number | undefined;
}

export interface CompositeReport {
  readonly pieces: readonly {
    /** Of u, in powers of x. */
    readonly factor: readonly number[];
    /** v is the composition of these, each in Chebyshev polynomials. */
    readonly stages: readonly {
      readonly coefficients: readonly number[];
      readonly center: number;
      readonly halfWidth: number;
    }[];
  }[];
  readonly offset: number;
}

/** Of a step or sign: the decisions that it makes on the samples, of operands that are not the same on all of them. */
export interface DecisionReport {
  readonly made: number;
  /** Those that what is evaluated is off from by a tenth of the jump or more. */
  readonly unclear: number;
  /** The largest distance of one of these from the threshold, in the unit of the operand. */
  readonly margin: number;
}

export interface ActivationReport {
  /** Its ONNX nodes. */
  readonly name: string;
  readonly kind: (typeof activationKinds)[number];
  /** Of the function, as ONNX has them; for a slope of each channel, those of the first. */
  readonly parameters: readonly number[];
  /** How many functions it has: the slopes of a prelu. */
  readonly functions: number;
  /**
   * Of the polynomial that stands for the function, in Chebyshev polynomials on [center − halfWidth, center + halfWidth]; none
   * where a composite does.
   */
  readonly coefficients: readonly number[];
  /** y = offset + Σ_j u_j(x) v_j(x), as `composite` of the tensor level has it. */
  readonly composite?: CompositeReport | undefined;
  readonly center: number;
  readonly halfWidth: number;
  /** Least and largest operand on the samples. */
  readonly least: number;
  readonly most: number;
  /** Operands on the samples in each of `histogramBins` bins over the range. */
  readonly counts: readonly number[];
  /** Of what jumps, unless nothing but a line stands for it; absent in plans of former versions. */
  readonly decisions?: DecisionReport | undefined;
  /** Index of the layer that computes it. */
  readonly layer: number;
}
