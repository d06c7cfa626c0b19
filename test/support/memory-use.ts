/** What this process takes, after a collection of garbage. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

export interface MemoryUse {
  /** Of the garbage-collected heap of this thread. */
  readonly heapBytes: number;
  /** Of all threads, in physical memory. */
  readonly residentBytes: number;
}

setFlagsFromString('--expose-gc');
const collect: unknown = runInNewContext('gc');

export async function memoryUse(): Promise<MemoryUse> {
  if (typeof collect !== 'function') throw new Error('there is no way to collect garbage');
  // Finalizers run between collections, and free what the next one finds.
  for (let round = 0; round < 3; round++) {
    Reflect.apply(collect, undefined, []);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, residentBytes: rss };
}
