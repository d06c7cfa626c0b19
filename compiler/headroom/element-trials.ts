/**
 * Samples with some elements of one input elsewhere than calibration has shown them, and whether these keep all ranges: all
 * of the elements at once, each as far on its way as it is in the sample, and each by itself, at the very end.
 */
import type { Sample } from '../../ir/interface.ts';
import type { ElementScale } from './element-scales.ts';
import type { Trial } from './trial.ts';

/** Of more elements than this, so many are tried by themselves. */
export const triedAlone = 16;

/** Elements of one input that are tried together. */
export interface Cell {
  readonly input: string;
  readonly elements: readonly number[];
  readonly scaleAt: (element: number) => ElementScale;
  /** The part of the samples that may leave their ranges. */
  readonly tolerance: number;
}

export class ElementTrials {
  private readonly trial: Trial;
  /** What failed last comes first, for it fails again most often. */
  private readonly samples: Sample[];

  /** @param samples that keep all ranges as they are */
  constructor(trial: Trial, samples: readonly Sample[]) {
    this.trial = trial;
    this.samples = [...samples];
  }

  /** Whether the samples that `change` makes of these keep all ranges, but for a part of them. */
  areInRange(change: (sample: Sample) => Sample, tolerance = 0): boolean {
    return this.keep(this.samples, change, tolerance);
  }

  /** Whether ranges are kept where the elements move towards `end`, at once or a few of them alone. */
  isBorne(cell: Cell, end: number): boolean {
    if (!evenly(cell.elements, triedAlone).every((element) => this.isBorneAlone(cell, element, end))) return false;
    return cell.elements.length === 1 || this.areBorne(cell, end);
  }

  /** Whether ranges are kept where all of the elements move towards `end`, as far as they are on their ways in a sample. */
  areBorne({ input, elements, scaleAt, tolerance }: Cell, end: number): boolean {
    const move = (values: Float64Array): void => {
      for (const e of elements) {
        const { origin, side, reach } = scaleAt(e);
        const part = ((values[e] ?? 0) - origin) / (side < 0 ? -reach : reach);
        values[e] = origin + part * (end - origin);
      }
    };
    return this.areInRange((sample) => withValues(sample, input, move), tolerance);
  }

  /** Whether ranges are kept where one element is at `end`. */
  isBorneAlone({ input, tolerance }: Pick<Cell, 'input' | 'tolerance'>, element: number, end: number): boolean {
    return this.areInRange((sample) => moved(sample, input, element, end), tolerance);
  }

  /** Whether most of `count` samples, from number `first` on, keep all ranges where one element is at `end`. */
  isBorneByMost(input: string, element: number, end: number, [first, count]: readonly [number, number]): boolean {
    const own = Array.from(
      { length: Math.min(count, this.samples.length) },
      (_, k) => (first + k) % this.samples.length,
    );
    const samples = own.flatMap((k) => this.samples[k] ?? []);
    return this.keep(samples, (sample) => moved(sample, input, element, end), 0.5);
  }

  private keep(samples: Sample[], change: (sample: Sample) => Sample, tolerance: number): boolean {
    let left = Math.floor(tolerance * samples.length);
    for (const [k, sample] of samples.entries()) {
      if (this.trial.keepsRanges(change(sample))) continue;
      left--;
      if (left >= 0) continue;
      if (k > 0 && tolerance === 0) samples.unshift(...samples.splice(k, 1));
      return false;
    }
    return true;
  }
}

/** A copy of the sample whose values of `input` `change` changes in place. */
export function withValues(sample: Sample, input: string, change: (values: Float64Array) => void): Sample {
  const values = Float64Array.from(sample.get(input) ?? []);
  change(values);
  return new Map([...sample, [input, values]]);
}

function moved(sample: Sample, input: string, element: number, value: number): Sample {
  return withValues(sample, input, (values) => {
    values[element] = value;
  });
}

/** At most `count` of the list, evenly spread. */
export function evenly<T>(list: readonly T[], count: number): readonly T[] {
  if (list.length <= count) return list;
  return list.filter((_, i) => Math.floor((i * count) / list.length) !== Math.floor(((i - 1) * count) / list.length));
}
