/** Ensembles as libraries export them (`tools/train-trees.py`): what is imported says what the library says. */
import { join } from 'node:path';
import { expect, test } from 'vitest';

import { optimiseTensor } from '../../../../../../../compiler/parameters/pipelines.ts';
import type { ImportedModel } from '../../../../../../../compiler/onnx/import.ts';
import { modelInputs } from '../../../../../../../ir/client/steps.ts';
import type { ClientSample, Sample } from '../../../../../../../ir/interface.ts';
import type { TensorModule } from '../../../../../../../ir/tensor/ops.ts';
import { PassManager } from '../../../../../../../passes/manager.ts';
import { type ExportedModel, readModels } from '../../../../../../exporters/sklearn/models.ts';
import { answer } from '../../../client/rules/ml/same-answers.ts';
import { importModel } from '../../../differential.ts';

const folder = join(import.meta.dirname, '../../../../../../models/trees');
const models = readModels(folder);

/** As votes, of several targets, one for each class, below another model. */
const severalEnsembles = /^(voting|multi-output|one-vs-rest|stacking)-/;

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
      'voting',
      'stacking',
    ]),
  );
  expect(models.map(({ name }) => name)).toEqual(
    expect.arrayContaining([
      'xgboost-cancer',
      'lightgbm-cancer',
      'isolation-forest-wine',
      'one-vs-rest-wine',
      'multi-output-diabetes',
    ]),
  );
});

test.each(models.map((model) => [model.name, model] as const))('%s', (_, model) => {
  expectAnswers(importModel(model.bytes), model);
});

test.each(models.filter(({ name }) => severalEnsembles.test(name)).map((model) => [model.name, model] as const))(
  '%s, whose ensembles are joined',
  (_, model) => {
    const imported = importModel(model.bytes);
    const samples = model.samples('calibration', modelInputs(imported.steps, imported.inputs));
    const { exact } = optimiseTensor(imported.module, new PassManager(samples as Sample[]), {
      maxError: 1,
      synthetic: false,
    });
    const stepsOf = ({ nodes }: TensorModule) => nodes.filter(({ op }) => op === 'activation').length;
    expect(stepsOf(imported.module)).toBeGreaterThan(1);
    expect(stepsOf(exact)).toBe(1);
    expectAnswers({ ...imported, module: exact }, model);
  },
);

function expectAnswers(imported: ImportedModel, { answers, samples }: ExportedModel): void {
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
}

function firstOutput(imported: ImportedModel, sample: ClientSample): readonly (number | string)[] {
  const [first] = answer(imported, sample).values();
  return first === undefined ? [] : [...first];
}
