import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { composeByLevel, type KeyRoom, type StepUses } from '../../../../passes/he/compose-by-level.ts';

const slots = 256;
/** About as keys of an engine that loads digits up to the level of use. */
const keyBytes = (level: number): number => (level + 1) * (level + 2);

function room(bytes: number, most = Infinity): KeyRoom {
  return { slots, bytes, most, keyBytes };
}

function usesOf(rows: readonly (readonly [level: number, steps: readonly number[]])[]): StepUses {
  return new Map(rows.map(([level, steps]) => [level, new Map(steps.map((step) => [step, 1]))]));
}

/** Highest level of each key. */
function keysOf(composed: ReturnType<typeof composeByLevel>): Map<number, number> {
  const keys = new Map<number, number>();
  for (const [level, composition] of composed)
    for (const part of [...composition.values()].flat()) keys.set(part, Math.max(keys.get(part) ?? 0, level));
  return keys;
}

function bytesOf(composed: ReturnType<typeof composeByLevel>): number {
  return [...keysOf(composed).values()].reduce((sum, level) => sum + keyBytes(level), 0);
}

const levelled = fc
  .uniqueArray(
    fc.tuple(fc.nat(12), fc.uniqueArray(fc.integer({ min: 1, max: slots - 1 }), { minLength: 1, maxLength: 12 })),
    {
      selector: ([level]) => level,
      minLength: 1,
      maxLength: 4,
    },
  )
  .map(usesOf);

test('every rotation is the sum of its parts, within the room where that holds four keys of the highest level', () => {
  fc.assert(
    fc.property(levelled, fc.integer({ min: 0, max: 60 }), (uses, more) => {
      const top = Math.max(...uses.keys());
      const bytes = 4 * keyBytes(top) + more;
      const composed = composeByLevel(uses, room(bytes));
      expect([...composed.keys()].sort()).toEqual([...uses.keys()].sort());
      for (const [level, steps] of uses) {
        const composition = composed.get(level);
        expect([...(composition?.keys() ?? [])].sort()).toEqual([...steps.keys()].sort());
        for (const [step, parts] of composition ?? [])
          expect(parts.reduce((sum, part) => sum + part, 0) % slots).toBe(step);
      }
      expect(bytesOf(composed)).toBeLessThanOrEqual(bytes);
    }),
  );
});

test('what fits is left alone', () => {
  const uses = usesOf([[3, [1, 2, 3]]]);
  expect(composeByLevel(uses, room(3 * keyBytes(3))).get(3)).toEqual(new Map([1, 2, 3].map((step) => [step, [step]])));
});

describe('a step', () => {
  test('keeps its key at low levels, where that takes few bytes, and is composed above', () => {
    const uses = usesOf([
      [10, [1, 2, 3]],
      [1, [1, 2, 3]],
    ]);
    const composed = composeByLevel(uses, room(2 * keyBytes(10) + keyBytes(1)));
    expect([...(composed.get(10)?.values() ?? [])].flat()).toHaveLength(4);
    expect([...(composed.get(1)?.values() ?? [])].flat()).toEqual([1, 2, 3]);
  });

  test('that is used often keeps its key', () => {
    const counts = new Map([1, 2, 3].map((step) => [step, step === 3 ? 1 : 9]));
    const composed = composeByLevel(new Map([[4, counts]]), room(2 * keyBytes(4)));
    expect(composed.get(4)?.get(3)).toEqual([2, 1]);
  });
});

test('fewer keys than powers of two, where there is no room for these', () => {
  const uses = usesOf([[5, [1, 2, 4, 8, 16, 32, 64, 128]]]);
  const composed = composeByLevel(uses, room(4 * keyBytes(5)));
  expect(keysOf(composed).size).toBeLessThanOrEqual(4);
  expect(bytesOf(composed)).toBeLessThanOrEqual(4 * keyBytes(5));
  expect(composeByLevel(uses, room(8 * keyBytes(5), 3)).get(5)?.size).toBe(8);
});

test('where nothing fits the fewest bytes are taken, of a single key', () => {
  const composed = composeByLevel(usesOf([[5, [3, 5]]]), room(1));
  expect(keysOf(composed).size).toBe(1);
});
