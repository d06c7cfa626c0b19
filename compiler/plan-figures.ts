/** What a plan that was found takes and gives, in a few numbers: for hints, and to compare plans of one model. */
import { keyLevels, levelsOfKeys } from '../costs/key-levels.ts';
import { savedKeyBytes } from '../ir/ckks/switching-keys.ts';
import { keptAccuracy, limitOf } from './kept-accuracy.ts';
import type { FoundPlan } from './network-plans.ts';
import { parametersOf } from './search/measure.ts';
import type { Settings } from './settings.ts';

export interface PlanFigures {
  /** What the plan promises, and what is predicted, as fractions of the median over samples of the largest output. */
  readonly maxError: number;
  readonly predictedError: number;
  /** The part of the samples whose labels are those of the model; undefined where it gives none. */
  readonly labelsKept: number | undefined;
  /** Of what stands for activations, in the order of the network: degrees, and levels that it takes. */
  readonly degrees: readonly number[];
  readonly depths: readonly number[];
  readonly polyModulusDegree: number;
  /** Rescales on the deepest way. */
  readonly levels: number;
  /** Of the wanted batch on one thread, by the cost model. */
  readonly milliseconds: number;
  /** What a client sends once: the keys for evaluation, in their files. */
  readonly keyBytes: number;
  /** Encrypted inputs of a run. */
  readonly uploadBytes: number;
  /** Peak of the engine. */
  readonly peakBytes: number;
}

export function planFigures({ network, found }: FoundPlan, settings: Settings): PlanFigures {
  const { program, prediction, measures } = found.accepted;
  const { labelsKept, degrees, depths = [] } = keptAccuracy(network, prediction, settings);
  const parameters = parametersOf(program);
  const levels = levelsOfKeys(keyLevels(program.columns));
  return {
    maxError: limitOf(settings, prediction.error),
    predictedError: prediction.error,
    labelsKept,
    degrees,
    depths,
    polyModulusDegree: parameters.polyModulusDegree,
    levels: parameters.primes.length - 1,
    milliseconds: measures.runs * measures.milliseconds,
    keyBytes: levels.reduce((sum, level) => sum + savedKeyBytes(parameters, level), 0),
    uploadBytes: measures.uploadBytes,
    peakBytes: measures.peakBytes,
  };
}
