/** The memory of a session serves the next one. */
import { expect, test } from 'vitest';
import type { MemoryPlan } from '../../../../../../runtime/engines/simd/session/memory-plan.ts';
import { pageBytes } from '../../../../../../runtime/engines/simd/kernels/module.ts';
import { createTeamMemory, releaseTeamMemory } from '../../../../../../runtime/engines/simd/session/team-memory.ts';

function planOf(pages: number): MemoryPlan {
  const at = pageBytes;
  const regions = {
    ...{ team: at, context: at, workspace: at, encoders: at, loading: at },
    ...{ permutations: at, keys: at, values: at, staging: at, plaintexts: at },
  };
  return { regions, totalBytes: pages * pageBytes };
}

test('a released memory is taken again, all zero, and grows', () => {
  const first = createTeamMemory(planOf(4));
  new Uint8Array(first.memory.buffer).fill(7);
  releaseTeamMemory(first);
  const second = createTeamMemory(planOf(9));
  expect(second.memory).toBe(first.memory);
  expect(second.memory.buffer.byteLength).toBe(9 * pageBytes);
  expect(new Uint8Array(second.memory.buffer).every((byte) => byte === 0)).toBe(true);
  releaseTeamMemory(second);
  const third = createTeamMemory(planOf(2));
  expect(third.memory).toBe(first.memory);
  expect(third.words.every((word) => word === 0)).toBe(true);
});

test('memories in use are apart', () => {
  const [first, second] = [createTeamMemory(planOf(2)), createTeamMemory(planOf(2))];
  expect(first.memory).not.toBe(second.memory);
  releaseTeamMemory(first);
  releaseTeamMemory(second);
  const third = createTeamMemory(planOf(2));
  const fourth = createTeamMemory(planOf(2));
  expect(third.memory).toBe(second.memory);
  expect(fourth.memory).not.toBe(third.memory);
});
