/** Every operator of `ai.onnx.ml` that the importer knows, against onnxruntime. */
import { describe, expect, test } from 'vitest';

import { supportedOperators } from '../../../../../../../compiler/onnx/domains.ts';
import { categoryCases } from '../../../cases/ml/categories.ts';
import { domain } from '../../../cases/ml/case.ts';
import { featureCases } from '../../../cases/ml/features.ts';
import { modelCases } from '../../../cases/ml/models.ts';
import { treeCases } from '../../../cases/ml/trees.ts';
import { expectSameAnswers } from './same-answers.ts';

const groups = { models: modelCases, features: featureCases, categories: categoryCases, trees: treeCases };

for (const [group, cases] of Object.entries(groups)) {
  describe(group, () => {
    test.each(cases.map((c) => [c.name, c] as const))('%s', async (_, { spec, samples }) => {
      await expectSameAnswers(spec, samples);
    });
  });
}

test('every supported operator has a case', () => {
  const covered = new Set(
    Object.values(groups).flatMap((cases) => cases.flatMap(({ spec }) => spec.nodes.map(({ opType }) => opType))),
  );
  // onnxruntime-web cannot read its maps: `zip-map.test.ts`.
  const elsewhere = new Set(['ZipMap']);
  expect(supportedOperators(domain).filter((name) => !covered.has(name) && !elsewhere.has(name))).toEqual([]);
});
