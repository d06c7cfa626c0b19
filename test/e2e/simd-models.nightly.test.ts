/** Example models on all engines in memory; `test/nightly/simd-models.nightly.test.ts` takes all of them, from files. */
import { expect, test } from 'vitest';
import { examplePlan, expectEncryptedWeights, expectEnginesAgree } from '../support/compare-engines.ts';

test.each(['mlp-784-128-128-10', 'ae-784-64-784'])('%s gives the same on all engines', async (name) => {
  await expectEnginesAgree(examplePlan(name), 2);
});

test('encrypted weights on simd, kept or read at each use', async () => {
  const plan = examplePlan('ae-784-64-784', 'encrypted');
  expect(plan.weights).toBe('encrypted');
  await expectEncryptedWeights(plan, 1);
});
