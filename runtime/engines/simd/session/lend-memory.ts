/**
 * Saved keys have to be where all workers see them, but only until they are loaded. They lie where values and plaintexts
 * will, which nobody needs before, so that they take no memory of their own.
 */
import type { MemoryPlan } from './memory-plan.ts';
import { maxPages, pageBytes } from '../kernels/module.ts';
import { selfCheckBytes } from '../memory/self-check.ts';

export interface LentPlace {
  readonly address: number;
  /** Of the memory, with room for what is lent. */
  readonly totalBytes: number;
}

/** Where `bytes` bytes can lie while keys are loaded; undefined where the memory has no room for them. */
export function placeToLend({ regions, totalBytes }: MemoryPlan, n: number, bytes: number): LentPlace | undefined {
  // The self-check works at the start of the values.
  const address = Math.max(regions.values + selfCheckBytes(n), totalBytes - bytes);
  const end = Math.max(totalBytes, address + bytes);
  return end > maxPages * pageBytes ? undefined : { address, totalBytes: end };
}

/** Copies of arrays in a memory, one after another from `address` on. */
export function lend(
  memory: WebAssembly.Memory,
  address: number,
  arrays: readonly (Uint8Array | undefined)[],
): (Uint8Array | undefined)[] {
  let end = address;
  return arrays.map((array) => {
    if (array === undefined) return undefined;
    const copy = new Uint8Array(memory.buffer, end, array.length);
    copy.set(array);
    end += array.length;
    return copy;
  });
}
