/** Saved keys in the memory of values and plaintexts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lend, placeToLend } from '../../../../../../runtime/engines/simd/session/lend-memory.ts';
import { createMemory, pageBytes } from '../../../../../../runtime/engines/simd/kernels/module.ts';
import { planMemory } from '../../../../../../runtime/engines/simd/session/memory-plan.ts';
import { selfCheckBytes } from '../../../../../../runtime/engines/simd/memory/self-check.ts';

const n = 4096;
const before = { team: 192, context: 1e5, workspace: 2e5, encoders: 3e4, loading: 1e5, permutations: 1e4, keys: 1e6 };

test('is behind the keys and the self-check, and ends where the memory ends or makes it longer', () => {
  const bytes = fc.nat(2 ** 31);
  fc.assert(
    fc.property(bytes, bytes, (plaintexts, saved) => {
      const plan = planMemory({ ...before, values: selfCheckBytes(n), staging: 0, plaintexts });
      const place = placeToLend(plan, n, saved);
      if (place === undefined) {
        expect(plan.regions.values + selfCheckBytes(n) + saved).toBeGreaterThan(2 ** 32);
        return;
      }
      expect(place.address).toBeGreaterThanOrEqual(plan.regions.values + selfCheckBytes(n));
      expect(place.address + saved).toBeLessThanOrEqual(place.totalBytes);
      expect(place.totalBytes).toBeGreaterThanOrEqual(plan.totalBytes);
      expect(place.totalBytes).toBeLessThanOrEqual(Math.max(plan.totalBytes, place.address + saved));
    }),
  );
});

test('copies what is there', () => {
  const memory = createMemory(2 * pageBytes);
  const [none, first, second] = lend(memory, pageBytes, [undefined, Uint8Array.of(1, 2), Uint8Array.of(3)]);
  expect(none).toBeUndefined();
  expect([...(first ?? []), ...(second ?? [])]).toEqual([1, 2, 3]);
  expect([...new Uint8Array(memory.buffer, pageBytes, 4)]).toEqual([1, 2, 3, 0]);
  expect(first?.buffer).toBe(memory.buffer);
});
