/** What counts as answering like the library. */
import { expect, test } from 'vitest';
import { floats, model, node } from '../../support/onnx-builder.ts';
import type { LibraryOutput } from './models.ts';
import { passes } from './report.ts';
import { runModel } from './run.ts';

/** y = 2x - z of 24 samples [x, z]. */
const bytes = model({
  inputs: { X: ['N', 2] },
  nodes: [node('MatMul', 'X w', 'y')],
  initializers: { w: floats([2, 1], [2, -1]) },
  outputs: ['y'],
});
const samples = Array.from({ length: 24 }, (_, k) => new Map([['X', Float64Array.of(k / 24, 1 - k / 12)]]));
const right = samples.map((_, k) => [k / 6 - 1]);

async function answersLike(output: LibraryOutput): Promise<boolean> {
  const answers = { maxError: 0.01, outputs: [output] };
  return passes(await runModel({ name: 'line', bytes, answers, samples: () => samples }));
}

test('values within the error, of the right number', async () => {
  expect(await answersLike({ kind: 'values', rows: right })).toBe(true);
  expect(await answersLike({ kind: 'values', rows: right.with(7, [0.3]) })).toBe(false);
  expect(await answersLike({ kind: 'values', rows: right.with(7, [1 / 6, 0]) })).toBe(false);
});

test('labels are compared as they are', async () => {
  expect(await answersLike({ kind: 'labels', values: right.map(String) })).toBe(false);
});

test('a model that does not compile fails', async () => {
  const unreadable = { name: 'nothing', bytes: new Uint8Array(3), samples: () => samples };
  const outcome = await runModel({
    ...unreadable,
    answers: { maxError: 0.01, outputs: [{ kind: 'values', rows: right }] },
  });
  expect(outcome).toMatchObject({ failure: expect.stringContaining('H101') as unknown });
  expect(passes(outcome)).toBe(false);
});
