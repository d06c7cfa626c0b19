/** Which output of an answer is its label, and how many are right. */
import { expect, test } from 'vitest';
import { rightLabels } from '../../../../cli/answers/right-labels.ts';
import type { Answer, AnswerValue, ModelPort } from '../../../../ir/interface.ts';

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

const plan = [answer(3, 2, 1), answer(1, 3, 2), answer(1, 2, 3), answer(2, 3, 1)];
const model = [answer(3, 2, 1), answer(3, 1, 2), answer(1, 2, 3), answer(3, 2, 1)];

test('the place of the largest score', () => {
  expect(rightLabels([scores], ['scores'], { plan, model, labels: [0, 0, 2, 1] })).toEqual({ plan: 0.75, model: 0.75 });
  expect(rightLabels([scores, text], ['scores'], { plan, model, labels: [0, 1, 2, 1] })).toEqual({
    plan: 1,
    model: 0.5,
  });
});

test('an output of one integer before scores', () => {
  const labels = [7, 0, 7, 7];
  expect(rightLabels([label, scores], ['scores'], { plan, model, labels })).toEqual({ plan: 0.75, model: 0.75 });
});

test('nothing where there is no such output, or more than one', () => {
  const labels = [0, 1, 2, 1];
  expect(rightLabels([text], [], { plan, model, labels })).toBeUndefined();
  expect(rightLabels([scores, scores], ['scores', 'more'], { plan, model, labels })).toBeUndefined();
  expect(rightLabels([label, label], ['scores'], { plan, model, labels })).toBeUndefined();
});
