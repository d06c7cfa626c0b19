/** Samples that are read when they are needed, because there may be more of them than memory. */
import type { GivenSample } from '../ir/given-samples.ts';

export interface SampleSource {
  readonly count: number;
  /** The samples from number `first` to before number `end`, or those of them that there are. */
  read(first: number, end: number): Promise<readonly GivenSample[]>;
}

/** Of samples in memory. */
export function sampleSource(samples: readonly GivenSample[]): SampleSource {
  return { count: samples.length, read: (first, end) => Promise.resolve(samples.slice(first, end)) };
}
