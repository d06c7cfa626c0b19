/**
 * How many samples a prediction of the error looks at. Large programs are predicted on fewer of them.
 *
 * That is sound because what is asked of them is the deviation of noise, which is close to normal: that of 40 elements is
 * within a third of what it is for all, that of 160 within a sixth. How far the largest of all errors is from it is computed
 * (`error-distribution.ts`).
 */

/** How many samples, and imagined keys, the error is predicted on. */
export type Care = 'quick' | 'thorough';

/** The most samples. */
export const noiseSamples = { quick: 16, thorough: 96 } as const satisfies Record<Care, number>;

/** Slots times operations that a prediction may take: seconds, or some ten of them. */
export const mostWork = { quick: 4e8, thorough: 2e9 } as const satisfies Record<Care, number>;

/** Elements of outputs that are looked at whatever that takes. */
const leastElements = { quick: 40, thorough: 160 } as const satisfies Record<Care, number>;

/** So that not all noise comes from one imagined key. */
const leastSamples = 2;

/** `work` is what a sample takes, slots times operations; `elements` are those of all its outputs. */
export function affordableSamples(work: number, elements: number, care: Care): number {
  const least = Math.max(leastSamples, Math.ceil(leastElements[care] / Math.max(1, elements)));
  return Math.min(noiseSamples[care], Math.max(least, Math.floor(mostWork[care] / work)));
}
