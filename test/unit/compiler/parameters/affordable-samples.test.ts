import { expect, test } from 'vitest';

import { affordableSamples, mostWork } from '../../../../compiler/parameters/affordable-samples.ts';

const large = 1e12;

test('small programs are predicted on all samples', () => {
  expect(affordableSamples(8192 * 1000, 10, 'quick')).toBe(16);
  expect(affordableSamples(8192 * 1000, 10, 'thorough')).toBe(96);
});

test('what a prediction takes is bounded', () => {
  const work = 4096 * 10_000;
  expect(affordableSamples(work, 100, 'quick')).toBe(Math.floor(mostWork.quick / work));
  expect(affordableSamples(work, 100, 'thorough')).toBe(Math.floor(mostWork.thorough / work));
});

test.each([
  { elements: 1, quick: 16, thorough: 96 },
  { elements: 10, quick: 4, thorough: 16 },
  { elements: 1000, quick: 2, thorough: 2 },
])(
  'however large a program, it is predicted on samples enough: $elements elements',
  ({ elements, quick, thorough }) => {
    expect(affordableSamples(large, elements, 'quick')).toBe(quick);
    expect(affordableSamples(large, elements, 'thorough')).toBe(thorough);
  },
);
