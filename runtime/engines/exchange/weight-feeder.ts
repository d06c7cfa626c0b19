/**
 * The owner's end of the weights' way into the workers: reads ciphertexts from their source ahead of the workers, and
 * hands them over in the ring of shared memory that `weight-plan.ts` laid out. Everything waits without blocking.
 */
import type { WeightSource } from '../../seal/weight-source.ts';
import { isRunning, pollMilliseconds, regionOf, type SharedState } from './exchange.ts';

/** Ciphertexts that are being read or wait for a region, each in memory of its own. */
const lanes = 4;

/** Reads `indices` a few at a time and calls `use` with each. Rejects with the first problem. */
export async function readWeights(
  source: WeightSource,
  indices: readonly number[],
  use: (index: number, bytes: Uint8Array) => void,
): Promise<void> {
  const queue = indices.values();
  const lane = async (): Promise<void> => {
    for (const index of queue) use(index, await source.read(index));
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * Feeds one run: resolves once every load has been handed over, or the run is stopped. Rejects, with the lanes at rest,
 * where a weight cannot be read; the workers then wait until they are stopped.
 */
export async function feedWeights(state: SharedState, weightOf: Int32Array, source: WeightSource): Promise<void> {
  let failed = false;
  const queue = weightOf.entries();
  const goesOn = (): boolean => !failed && isRunning(state);
  const lane = async (): Promise<void> => {
    for (const [load, weight] of queue) {
      if (!goesOn()) return;
      const bytes = await source.read(weight);
      if (!(await waitForRegion(state, load, goesOn))) return;
      regionOf(state, load).set(bytes);
      Atomics.store(state.written, load, 1);
      Atomics.notify(state.written, load);
    }
  };
  const guarded = async (): Promise<void> => {
    try {
      await lane();
    } catch (error) {
      failed = true;
      throw error;
    }
  };
  const results = await Promise.allSettled(Array.from({ length: lanes }, guarded));
  const failure = results.find((result) => result.status === 'rejected');
  if (failure !== undefined) throw failure.reason;
}

/** Whether the region of `load` is free; false where the run ends before. */
async function waitForRegion({ plan, reads }: SharedState, load: number, goesOn: () => boolean): Promise<boolean> {
  const previous = plan.previous[load] ?? -1;
  while (goesOn()) {
    if (previous === -1) return true;
    const now = Atomics.load(reads, previous);
    if (now === plan.readers[previous]) return true;
    await Atomics.waitAsync(reads, previous, now, pollMilliseconds).value;
  }
  return false;
}
