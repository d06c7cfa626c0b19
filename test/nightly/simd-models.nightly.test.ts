import { describe, test } from 'vitest';
import { withBoundPlan } from '../../cli/answers/bind-for-run.ts';
import { createProgress } from '../../cli/shell/progress.ts';
import { examplePlan, expectEncryptedWeights, expectEnginesAgree } from '../support/compare-engines.ts';
import { exampleModels } from '../support/mnist.ts';
import type { Bind } from '../support/run-plans.ts';

/** As the command `run` does where memory is short. */
const bindInFile: Bind = (plan, publicKey, use) => {
  const { signal } = new AbortController();
  return withBoundPlan(plan, publicKey, { memoryBudgetBytes: 0, signal, progress: createProgress(true) }, use);
};

describe.each(exampleModels)('$name', ({ name }) => {
  test('gives the same on all engines', async () => {
    await expectEnginesAgree(examplePlan(name), 4);
  });

  test('gives the same with encrypted weights, kept or read from a file at each use', async () => {
    await expectEncryptedWeights(examplePlan(name, 'encrypted'), 2, bindInFile);
  });
});
