/**
 * On what scale the elements of an input live, as the samples show it: where they begin, how far they go from there, and on
 * which side, each rounded so that it tells little of any one sample.
 */
import type { Sample } from '../../ir/interface.ts';
import { leastCalibration } from '../../ir/plan/calibration.ts';
import { floatRounding } from './trial.ts';

/** Of each element of an input. */
export interface ElementRanges {
  readonly least: Float64Array;
  readonly most: Float64Array;
  /** Whether enough samples differ from the median to tell how far others may go: a pixel of a margin is nearly always 0. */
  readonly isShown: readonly boolean[];
}

export interface ElementScale {
  /** Zero where the range has it, else the end of it that is next to zero, rounded towards that. */
  readonly origin: number;
  /** Where values lie from the origin: above, below, or on both sides. */
  readonly side: -1 | 0 | 1;
  /** The largest distance from the origin on the samples. */
  readonly reach: number;
  /** `reach`, rounded upwards to a power of 2^(1 / perOctave). */
  readonly unit: number;
}

/** The ranges of the elements of input `name` on the samples, of which there is at least one. */
export function elementRanges(samples: readonly Sample[], name: string): ElementRanges {
  const columns = samples.map((sample) => sample.get(name) ?? new Float64Array());
  const elements = columns[0]?.length ?? 0;
  const [least, most] = [new Float64Array(elements), new Float64Array(elements)];
  const isShown: boolean[] = [];
  const values = new Float64Array(columns.length);
  for (let e = 0; e < elements; e++) {
    for (let k = 0; k < columns.length; k++) values[k] = columns[k]?.[e] ?? 0;
    values.sort();
    least[e] = values[0] ?? 0;
    most[e] = values.at(-1) ?? 0;
    const median = values[values.length >> 1] ?? 0;
    isShown.push(values.reduce((count, value) => count + Number(value !== median), 0) >= leastCalibration);
  }
  return { least, most, isShown };
}

/**
 * The scale of values from `least` to `most`, which differ. The origin is a multiple of a power of two that is at most the
 * width of the range, or of an `perOctave`-th of it.
 */
export function scaleOf(least: number, most: number, perOctave: number): ElementScale {
  const side = least >= 0 ? 1 : most <= 0 ? -1 : 0;
  const near = side === 0 ? 0 : side > 0 ? least : most;
  const width = side === 0 ? Math.max(-least, most) : most - least;
  const quantum = 2 ** Math.floor(Math.log2(width)) / perOctave;
  const origin = Math.trunc(near / quantum) * quantum;
  const reach = Math.max(Math.abs(most - origin), Math.abs(least - origin));
  const unit = 2 ** (Math.ceil(Math.log2(reach * (1 + floatRounding)) * perOctave) / perOctave);
  return { origin, side, reach, unit };
}
