/**
 * Which encrypted weights stay in memory, and in which order the others pass through it.
 *
 * Those that stay are spread evenly over the program, so that the file has the longest time to give the others. These
 * come through a ring of regions in the order of the rows that load them: load n takes the place of load n − regions,
 * once every worker that reads that one has. All those rows stand before the first row that reads load n, so the earliest
 * unfinished row never waits for a region, and there is no deadlock (see `exchange-plan.ts`).
 */
import type { ExchangePlan } from './exchange-plan.ts';

export interface WeightPlan {
  /** Weights that are kept. */
  readonly resident: readonly number[];
  /** The loads of the others; `transferOf` goes by row of the divided program. */
  readonly stream: ExchangePlan;
  /** By load: the weight. */
  readonly weightOf: Int32Array;
}

/** The weights of a program. */
export interface WeightRows {
  /** How many rows the program has. */
  readonly rows: number;
  /** Those that are weights, ascending. */
  readonly weights: readonly number[];
}

/** What the ring takes, at most: enough for workers that are a second apart. */
const maxRingBytes = 2 ** 27;
/** Regions for each worker, whatever the budget: one to read from, and one that is being filled. */
const leastRegions = 2;

/**
 * @param program the divided one, whose weight rows `indexOf` gives the weights of
 * @param sizes bytes of each weight
 * @param budgetBytes what kept weights and ring may take together
 */
export function planWeights(
  { rows, weights }: WeightRows,
  indexOf: (row: number) => number,
  sizes: readonly number[],
  workers: number,
  budgetBytes: number,
): WeightPlan {
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const fits = total <= budgetBytes;
  const wanted = Math.floor(Math.min(maxRingBytes, budgetBytes / 2) / Math.max(1, largest));
  const regions = fits ? 0 : Math.max(leastRegions * workers, wanted);
  const share = fits ? 1 : Math.max(0, budgetBytes - regions * largest) / total;
  const resident = spread(sizes, share);
  const kept = new Set(resident);

  const transferOf = new Int32Array(rows).fill(-1);
  const weightOf: number[] = [];
  const readers: number[] = [];
  /** By weight: its last load. */
  const loads = new Map<number, number>();
  for (const row of weights) {
    const weight = indexOf(row);
    if (kept.has(weight)) continue;
    const last = loads.get(weight);
    const isThere = last !== undefined && last >= weightOf.length - regions;
    const load = isThere ? last : weightOf.push(weight) - 1;
    loads.set(weight, load);
    readers[load] = (readers[load] ?? 0) + 1;
    transferOf[row] = load;
  }
  const stream: ExchangePlan = {
    transferOf,
    offset: Float64Array.from(weightOf, (_, load) => (load % Math.max(1, regions)) * largest),
    size: Float64Array.from(weightOf, (weight) => sizes[weight] ?? 0),
    readers: Int32Array.from(readers),
    previous: Int32Array.from(weightOf, (_, load) => Math.max(-1, load - regions)),
    totalBytes: Math.min(regions, weightOf.length) * largest,
  };
  return { resident, stream, weightOf: Int32Array.from(weightOf) };
}

/** Weights of about `share` of all bytes, and no more. */
function spread(sizes: readonly number[], share: number): number[] {
  const chosen: number[] = [];
  if (share >= 1) return [...sizes.keys()];
  let credit = 0;
  for (const [index, size] of sizes.entries()) {
    credit += size * share;
    if (credit < size) continue;
    credit -= size;
    chosen.push(index);
  }
  return chosen;
}
