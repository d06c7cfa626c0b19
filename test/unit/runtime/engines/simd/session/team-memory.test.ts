/** The memory of a plan serves the next one. */
import { expect, test } from 'vitest';
import { pageBytes } from '../../../../../../runtime/rns/kernels/module.ts';
import type { MemoryPlan } from '../../../../../../runtime/engines/simd/session/memory-plan.ts';
import {
  createTeamMemory,
  releaseTeamMemory,
  type PlacedMemory,
  teamMemoryInUse,
} from '../../../../../../runtime/engines/simd/session/team-memory.ts';

/** With one page for keys at the end. */
function planOf(pages: number, placePages = 1): MemoryPlan {
  const at = pageBytes;
  const regions = {
    ...{ team: at, context: at, workspace: at, encoders: at, loading: at },
    ...{ permutations: at, keys: at, values: at, staging: at, plaintexts: at },
  };
  return { regions, lanes: [], totalBytes: pages * pageBytes, placeBytes: placePages * pageBytes };
}

/** A memory that was written to from end to end. */
function release(memory: PlacedMemory): void {
  new Uint8Array(memory.memory.buffer).fill(7);
  releaseTeamMemory(memory, memory.memory.buffer.byteLength);
}

test('a released memory is taken again, all zero, and grows', () => {
  const first = createTeamMemory(planOf(4), 1);
  release(first);
  const second = createTeamMemory(planOf(9), 1);
  expect(second.memory).toBe(first.memory);
  expect(second.memory.buffer.byteLength).toBe(9 * pageBytes);
  expect(new Uint8Array(second.memory.buffer).every((byte) => byte === 0)).toBe(true);
  release(second);
  const third = createTeamMemory(planOf(2), 3);
  expect(third.memory).toBe(first.memory);
  expect(third.words.every((word) => word === 0)).toBe(true);
  release(third);
  expect(teamMemoryInUse()).toBe(0);
});

test('memories in use are apart', () => {
  const [first, second] = [createTeamMemory(planOf(2), 1), createTeamMemory(planOf(2), 1)];
  expect(first.memory).not.toBe(second.memory);
  expect(teamMemoryInUse()).toBe(first.memory.buffer.byteLength + second.memory.buffer.byteLength);
  release(first);
  release(second);
  const third = createTeamMemory(planOf(2), 1);
  const fourth = createTeamMemory(planOf(2), 1);
  expect(third.memory).toBe(second.memory);
  expect(fourth.memory).not.toBe(third.memory);
  release(third);
  release(fourth);
  expect(teamMemoryInUse()).toBe(0);
});

test('there is room for as many keys as were asked for, or for fewer where there is not so much', () => {
  const some = createTeamMemory(planOf(4), 5);
  expect(some.places).toBe(5);
  expect(some.memory.buffer.byteLength).toBeGreaterThanOrEqual(8 * pageBytes);
  releaseTeamMemory(some, 0);
  // Beyond what 32 bits reach.
  const many = createTeamMemory(planOf(4, 1024), 1024);
  expect(many.places).toBeGreaterThanOrEqual(1);
  expect(many.places).toBeLessThanOrEqual(64);
  expect(many.memory.buffer.byteLength).toBeGreaterThanOrEqual((4 + (many.places - 1) * 1024) * pageBytes);
  releaseTeamMemory(many, 0);
  expect(() => createTeamMemory(planOf(2 ** 18 + 1), 1)).toThrow(/H632/);
  expect(teamMemoryInUse()).toBe(0);
});

test('a plan beyond 4 GiB gets a wide memory, which serves none that is narrow, nor the other way round', () => {
  const wide = planOf(2 ** 16 + 1);
  const first = createTeamMemory(wide, 1);
  expect(first.addressing).toBe('wide');
  expect(first.memory.buffer.byteLength).toBe(2 ** 32 + pageBytes);
  releaseTeamMemory(first, pageBytes);
  const second = createTeamMemory(wide, 2);
  expect(second.memory).toBe(first.memory);
  expect(second.memory.buffer.byteLength).toBe(2 ** 32 + 2 * pageBytes);
  releaseTeamMemory(second, pageBytes);
  const narrow = createTeamMemory(planOf(2), 1);
  expect(narrow.addressing).toBe('narrow');
  expect(narrow.memory).not.toBe(second.memory);
  release(narrow);
  const third = createTeamMemory(wide, 1);
  expect(third.memory).not.toBe(narrow.memory);
  releaseTeamMemory(third, 0);
  expect(teamMemoryInUse()).toBe(0);
});
