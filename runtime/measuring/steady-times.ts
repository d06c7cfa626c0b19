/** Of repeated measurements the lowest decile counts, since other programs on the machine only add to times. */

/** No operation is shorter: clocks of browsers and of some systems are coarse. */
export const clockMilliseconds = 1e-4;

export function lowestDecile(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor((times.length - 1) / 10)] ?? clockMilliseconds;
}
