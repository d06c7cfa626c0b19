/** Bounds on what a model can make the importer allocate, and the checks for them. */
import { invalid, tooLarge } from './failure.ts';

/** Elements of one tensor that the importer computes: 128 MiB of doubles. */
export const maxElements = 2 ** 24;
/** Elements of all of them together. */
export const maxTotalElements = 2 ** 26;
/** Products of a weight and an element that one sparse map may have. */
const maxWeights = 2 ** 25;
export const maxRank = 32;
export const maxNodes = 2 ** 14;

/**
 * The number of elements of `shape`; throws where it is no shape or too large. Extents of 0 are allowed, and do not make
 * up for others: work along an axis takes as long as the axis is, whether anything is on it or not.
 */
export function checkedCount(shape: readonly number[], limit = maxElements): number {
  if (shape.length > maxRank) throw tooLarge('axes of a tensor', shape.length, maxRank);
  let count = 1;
  let positions = 1;
  for (const extent of shape) {
    if (!Number.isInteger(extent) || extent < 0) throw invalid(`[${shape.join(', ')}] is not a shape`);
    count *= extent;
    positions *= Math.max(1, extent);
  }
  if (positions > limit) throw tooLarge(`elements of a tensor [${shape.join(', ')}]`, positions, limit);
  return count;
}

/** As `checkedCount`, for a tensor that has to hold something. */
export function checkedExtents(shape: readonly number[]): number {
  const count = checkedCount(shape);
  if (count === 0) throw invalid(`a value of shape [${shape.join(', ')}] is empty`);
  return count;
}

export function checkWeights(count: number): void {
  if (count > maxWeights) throw tooLarge('weights of a linear operator', count, maxWeights);
}
