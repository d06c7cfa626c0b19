/** Memory for bytes that are handed over again and again. */
import { expect, test } from 'vitest';
import { SharedRoom } from '../../../../../runtime/engines/threads/shared-memory.ts';

const bytes = (length: number, value: number): Uint8Array => new Uint8Array(length).fill(value);

test('a room has what it was given last, in the memory of before where that is large enough', () => {
  const room = new SharedRoom();
  const [first, second] = room.share([bytes(100, 1), bytes(10, 2)]);
  expect([first, second]).toEqual([bytes(100, 1), bytes(10, 2)]);
  expect(first?.buffer).toBeInstanceOf(SharedArrayBuffer);
  const [smaller, larger] = room.share([bytes(50, 3), bytes(20, 4)]);
  expect([smaller, larger]).toEqual([bytes(50, 3), bytes(20, 4)]);
  expect(smaller?.buffer).toBe(first?.buffer);
  expect(larger?.buffer).not.toBe(second?.buffer);
  const rooms = [1, 2].map((value) => room.share([bytes(2 ** 22 + 1, value)]));
  // What is large is not kept.
  expect(rooms.map(([each]) => each?.[2 ** 22])).toEqual([1, 2]);
});
