/** Sets of rests as words against sets of numbers, and cuts of steps against counting them one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  addMoved,
  addRest,
  bitsOf,
  countRests,
  foldRests,
  restsIn,
  wordsFor,
} from '../../../../compiler/kernels/parts/rest-set.ts';
import { StepSplitter } from '../../../../compiler/kernels/parts/step-splitter.ts';
import { modulo } from '../../../../ir/maths/modular.ts';

const sets = fc
  .integer({ min: 0, max: 9 })
  .chain((log) =>
    fc.record({ period: fc.constant(2 ** log), rests: fc.uniqueArray(fc.nat(2 ** log - 1), { maxLength: 40 }) }),
  );

function wordsOf({ period, rests }: { readonly period: number; readonly rests: readonly number[] }): Int32Array {
  const words = new Int32Array(wordsFor(period));
  for (const rest of rests) addRest(words, rest);
  return words;
}

function ascending(numbers: readonly number[]): number[] {
  return [...new Set(numbers)].sort((a, b) => a - b);
}

test('rests are what was added, and their bits', () => {
  fc.assert(
    fc.property(sets, (set) => {
      const words = wordsOf(set);
      expect(restsIn(words)).toEqual(ascending(set.rests));
      expect(countRests(words)).toBe(set.rests.length);
      expect(bitsOf(words)).toBe(set.rests.reduce((bits, rest) => bits | rest, 0));
    }),
  );
});

test('moved rests join others modulo the period', () => {
  fc.assert(
    fc.property(sets, fc.integer({ min: -600, max: 600 }), fc.nat(), (set, shift, seed) => {
      const { period, rests } = set;
      const other = seed & (period - 1);
      const into = wordsOf({ period, rests: [other] });
      addMoved(into, wordsOf(set), shift, period);
      expect(restsIn(into)).toEqual(ascending([other, ...rests.map((rest) => modulo(rest + shift, period))]));
    }),
  );
});

test('folded rests lack the bits that are folded', () => {
  fc.assert(
    fc.property(sets, fc.nat(1023), (set, folded) => {
      const words = wordsOf(set);
      foldRests(words, folded);
      expect(restsIn(words)).toEqual(ascending(set.rests.map((rest) => rest & ~folded)));
    }),
  );
});

test('cuts cost as many babies and giants as there are, and no less than the bound says', () => {
  const slots = 512;
  const steps = fc.uniqueArray(fc.integer({ min: -slots / 2, max: slots / 2 - 1 }), { minLength: 1, maxLength: 60 });
  const cuts = fc.record({ width: fc.integer({ min: 1, max: 64 }), side: fc.constantFrom(0, 1, 2) });
  fc.assert(
    fc.property(fc.array(steps, { minLength: 4, maxLength: 4 }), cuts, (lists, { width, side }) => {
      const from = [0, 1 - width, -width / 2][side] ?? 0;
      const weights = { baby: 0.25, giant: 1 };
      const sets = new Map(
        lists.map((list, pair) => [pair, wordsOf({ period: slots, rests: list.map((step) => modulo(step, slots)) })]),
      );
      const splitter = new StepSplitter({ sets, inputs: 2, slots, weights }, (rest) =>
        2 * rest >= slots ? rest - slots : rest,
      );
      const rotated = (pairs: readonly number[], part: (step: number) => number): number =>
        new Set(pairs.flatMap((pair) => (lists[pair] ?? []).map((step) => modulo(part(step), slots)))).size;
      const [baby, giant] = [
        (step: number) => modulo(step - from, width) + from,
        (step: number) => step - modulo(step - from, width) - from,
      ] as const;
      const isRotated = (pairs: readonly number[], part: (step: number) => number): number =>
        rotated(pairs, part) -
        (pairs.some((pair) => lists[pair]?.some((step) => modulo(part(step), slots) === 0)) ? 1 : 0);
      const babies = isRotated([0, 2], baby) + isRotated([1, 3], baby);
      const giants = isRotated([0, 1], giant) + isRotated([2, 3], giant);
      const cost = splitter.cost(width, from);
      expect(cost).toBe(0.25 * babies + giants);
      expect(splitter.leastCost(width, 1, slots)).toBeLessThanOrEqual(cost);
    }),
  );
});
