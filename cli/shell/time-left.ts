/** How long something will still take, by how long its part so far has taken. */

/** Before this nothing is said: the first parts tell little of the others. */
const leastElapsedMs = 2000;
const leastDone = 0.02;

/** Such as `about 40 s left`; undefined where it is too early to say, or over. */
export function timeLeft(elapsedMs: number, done: number): string | undefined {
  if (elapsedMs < leastElapsedMs || done < leastDone || done >= 1) return undefined;
  const seconds = (elapsedMs / 1000) * (1 / done - 1);
  if (seconds < 90) return `about ${Math.max(5, 5 * Math.round(seconds / 5))} s left`;
  return seconds < 5400 ? `about ${Math.round(seconds / 60)} min left` : `about ${Math.round(seconds / 3600)} h left`;
}
