/** ZipMap: names for the entries of an answer. */
import { expect, test } from 'vitest';

import { HepcError } from '../../../../../../../ir/diagnostics/diagnostic.ts';
import { modelOutputs } from '../../../../../../../ir/client/steps.ts';
import { type AttributeSpec, model } from '../../../../../../support/onnx-builder.ts';
import { given, ml, numbers } from '../../../cases/ml/case.ts';
import { importModel } from '../../../differential.ts';
import { answer } from './same-answers.ts';

const scores = { coefficients: { floats: numbers(6) }, targets: 2, intercepts: { floats: [1, 2] } };

function zipped(shape: readonly (number | string)[], keys: Readonly<Record<string, AttributeSpec>>): Uint8Array {
  const nodes = [ml('LinearRegressor', 'x', 's', scores), ml('ZipMap', 's', 'y', keys)];
  return model(given('ZipMap', { inputs: { x: shape }, nodes }).spec);
}

function refusal(shape: readonly (number | string)[], keys: Readonly<Record<string, AttributeSpec>>): string {
  try {
    importModel(zipped(shape, keys));
  } catch (error) {
    if (error instanceof HepcError) return error.diagnostics.map(({ code, message }) => `${code} ${message}`).join();
    throw error;
  }
  return 'accepted';
}

test.each([
  ['texts', { classlabels_strings: { strings: ['no', 'yes'] } }, ['no', 'yes']],
  ['numbers', { classlabels_int64s: [4, -7] }, [4, -7]],
])('%s', (_, attributes, keys) => {
  const imported = importModel(zipped(['batch', 3], attributes));
  expect(modelOutputs(imported.steps, imported.outputs)).toEqual([
    { name: 'y', elements: 'real', shape: [2], hasBatchAxis: true, keys },
  ]);
  const w = numbers(6);
  expect(answer(imported, new Map([['x', Float64Array.of(1, 0, 2)]])).get('y')).toEqual(
    Float64Array.of(1 + (w[0] ?? 0) + 2 * (w[2] ?? 0), 2 + (w[3] ?? 0) + 2 * (w[5] ?? 0)),
  );
});

test('keys that do not fit', () => {
  expect(refusal(['batch', 3], { classlabels_int64s: [1, 2, 3] })).toBe('H106 ZipMap has 3 keys for 2 numbers');
});

test('several static rows are several maps', () => {
  expect(refusal([2, 3], { classlabels_int64s: [1, 2] })).toBe('H105 ZipMap makes a map for each of several rows');
});
