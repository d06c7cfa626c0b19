/**
 * The size of an instance's heap. SEAL does not fail cleanly when its 4 GiB are full: its allocator tries again and
 * again, for minutes. So whoever allocates in a loop looks first.
 */
import type { MainModule } from 'node-seal';

/** What is left above it suffices for any single operation. */
const fullBytes = 3.9 * 2 ** 30;

const memories = new WeakMap<MainModule, WebAssembly.Memory>();

/** Remembers the memory that `instance`, of which `seal` is the interface, exports. */
export function registerHeap(seal: MainModule, instance: WebAssembly.Instance): void {
  const memory = Object.values(instance.exports).find((value) => value instanceof WebAssembly.Memory);
  if (memory !== undefined) memories.set(seal, memory);
}

/** Throws a `RangeError` that `isOutOfMemory` knows when the heap is all but full. */
export function requireHeap(seal: MainModule): void {
  const bytes = memories.get(seal)?.buffer.byteLength ?? 0;
  if (bytes > fullBytes) throw new RangeError(`out of memory: the heap has ${bytes} bytes`);
}
