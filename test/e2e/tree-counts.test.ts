/**
 * What plans of one forest and of two that read the same features cost: goldens in `test/golden/tree-counts.json`, blessed as those
 * of the examples are (`counts.test.ts`). Two cost hardly more than one, for they are decided side by side.
 */
import { expect, test } from 'vitest';

import { seededRandom } from '../../ir/random.ts';
import { blessCounts, countsOf, goldenFiles, readGoldenCounts } from '../support/golden-counts.ts';
import { model, node } from '../support/onnx-builder.ts';
import { compileBytes } from '../support/run-plans.ts';
import { given, ml } from '../unit/compiler/onnx/cases/ml/case.ts';
import { grow, nodeAttributes } from '../unit/compiler/onnx/cases/ml/grown-trees.ts';

const blessing = process.env['HEPC_BLESS'] === '1';
const features = 6;

/** Forests of three trees of these depths, whose mean is the answer. */
function forests(depths: readonly number[]): Uint8Array {
  const trees = depths.map((depth, k) => grow(3, 10 + k, { features, targets: 1, depth, modes: ['BRANCH_LEQ'] }));
  const nodes = trees.map((own, k) =>
    ml('TreeEnsembleRegressor', 'x', `t${k}`, { ...nodeAttributes(own, 'target'), n_targets: 1 }),
  );
  const mean = node('Mean', depths.map((_, k) => `t${k}`).join(' '), 'y');
  return model(given('', { inputs: { x: ['n', features] }, nodes: [...nodes, mean] }).spec);
}

/** Halfway between thresholds. */
function samples() {
  const random = seededRandom(3);
  const drawn = (): number => 0.25 * (Math.floor(16 * random.uniform()) - 8) + 0.125;
  return Array.from({ length: 64 }, () => new Map([['x', Float64Array.from({ length: features }, drawn)]]));
}

function counted(name: string, depths: readonly number[]) {
  const { plan } = compileBytes(forests(depths), { samples: samples(), maxError: 0.2 });
  const counts = countsOf(plan.statistics);
  if (blessing) blessCounts(goldenFiles.trees, name, counts);
  expect(counts).toEqual(readGoldenCounts(goldenFiles.trees)[name]);
  return plan.statistics;
}

test('two forests of the same features cost less than twice one', () => {
  const one = counted('one forest of depth 4', [4]);
  const two = counted('two forests of depth 4', [4, 4]);
  const other = counted('forests of depth 4 and 2', [4, 2]);
  for (const key of ['relinearizations', 'multiplyCipher', 'rotations'] as const) {
    expect(two[key], key).toBeLessThan(2 * one[key]);
    expect(other[key], key).toBeLessThan(2 * one[key]);
  }
  // Products are those of one.
  expect(two.multiplyCipher).toBeLessThanOrEqual(one.multiplyCipher + 1);
});
