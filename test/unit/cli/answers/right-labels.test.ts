/** Which output of an answer is its label, and how many are right. */
import { expect, test } from 'vitest';
import { labelOutput, RightLabels } from '../../../../cli/answers/right-labels.ts';
import type { Answer, AnswerValue, ModelPort } from '../../../../ir/interface.ts';

const image: ModelPort = { name: 'image', shape: [1, 2, 2], hasBatchAxis: true };
const scores: ModelPort = { name: 'scores', shape: [3], hasBatchAxis: true };
const label: ModelPort = { name: 'label', shape: [], hasBatchAxis: true, elements: 'integer' };
const text: ModelPort = { name: 'text', shape: [], hasBatchAxis: true, elements: 'string' };

function answer(...values: readonly number[]): Answer {
  return new Map<string, AnswerValue>([
    ['scores', Float64Array.from(values)],
    ['label', Float64Array.of(7)],
    ['text', ['seven']],
  ]);
}

const answers = [answer(3, 2, 1), answer(1, 3, 2), answer(1, 2, 3), answer(2, 3, 1)];

test('the output of one integer before scores', () => {
  expect(labelOutput([image], [scores])).toBe('scores');
  expect(labelOutput([image], [scores, text])).toBe('scores');
  expect(labelOutput([image], [label, scores])).toBe('label');
});

test('none where there is no such output, or more than one', () => {
  expect(labelOutput([image], [text])).toBeUndefined();
  expect(labelOutput([image], [scores, { ...scores, name: 'more' }])).toBeUndefined();
  expect(labelOutput([image], [label, { ...label, name: 'more' }])).toBeUndefined();
  // What is reconstructed has an element for each of the inputs; texts and maps are no scores.
  expect(labelOutput([image], [{ ...scores, shape: [4] }])).toBeUndefined();
  expect(labelOutput([image], [{ ...text, shape: [3] }])).toBeUndefined();
  expect(labelOutput([image], [{ ...scores, keys: [1, 2, 3] }])).toBeUndefined();
});

test('the place of the largest score, or the integer', () => {
  expect(new RightLabels('scores', [0, 0, 2, 1]).add(answers).share).toBe(0.75);
  expect(new RightLabels('label', [7, 0, 7, 6]).add(answers).share).toBe(0.5);
});

test('by pieces as at once', () => {
  const pieces = new RightLabels('scores', [0, 0, 2, 1]).add(answers.slice(0, 1)).add(answers.slice(1));
  expect(pieces.share).toBe(0.75);
});
