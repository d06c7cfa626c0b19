import fc from 'fast-check';
import { expect, test } from 'vitest';
import { composeSteps, keysOf } from '../../../../passes/he/compose-steps.ts';

const slots = 256;

test('every step is the sum of its parts, in few enough keys where that is possible', () => {
  const steps = fc.uniqueArray(fc.integer({ min: 1, max: slots - 1 }), { minLength: 1, maxLength: 40 });
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 40 }), (used, most) => {
      const uses = new Map(used.map((step, k) => [step, 1 + (k % 3)]));
      const composition = composeSteps(uses, slots, most);
      expect([...composition.keys()].sort((a, b) => a - b)).toEqual([...used].sort((a, b) => a - b));
      for (const [step, parts] of composition) expect(parts.reduce((sum, part) => sum + part, 0) % slots).toBe(step);
      const powers = new Set(used.flatMap((step) => [...Array(8).keys()].map((bit) => step & (1 << bit))));
      powers.delete(0);
      expect(keysOf(composition).size).toBeLessThanOrEqual(Math.max(most, powers.size));
    }),
  );
});

test('steps that others add up to are given up first', () => {
  const uses = new Map([1, 3, 5, 6, 7].map((step) => [step, 1]));
  const composition = composeSteps(uses, slots, 4);
  expect(keysOf(composition).size).toBe(4);
  expect([...composition.values()].flat()).toHaveLength(6);
});

test('a step that is used often keeps its key', () => {
  const composition = composeSteps(
    new Map([
      [1, 1],
      [3, 1],
      [4, 9],
    ]),
    slots,
    2,
  );
  expect(composition.get(4)).toEqual([4]);
  expect(composition.get(3)).toEqual([1, 1, 1]);
});
