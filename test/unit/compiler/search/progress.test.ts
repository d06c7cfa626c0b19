/** Fractions of a compilation: parts of parts, never down, each told once. */
import { expect, test } from 'vitest';
import { afterRounds, Progress } from '../../../../compiler/search/progress.ts';

function recording() {
  const steps: [string, number][] = [];
  const fractions: number[] = [];
  const progress = Progress.of(
    (step, fraction) => steps.push([step, fraction]),
    (fraction) => fractions.push(fraction),
  );
  return { steps, fractions, progress };
}

test('parts of parts are fractions of the whole', () => {
  const { steps, fractions, progress } = recording();
  const second = progress.part(0.2, 0.6).share(1, 2);
  second.begin('second');
  second.at(0.5);
  second.share(3, 4).at(1);
  expect(steps).toEqual([['second', 0.4]]);
  expect(fractions.map((each) => Number(each.toFixed(6)))).toEqual([0.4, 0.5, 0.6]);
});

test('what was skipped is done, and nothing goes back', () => {
  const { steps, fractions, progress } = recording();
  progress.part(0.5, 1).begin('later');
  progress.part(0, 0.5).begin('earlier', 0.5);
  progress.at(0.3);
  expect(steps).toEqual([
    ['later', 0.5],
    ['earlier', 0.5],
  ]);
  expect(fractions).toEqual([0.5]);
});

test('a step is told when it begins, small advances are not told, the end is', () => {
  const { steps, fractions, progress } = recording();
  for (let k = 0; k < 10_000; k++) progress.begin('same', k / 10_000);
  progress.at(1);
  progress.at(1);
  expect(steps).toEqual([['same', 0]]);
  expect(fractions.length).toBeLessThan(600);
  expect(fractions.at(-1)).toBe(1);
});

test('rounds of unknown number approach their end', () => {
  const fractions = [0, 1, 2, 10].map(afterRounds);
  expect(fractions[0]).toBe(0);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(afterRounds(50)).toBeLessThan(1);
});
