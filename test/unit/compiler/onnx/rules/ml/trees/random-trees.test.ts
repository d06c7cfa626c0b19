/** Ensembles of random trees answer what onnxruntime answers, where samples equal thresholds as well. */
import fc from 'fast-check';
import { test } from 'vitest';

import { elementType } from '../../../../../../support/onnx-builder.ts';
import { given, ml } from '../../../cases/ml/case.ts';
import {
  ensembleAttributes,
  grow,
  type GrownTree,
  type Mode,
  nodeAttributes,
  steppedSamples,
} from '../../../cases/ml/grown-trees.ts';
import { expectSameAnswers } from '../../../client/rules/ml/same-answers.ts';

const ordered: readonly Mode[] = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT'];

const forest = fc.record({
  count: fc.integer({ min: 1, max: 8 }),
  depth: fc.integer({ min: 0, max: 7 }),
  features: fc.integer({ min: 1, max: 5 }),
  targets: fc.integer({ min: 1, max: 4 }),
  seed: fc.nat(10_000),
  modes: fc.subarray([...ordered], { minLength: 1 }),
  mayMiss: fc.boolean(),
});

/** Whether some nodes count a missing value as true and others do not: else clients may not send any. */
function knowMissing(trees: readonly GrownTree[]): boolean {
  const marksOf = (tree: GrownTree): boolean[] =>
    'votes' in tree ? [] : [tree.tracksMissing === true, ...marksOf(tree.whenTrue), ...marksOf(tree.whenFalse)];
  return new Set(trees.flatMap(marksOf)).size === 2;
}

test('TreeEnsembleRegressor', async () => {
  await fc.assert(
    fc.asyncProperty(forest, fc.boolean(), async ({ count, seed, features, ...growth }, average) => {
      const trees = grow(count, seed, { features, ...growth });
      const attributes = nodeAttributes(trees, 'target');
      const node = ml('TreeEnsembleRegressor', 'x', 'y', {
        ...{ ...attributes, n_targets: growth.targets, aggregate_function: average ? 'AVERAGE' : 'SUM' },
      });
      const { spec } = given('', { inputs: { x: ['n', features] }, nodes: [node] });
      await expectSameAnswers(spec, steppedSamples(20, features, seed, 0.25, knowMissing(trees)));
    }),
    { numRuns: 60 },
  );
});

test('TreeEnsembleClassifier', async () => {
  await fc.assert(
    fc.asyncProperty(forest, fc.boolean(), async ({ count, seed, features, targets, ...growth }, whole) => {
      // onnxruntime decides between two classes that both have votes by the sign of one.
      const classes = targets === 2 ? 3 : targets;
      const modes: Mode[] = whole ? [...growth.modes, 'BRANCH_EQ', 'BRANCH_NEQ'] : growth.modes;
      const step = whole ? 1 : 0.25;
      const trees = grow(count, seed, { ...growth, features, targets: classes, modes, step });
      const attributes = nodeAttributes(trees, 'class');
      const labels = Array.from({ length: Math.max(2, classes) }, (_, i) => 2 * i - 1);
      const node = ml('TreeEnsembleClassifier', 'x', 'label p', { ...attributes, classlabels_int64s: labels });
      const types = { label: elementType.int64, ...(whole && { x: elementType.int64 }) };
      const { spec } = given('', { inputs: { x: ['n', features] }, types, outputs: ['label', 'p'], nodes: [node] });
      await expectSameAnswers(spec, steppedSamples(20, features, seed, step, !whole && knowMissing(trees)));
    }),
    { numRuns: 60 },
  );
});

test('TreeEnsemble', async () => {
  await fc.assert(
    fc.asyncProperty(forest, fc.boolean(), async ({ count, seed, features, ...growth }, members) => {
      const modes: Mode[] = members ? [...growth.modes, 'BRANCH_MEMBER', 'BRANCH_EQ', 'BRANCH_NEQ'] : growth.modes;
      const step = members ? 1 : 0.25;
      const trees = grow(count, seed, { ...growth, features, modes, step, targets: 1 });
      const attributes = ensembleAttributes(trees);
      const { spec } = given('', {
        ...{ version: 5, inputs: { x: ['n', features] } },
        nodes: [ml('TreeEnsemble', 'x', 'y', { ...attributes, n_targets: 1 })],
      });
      await expectSameAnswers(spec, steppedSamples(20, features, seed, step, !members && knowMissing(trees)));
    }),
    { numRuns: 60 },
  );
});
