/** What a run has taken, by layer: as far as the progress that the engine reported tells. */
import type { RunTrace } from '../../../ir/plan/run-trace.ts';
import type { Timeline } from './timeline.ts';

/**
 * Milliseconds by layer, which add up to the median evaluation: what passed between two marks is shared out to the layers
 * that the schedule has there, by the cost model. Undefined where there are too few marks to tell layers apart.
 */
export function measuredByLayer(
  { marks, evaluateMs }: Pick<RunTrace, 'marks' | 'evaluateMs'>,
  { moments, shares }: Timeline,
): Float64Array | undefined {
  const last = marks.at(-1);
  if (marks.length < leastMarks || last === undefined || !(last[1] > 0)) return undefined;
  const ascending = [[0, 0] as const, ...marks, [1, last[1]] as const];
  const sorted = evaluateMs.toSorted((x, y) => x - y);
  const whole = sorted[sorted.length >> 1] ?? 0;
  const layers = shares.length / moments;
  const times = new Float64Array(layers);
  let mark = 0;
  for (let moment = 0; moment < moments; moment++) {
    const duration = timeAt((moment + 1) / moments) - timeAt(moment / moments);
    let sum = 0;
    for (let layer = 0; layer < layers; layer++) sum += shares[layer * moments + moment] ?? 0;
    for (let layer = 0; sum > 0 && layer < layers; layer++)
      times[layer] = (times[layer] ?? 0) + (duration * (shares[layer * moments + moment] ?? 0)) / sum;
  }
  const total = times.reduce((x, y) => x + y, 0);
  return total > 0 ? times.map((time) => (time * whole) / total) : undefined;

  /** When that part was done; asked for in ascending order, but for steps back to the moment before. */
  function timeAt(part: number): number {
    while (mark > 0 && (ascending[mark]?.[0] ?? 0) > part) mark--;
    while (mark < ascending.length - 2 && (ascending[mark + 1]?.[0] ?? 1) < part) mark++;
    const [[from, start] = [0, 0], [to, end] = [1, 0]] = [ascending[mark], ascending[mark + 1]];
    return to === from ? end : start + ((end - start) * (part - from)) / (to - from);
  }
}

const leastMarks = 10;
