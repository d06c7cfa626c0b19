import { expect, test } from 'vitest';
import { isOutOfMemory } from '../../../../runtime/seal/library/exceptions.ts';
import { registerHeap, requireHeap } from '../../../../runtime/seal/library/heap.ts';
import { instantiateSeal } from '../../../../runtime/seal/library/module.ts';

/** An instance that exports a memory of so many pages of 64 KiB, as "m". */
function memoryOf(pages: number): WebAssembly.Instance {
  const size = [0x80 | (pages & 0x7f), 0x80 | ((pages >> 7) & 0x7f), pages >> 14];
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const memorySection = [5, 2 + size.length, 1, 0, ...size];
  const exportSection = [7, 5, 1, 1, 0x6d, 2, 0];
  return new WebAssembly.Instance(
    new WebAssembly.Module(Uint8Array.from([...header, ...memorySection, ...exportSection])),
  );
}

test('a heap that is all but full is noticed before SEAL meets its end', async () => {
  const seal = await instantiateSeal();
  registerHeap(seal, memoryOf(1000));
  requireHeap(seal);
  registerHeap(seal, memoryOf(64_000));
  let failure: unknown;
  try {
    requireHeap(seal);
  } catch (error) {
    failure = error;
  }
  expect(isOutOfMemory(failure)).toBe(true);
  expect(isOutOfMemory(new Error('no room for zoom'))).toBe(false);
});
