/**
 * A few of scikit-learn's models, kept in `test/models/sklearn/`, encrypted, the slow ones at night; `npm run sklearn-cases`
 * runs all.
 */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readModels } from '../exporters/sklearn/models.ts';
import { passes } from '../exporters/sklearn/report.ts';
import { runModel } from '../exporters/sklearn/run.ts';
import { isNightly } from '../support/setup/suite.ts';

const models = readModels(fileURLToPath(new URL('../models/sklearn/', import.meta.url)));

const slow: ReadonlySet<string> = new Set(['qda-nozip', 'svc-polynomial-many-classes', 'kmeans']);

test.each(models.filter(({ name }) => isNightly || !slow.has(name)))(
  '$name answers like the library',
  async (model) => {
    const outcome = await runModel(model);
    expect('failure' in outcome ? outcome.failure : undefined).toBeUndefined();
    expect(outcome).toSatisfy(passes);
  },
);
