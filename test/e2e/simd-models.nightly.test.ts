/** An example model on all engines; `test/nightly/simd-models.nightly.test.ts` takes all of them. */
import { expect, test } from 'vitest';
import { examplePlan, expectEncryptedWeights, expectEnginesAgree } from '../support/compare-engines.ts';
import { isNightly } from '../support/setup/suite.ts';

test.each(isNightly ? ['mlp-784-128-128-10', 'ae-784-64-784'] : ['ae-784-64-784'])(
  '%s gives the same on all engines',
  async (name) => {
    await expectEnginesAgree(examplePlan(name), 2);
  },
);

// Of a small plan in both suites, in weight-streaming.test.ts.
if (isNightly)
  test('encrypted weights on simd, kept or read at each use', async () => {
    const plan = examplePlan('ae-784-64-784', 'encrypted');
    expect(plan.weights).toBe('encrypted');
    await expectEncryptedWeights(plan, 1);
  });
