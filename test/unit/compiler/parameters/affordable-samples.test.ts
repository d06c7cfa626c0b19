import { expect, test } from 'vitest';

import { affordableSamples } from '../../../../compiler/parameters/affordable-samples.ts';

const large = 1e12;

test('small programs are predicted on all samples', () => {
  expect(affordableSamples(8192 * 1000, 10, 'quick')).toBe(16);
  expect(affordableSamples(8192 * 1000, 10, 'thorough')).toBe(96);
});

test('what a prediction takes is bounded', () => {
  const work = 4096 * 20_000;
  expect(affordableSamples(work, 100, 'quick')).toBe(Math.floor(5e8 / work));
  expect(affordableSamples(work, 100, 'thorough')).toBe(Math.floor(4e9 / work));
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
