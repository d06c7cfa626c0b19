import { expect, test } from 'vitest';
import { freeBytes } from '../../../../runtime/base/free-bytes.ts';

test('memory goes that is all of the bytes, and no other', () => {
  const whole = new Uint8Array(100).fill(1);
  freeBytes(whole);
  expect(whole.length).toBe(0);
  freeBytes(whole);
  const memory = new Uint8Array(100).fill(1);
  freeBytes(memory.subarray(0, 50));
  const shared = new Uint8Array(new SharedArrayBuffer(100)).fill(1);
  freeBytes(shared);
  expect([memory, shared]).toEqual([new Uint8Array(100).fill(1), new Uint8Array(100).fill(1)]);
});
