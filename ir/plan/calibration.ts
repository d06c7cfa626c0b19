/**
 * What calibration has shown of inputs and outputs, for a client to notice what is unlike it: a few numbers, which hold
 * nothing of any one sample. Values that are within the range of a plan one by one can still be unlike anything that its
 * polynomials were fitted for, noise or an inverted image say; the answers are wrong then, and often large.
 */
import type { Sample } from '../interface.ts';
import { largestAbsolute } from '../maths/averages.ts';

/** Of one input of one sample, whose elements stand in a row. */
export interface InputStatistics {
  readonly mean: number;
  /** Root of the sum of squares. */
  readonly norm: number;
  /** As `norm`, of the differences from the mean. */
  readonly deviation: number;
  /** As `norm`, of the differences between neighbours. */
  readonly roughness: number;
}

export const inputStatistics = ['mean', 'norm', 'deviation', 'roughness'] as const satisfies (keyof InputStatistics)[];

/** Least and largest over the samples. */
export type Range = readonly [least: number, most: number];

export type InputCalibration = { readonly name: string } & { readonly [key in keyof InputStatistics]: Range };

export interface OutputCalibration {
  readonly name: string;
  /** Largest absolute value over the samples, of the model in the clear. */
  readonly largest: number;
}

export interface Calibration {
  /** How many samples these are of; at least `leastCalibration`. */
  readonly samples: number;
  readonly inputs: readonly InputCalibration[];
  readonly outputs: readonly OutputCalibration[];
}

/** Fewer samples than this say little about others. */
export const leastCalibration = 8;

/** How far a statistic may be outside of its range, as a part of the range's width: samples that are like others are. */
const spread = 0.25;
/** The same as a part of the largest norm, for ranges of hardly any width: inputs that are all of one norm, say. */
const leastSpread = 0.01;
/** How far an answer may exceed the largest of calibration, as a part of it. */
const outputSpread = 0.25;

export function statisticsOf(values: Float64Array): InputStatistics {
  let [sum, squares, differences] = [0, 0, 0];
  let before = values[0] ?? 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
    differences += (value - before) ** 2;
    before = value;
  }
  const mean = sum / values.length;
  let deviation = 0;
  for (const value of values) deviation += (value - mean) ** 2;
  return { mean, norm: Math.sqrt(squares), deviation: Math.sqrt(deviation), roughness: Math.sqrt(differences) };
}

/** @param outputs of the model in the clear, for each sample */
export function calibrationOf(
  samples: readonly Sample[],
  outputs: readonly Sample[],
  names: { readonly inputs: Iterable<string>; readonly outputs: Iterable<string> },
): Calibration {
  return {
    samples: samples.length,
    inputs: Array.from(names.inputs, (name) => {
      const all = samples.map((sample) => statisticsOf(sample.get(name) ?? new Float64Array(1)));
      const range = (key: keyof InputStatistics): Range => rangeOf(all.map((each) => each[key]));
      return {
        name,
        mean: range('mean'),
        norm: range('norm'),
        deviation: range('deviation'),
        roughness: range('roughness'),
      };
    }),
    outputs: Array.from(names.outputs, (name) => ({
      name,
      largest: largestAbsolute(
        Float64Array.from(outputs, (sample) => largestAbsolute(sample.get(name) ?? new Float64Array())),
      ),
    })),
  };
}

function rangeOf(values: readonly number[]): Range {
  return values.reduce<Range>(
    ([least, most], value) => [Math.min(least, value), Math.max(most, value)],
    [Infinity, -Infinity],
  );
}

/** Where a statistic of `count` values may be before it is worth a warning. */
export function tolerated(calibration: InputCalibration, key: keyof InputStatistics, count: number): Range {
  const [least, most] = calibration[key];
  const norm = calibration.norm[1] / (key === 'mean' ? Math.sqrt(count) : 1);
  const slack = spread * (most - least) + leastSpread * norm;
  return [least - slack, most + slack];
}

/** What an answer may be before it is worth a warning; its error, `maxError` of the largest about, comes on top. */
export function toleratedAnswer({ largest }: OutputCalibration, maxError: number): number {
  return largest * (1 + outputSpread + 2 * maxError);
}
