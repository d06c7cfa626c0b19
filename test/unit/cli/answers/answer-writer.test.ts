/** Answers that come in pieces make the file of all of them. */
import { expect, test } from 'vitest';
import { type AnswerFormat, AnswerWriter } from '../../../../cli/answers/answer-writer.ts';
import { type AnswerPort, nestOutputs } from '../../../../cli/answers/answers.ts';
import { encodeAnswers } from '../../../../cli/answers/encode-answers.ts';
import type { Answer, AnswerValue } from '../../../../ir/interface.ts';

const scores: AnswerPort = { name: 'sco"res', shape: [2, 2] };
const scalar: AnswerPort = { name: 'y', shape: [] };
const inside: AnswerPort = { name: 'steps', shape: [2, 2], batchAxis: 1 };
const label: AnswerPort = { name: 'label', shape: [], elements: 'integer' };
const text: AnswerPort = { name: 'text', shape: [], elements: 'string' };
const chances: AnswerPort = { name: 'chances', shape: [2], keys: ['a', 'b'] };

const answers = Array.from({ length: 7 }, (_, k): Answer => {
  const four = Float64Array.of(k, -k / 3, 1e-9 * k, 7);
  return new Map<string, AnswerValue>([
    [scores.name, four],
    [scalar.name, Float64Array.of(k / 7)],
    [inside.name, four],
    [label.name, Float64Array.of(k % 3)],
    [text.name, [`text ${'x'.repeat(k)}`]],
    [
      chances.name,
      new Map([
        ['a', k],
        ['b', 1 - k],
      ]),
    ],
  ]);
});

/** The file, with what was appended before the end. */
async function written(outputs: readonly AnswerPort[], format: AnswerFormat, list: readonly Answer[], step: number) {
  const pieces: Uint8Array[] = [];
  const writer = new AnswerWriter(outputs, format, list.length, (bytes) => {
    pieces.push(bytes);
    return Promise.resolve();
  });
  for (let first = 0; first < list.length; first += step) await writer.add(list.slice(first, first + step));
  await writer.add([]);
  const early = pieces.length;
  await writer.finish();
  return { bytes: Buffer.concat(pieces), early };
}

test.each([
  [[scores]],
  [[scalar]],
  [[inside]],
  [[label]],
  [[text]],
  [[chances]],
  [[label, scores]],
  [[text, chances, inside]],
])('of %j', async (outputs) => {
  for (const step of [1, 3, 7]) {
    const json = await written(outputs, 'json', answers, step);
    expect(json.bytes.toString()).toBe(`${JSON.stringify(nestOutputs(outputs, answers))}\n`);
    for (const format of ['npz', 'numpy'] as const) {
      const { bytes } = await written(outputs, format, answers, step);
      expect(bytes.equals(encodeAnswers(outputs, answers, format))).toBe(true);
    }
    const { bytes: csv } = await written(outputs, 'csv', answers, step);
    expect(csv.equals((await written(outputs, 'csv', answers, 7)).bytes)).toBe(true);
    expect(csv.toString().trimEnd().split('\r\n')).toHaveLength(8);
  }
});

test('of many are appended as they come, but not one by one', async () => {
  const many = Array.from({ length: 10_000 }, (_, k) => answers[k % 7] ?? new Map<string, AnswerValue>());
  for (const format of ['npy', 'json', 'csv'] as const) {
    const { bytes, early } = await written([scores], format, many, 1);
    expect(early).toBeGreaterThan(1);
    expect(early).toBeLessThanOrEqual(bytes.length / 2 ** 16);
  }
});
