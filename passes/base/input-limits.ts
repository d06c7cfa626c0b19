/**
 * Which values elements of inputs have at most, whatever samples show of them: what is beyond is refused by the client, or clipped.
 * What is affine in such elements has a range that follows from theirs, and no input that is accepted leaves it.
 */
import type { Range } from '../../ir/plan/calibration.ts';
import type { LinearMap } from '../../ir/tensor/linear-map.ts';

/** Of the elements of one input. */
export interface ElementLimits {
  /** −∞ and ∞ where nothing is known. */
  readonly least: Float64Array;
  readonly most: Float64Array;
  /**
   * For an element that says whether another one is missing, 1 or 0, the place of the other, which is 0 where it is missing; −1 for
   * all that say nothing of that kind.
   */
  readonly marks: Int32Array;
}

/** By the name of the input; all elements of one that is not there are without limits. */
export type InputLimits = ReadonlyMap<string, ElementLimits>;

/** What row `row` of an affine map takes on elements within the limits; without end where one of them is. */
export function rowRange(map: LinearMap, row: number, { least, most, marks }: ElementLimits): Range {
  const [first, end] = [map.starts[row] ?? 0, map.starts[row + 1] ?? 0];
  const weights = new Map<number, number>();
  for (let k = first; k < end; k++) weights.set(map.indices[k] ?? 0, map.values[k] ?? 0);
  const markOf = new Map<number, number>();
  for (const element of weights.keys()) {
    const marked = marks[element] ?? -1;
    if (weights.has(marked)) markOf.set(marked, element);
  }
  const paired = new Set(markOf.values());
  let [lo, hi] = [map.bias[row] ?? 0, map.bias[row] ?? 0];
  for (const [element, weight] of weights) {
    if (paired.has(element)) continue;
    const ends = [weight * (least[element] ?? 0), weight * (most[element] ?? 0)];
    const mark = markOf.get(element);
    // Where it is missing it is 0 itself.
    if (mark !== undefined) ends.push(weights.get(mark) ?? 0);
    lo += Math.min(...ends);
    hi += Math.max(...ends);
  }
  return [lo, hi];
}
