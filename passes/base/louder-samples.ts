/**
 * Samples with more gain. The range of an input is that of its largest sample, so a weaker one may come amplified and
 * still be in range: what is measured for all inputs in range has to cover these as well.
 */
import type { Sample } from '../../ir/interface.ts';
import { largestAbsolute } from '../../ir/maths/averages.ts';

/** What resampling and rounding of inputs may add to the largest value. */
export const overshoot = 1.05;

/** What is weaker than the largest sample by more than this is mostly noise, which does not come amplified. */
const mostGain = 2;

/** The largest absolute value of each input on the samples. */
function amplitudes(samples: readonly Sample[]): Map<string, number> {
  const largest = new Map<string, number>();
  for (const sample of samples)
    for (const [name, values] of sample) largest.set(name, Math.max(largest.get(name) ?? 0, largestAbsolute(values)));
  return largest;
}

/** How much each sample can be amplified, at most twice, until one of its inputs is as large as any sample has it. */
export function gains(samples: readonly Sample[]): number[] {
  const largest = amplitudes(samples);
  return samples.map((sample) => {
    const rooms = [...sample].map(([name, values]) => {
      const own = largestAbsolute(values);
      return own > 0 ? (largest.get(name) ?? own) / own : Infinity;
    });
    return Math.max(1, Math.min(mostGain, ...rooms));
  });
}

/** The samples as loud as any of them, and a little beyond. */
export function louder(samples: readonly Sample[]): Sample[] {
  return gains(samples).map((gain, k) => amplified(samples[k] ?? new Map(), overshoot * gain));
}

/** The sample with the inputs of these names, by default all, times `gain`. */
export function amplified(sample: Sample, gain: number, names?: ReadonlySet<string>): Sample {
  const inputs = [...sample].map(([name, values]): [string, Float64Array] => [
    name,
    names?.has(name) === false ? values : values.map((value) => gain * value),
  ]);
  return new Map(inputs);
}
