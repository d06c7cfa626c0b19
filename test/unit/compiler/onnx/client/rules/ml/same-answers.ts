/** Whether an imported model and its client steps answer what onnxruntime answers, labels and texts included. */
import { expect } from 'vitest';

import type { ImportedModel } from '../../../../../../../compiler/onnx/import.ts';
import type { ClientSample, ClientValue } from '../../../../../../../ir/interface.ts';
import { modelInputs } from '../../../../../../../ir/client/steps.ts';
import { elementCount } from '../../../../../../../ir/constant.ts';
import type { Sample } from '../../../../../../../ir/interface.ts';
import { evaluateClient } from '../../../../../../../ir/interpret/client.ts';
import { TensorInterpreter } from '../../../../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../../../../ir/random.ts';
import { verify } from '../../../../../../../ir/verify.ts';
import { ReferenceModel } from '../../../../../../../training/onnxruntime.ts';
import { model, type ModelSpec } from '../../../../../../support/onnx-builder.ts';
import { importModel } from '../../../differential.ts';

/** onnxruntime computes in floats: relative to the largest element. */
const tolerance = 2e-5;

/** The answers to one sample: steps before encryption, the network in the clear, steps after decryption. */
export function answer(imported: ImportedModel, sample: ClientSample): ClientSample {
  const { module, steps } = imported;
  const encrypted = steps.pre === undefined ? sample : evaluateClient(steps.pre, sample);
  const decrypted = new TensorInterpreter(module).evaluate(numbersOf(encrypted));
  return steps.post === undefined ? decrypted : evaluateClient(steps.post, decrypted);
}

/** Compares the answers to `samples`, or to random ones, which onnxruntime computes in one batch. */
export async function expectSameAnswers(spec: ModelSpec, samples?: readonly ClientSample[]): Promise<ImportedModel> {
  const bytes = model(spec);
  const imported = importModel(bytes);
  expect(verify(imported.module)).toEqual([]);
  const given = samples ?? [1, 2, 3].map((seed) => randomSample(imported, spec.types, seed));
  const reference = await ReferenceModel.load(bytes);
  try {
    const expected = await reference.answer(given);
    for (const [i, sample] of given.entries()) compare(answer(imported, sample), expected[i] ?? new Map());
  } finally {
    await reference.close();
  }
  return imported;
}

/** Integers from 0 to 5 for inputs of integers. */
function randomSample({ steps, inputs }: ImportedModel, types: ModelSpec['types'], seed: number): ClientSample {
  const random = seededRandom(seed);
  return new Map(
    modelInputs(steps, inputs).map(({ name, shape }) => {
      const draw = () =>
        types?.[name] === undefined ? Math.fround(4 * random.uniform() - 2) : Math.floor(6 * random.uniform());
      return [name, Float64Array.from({ length: elementCount(shape) }, draw)];
    }),
  );
}

function compare(actual: ClientSample, expected: ClientSample): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const got = actual.get(name);
    if (values instanceof Float64Array && got instanceof Float64Array) compareNumbers(name, got, values);
    else expect(got, name).toEqual(values);
  }
}

function compareNumbers(name: string, actual: Float64Array, expected: Float64Array): void {
  expect(actual.length, `elements of ${name}`).toBe(expected.length);
  const bound = tolerance * expected.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - (actual[i] ?? NaN))), 0);
  expect(worst, `error of ${name}: ${String(actual)} for ${String(expected)}`).toBeLessThanOrEqual(bound);
}

function numbersOf(sample: ClientSample): Sample {
  return new Map(
    Array.from(sample, ([name, value]: readonly [string, ClientValue]) => {
      if (!(value instanceof Float64Array)) throw new TypeError(`texts are encrypted as ${name}`);
      return [name, value];
    }),
  );
}
