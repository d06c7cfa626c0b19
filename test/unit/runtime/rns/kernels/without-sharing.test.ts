/** The kernels over a memory that is not shared. */
import { expect, test } from 'vitest';
import { InternalError } from '../../../../../ir/diagnostics/diagnostic.ts';
import {
  compileKernels,
  compileOwnKernels,
  createMemory,
  createOwnMemory,
  instantiate,
  pageBytes,
} from '../../../../../runtime/rns/kernels/module.ts';
import { readKernels } from '../../../../../runtime/rns/kernels/read-kernels.ts';
import { withoutSharing } from '../../../../../runtime/rns/kernels/without-sharing.ts';

test('each build takes the memory that it is for, and no other', async () => {
  const [shared, own] = [createMemory(pageBytes), createOwnMemory(pageBytes + 1)];
  expect(own.buffer).toBeInstanceOf(ArrayBuffer);
  expect(own.buffer.byteLength).toBe(2 * pageBytes);
  expect(instantiate(await compileOwnKernels(), own).isFused()).toBe(1);
  expect(instantiate(await compileKernels(), shared).isFused()).toBe(1);
  const [ofShared, ofOwn] = [await compileKernels(), await compileOwnKernels()];
  expect(() => instantiate(ofShared, own)).toThrow(WebAssembly.LinkError);
  expect(() => instantiate(ofOwn, shared)).toThrow(WebAssembly.LinkError);
});

test('one bit differs, in a copy', async () => {
  const bytes = new Uint8Array((await readKernels()) as ArrayBuffer);
  const before = bytes.slice();
  const changed = withoutSharing(bytes);
  expect(bytes).toEqual(before);
  const differences = [...before.keys()].filter((i) => changed[i] !== before[i]);
  expect(differences.map((i) => (changed[i] ?? 0) ^ (before[i] ?? 0))).toEqual([2]);
});

test('a module that imports no memory is none of ours', () => {
  const empty = Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0);
  expect(() => withoutSharing(empty)).toThrow(InternalError);
});
