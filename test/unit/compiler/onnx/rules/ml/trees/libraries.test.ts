/** Ensembles as libraries export them (`tools/train-trees.py`): what is imported says what the library says. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import type { ImportedModel } from '../../../../../../../compiler/onnx/import.ts';
import { modelInputs } from '../../../../../../../ir/client/steps.ts';
import type { ClientSample } from '../../../../../../../ir/interface.ts';
import { readModels } from '../../../../../../exporters/sklearn/models.ts';
import { answer } from '../../../client/rules/ml/same-answers.ts';
import { importModel } from '../../../differential.ts';

const folder = join(import.meta.dirname, '../../../../../../models/trees');
const models = readModels(folder);

/** Libraries add up doubles, exporters write floats. */
const tolerance = 1e-5;

test('there are models of every library', () => {
  expect(models.map(({ name }) => name.replace(/-[a-z]+$/, ''))).toEqual(
    expect.arrayContaining([
      'decision-tree',
      'random-forest',
      'extra-trees',
      'gradient-boosting',
      'adaboost',
      'bagging',
    ]),
  );
  expect(models.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['xgboost-cancer', 'lightgbm-cancer', 'isolation-forest-wine']),
  );
});

test.each(models.map((model) => [model.name, model] as const))('%s', (_, { bytes, answers, samples }) => {
  const imported = importModel(bytes);
  const [expected] = answers.outputs;
  const got = samples('held-out', modelInputs(imported.steps, imported.inputs)).map((sample) =>
    firstOutput(imported, sample),
  );
  if (expected?.kind === 'labels') {
    expect(got.map(([label]) => label)).toEqual(expected.values);
    return;
  }
  const rows = expected?.rows ?? [];
  expect(got).toHaveLength(rows.length);
  for (const [i, row] of rows.entries())
    for (const [k, value] of row.entries())
      expect(Math.abs(Number(got[i]?.[k]) - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
});

function firstOutput(imported: ImportedModel, sample: ClientSample): readonly (number | string)[] {
  const [first] = answer(imported, sample).values();
  return first === undefined ? [] : [...first];
}
