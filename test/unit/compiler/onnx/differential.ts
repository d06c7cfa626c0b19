/** Whether an imported model computes what onnxruntime computes, on seeded random inputs. */
import { expect } from 'vitest';

import { importOnnx, type ImportedModel } from '../../../../compiler/onnx/import.ts';
import { elementCount } from '../../../../ir/constant.ts';
import { TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { verify } from '../../../../ir/verify.ts';
import { ReferenceModel } from '../../../../training/onnxruntime.ts';
import type { AnswerValue, ClientSample, ClientValue } from '../../../../ir/interface.ts';
import { modelInputs, modelOutputs } from '../../../../ir/client/steps.ts';
import { afterDecryption, beforeEncryption } from '../../../../ir/interpret/client.ts';
import { withReferenceOutputs } from '../../../../training/onnx/reference-outputs.ts';
import { elementType, model, type ModelSpec } from '../../../support/onnx-builder.ts';

/** onnxruntime computes in floats: relative to the largest output. */
const tolerance = 2e-5;

const bool: number = elementType.bool;
const floatTypes: readonly number[] = [elementType.float, elementType.double, elementType.float16];

export function importModel(bytes: Uint8Array): ImportedModel {
  return importOnnx({ bytes, fileName: 'model.onnx', readExternal: () => undefined });
}

/**
 * Compares three samples; a model with a batch axis computes them in batches of one, two and three. `equal` is what
 * onnxruntime runs where it cannot run the model itself.
 */
export async function expectSameAsOnnxruntime(
  spec: ModelSpec | Uint8Array,
  samples?: readonly ClientSample[],
  equal?: ModelSpec,
): Promise<ImportedModel> {
  const bytes = spec instanceof Uint8Array ? spec : model(spec);
  const imported = importModel(bytes);
  expect(verify(imported.module)).toEqual([]);
  const types = spec instanceof Uint8Array ? {} : (spec.types ?? {});
  const inputs = samples ?? [1, 2, 3].map((seed) => randomSample(imported, seed, types));
  const names = modelOutputs(imported.steps, imported.outputs).map(({ name }) => name);
  const reference = await ReferenceModel.load(withReferenceOutputs(equal === undefined ? bytes : model(equal), names));
  try {
    const interpreter = new TensorInterpreter(imported.module);
    const answers = inputs.map((input) =>
      afterDecryption(imported.steps, interpreter.evaluate(beforeEncryption(imported.steps, input))),
    );
    for (const count of reference.hasBatchAxis ? [1, 2, inputs.length] : [inputs.length]) {
      const expected = await reference.answer(inputs.slice(0, count));
      expect(expected).toHaveLength(Math.min(count, inputs.length));
      for (const [i, each] of expected.entries()) compare(answers[i] ?? new Map<string, AnswerValue>(), each);
    }
  } finally {
    await reference.close();
  }
  return imported;
}

/** Floats, small whole numbers that may be indices, or bits, by the types of the inputs. */
function randomSample(
  { steps, inputs }: ImportedModel,
  seed: number,
  types: Readonly<Record<string, number>>,
): ClientSample {
  const random = seededRandom(seed);
  const draw = (name: string) => {
    const u = random.uniform();
    const type = types[name] ?? elementType.float;
    if (type === bool) return Math.round(u);
    return floatTypes.includes(type) ? Math.fround(4 * u - 2) : Math.floor(5 * u);
  };
  return new Map(
    modelInputs(steps, inputs).map(({ name, shape }) => [
      name,
      Float64Array.from({ length: elementCount(shape) }, () => draw(name)),
    ]),
  );
}

function compare(actual: ReadonlyMap<string, AnswerValue>, expected: ReadonlyMap<string, ClientValue>): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, values] of expected) {
    const given = actual.get(name);
    const got = given instanceof Map ? Float64Array.from(given.values()) : given;
    if (!(values instanceof Float64Array) || !(got instanceof Float64Array)) {
      expect(got, name).toEqual(values);
      continue;
    }
    expect(got.length, `elements of ${name}`).toBe(values.length);
    const bound = tolerance * values.reduce((most, x) => Math.max(most, Math.abs(x)), 1);
    const worst = values.reduce((most, x, i) => Math.max(most, Math.abs(x - (got[i] ?? NaN))), 0);
    expect(worst, `error of ${name}: ${String(got.slice(0, 8))} for ${String(values.slice(0, 8))}`).toBeLessThanOrEqual(
      bound,
    );
  }
}
