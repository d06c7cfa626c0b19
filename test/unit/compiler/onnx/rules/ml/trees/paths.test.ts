/** Which paths are left of ensembles, and that their sum is what the trees say. */
import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { Ensemble, TreeNode, Vote } from '../../../../../../../compiler/onnx/rules/ml/trees/ensemble.ts';
import { type Box, pathsOf, type PathSum } from '../../../../../../../compiler/onnx/rules/ml/trees/paths.ts';
import { grow, type GrownTree, modes, steppedSamples } from '../../../cases/ml/grown-trees.ts';

function ensembleOf(trees: readonly GrownTree[], targets = 1): Ensemble {
  const nodes: TreeNode[] = [];
  const write = (grown: GrownTree): number => {
    if ('votes' in grown) return nodes.push({ kind: 'leaf', votes: grown.votes.map(voteOf) }) - 1;
    const { feature, values } = grown;
    const [whenTrue, whenFalse] = [write(grown.whenTrue), write(grown.whenFalse)];
    const comparison = grown.mode.replace('BRANCH_', '') as 'LEQ';
    const tracksMissing = grown.tracksMissing ?? false;
    return nodes.push({ kind: 'decision', feature, comparison, values, whenTrue, whenFalse, tracksMissing }) - 1;
  };
  return { nodes, roots: trees.map(write), targets, format: 'float' };
}

function voteOf([target, weight]: readonly [number, number]): Vote {
  return { target, weight };
}

function sumOf(trees: readonly GrownTree[]): PathSum {
  return pathsOf(ensembleOf(trees), { numbersOf: () => 'float', mayMiss: false, charge: () => undefined });
}

function leaf(weight: number): GrownTree {
  return { votes: [[0, weight]] };
}

function below(feature: number, threshold: number, whenTrue: GrownTree, whenFalse: GrownTree): GrownTree {
  return { feature, mode: 'BRANCH_LEQ', values: [threshold], whenTrue, whenFalse };
}

const boxesOf = ({ paths }: PathSum): unknown =>
  paths.map(({ box, weights }) => [
    ...Array.from(box, ([feature, { interval }]) => `${interval?.least} <= x${feature} <= ${interval?.most}`),
    ...weights,
  ]);

test('one kind of leaf of each tree is an offset', () => {
  const sum = sumOf([below(0, 1, leaf(2), leaf(5))]);
  expect(boxesOf(sum)).toEqual([[`${1 + 2 ** -23} <= x0 <= Infinity`, 3]]);
  expect([...sum.offsets]).toEqual([2]);
});

test('the offset is the kind of leaf that there are most of', () => {
  const tree = below(0, 1, below(1, 0, leaf(7), leaf(4)), below(1, 2, leaf(4), leaf(9)));
  const sum = sumOf([tree]);
  expect(sum.paths).toHaveLength(2);
  expect([...sum.offsets]).toEqual([4]);
});

test('a decision between equal leaves is none', () => {
  const same = below(1, 0, leaf(4), below(2, 0, leaf(4), leaf(4)));
  expect(boxesOf(sumOf([below(0, 1, same, leaf(9))]))).toEqual([[`${1 + 2 ** -23} <= x0 <= Infinity`, 5]]);
});

test('a feature that is compared twice has one interval, and a box that holds nothing is gone', () => {
  const tree = below(0, 5, below(0, 3, leaf(1), leaf(2)), below(0, 4, leaf(3), leaf(8)));
  expect(boxesOf(sumOf([tree]))).toEqual([
    [`${3 + 2 ** -22} <= x0 <= 5`, 1],
    [`${5 + 2 ** -21} <= x0 <= Infinity`, 7],
  ]);
});

test('equal boxes of several trees are one', () => {
  const sum = sumOf([below(0, 1, leaf(2), leaf(5)), below(0, 1, leaf(1), leaf(0.5))]);
  expect(boxesOf(sum)).toEqual([[`${1 + 2 ** -23} <= x0 <= Infinity`, 2.5]]);
});

test('trees that are a leaf are offsets', () => {
  const sum = sumOf([leaf(1), leaf(2.5)]);
  expect(sum.paths).toEqual([]);
  expect([...sum.offsets]).toEqual([3.5]);
});

test('what is missing is in the box that the model says, alone where no number is', () => {
  const inner = below(0, 2, leaf(1), leaf(2));
  const tree = { ...below(0, 1, { ...inner, tracksMissing: false }, leaf(4)), tracksMissing: true };
  const { paths } = pathsOf(ensembleOf([tree]), { numbersOf: () => 'float', mayMiss: true, charge: () => undefined });
  const held = paths.map(({ box, weights }) => [box.get(0), weights[0]]);
  // Two of three leaves differ from the first, which is an offset.
  expect(held).toEqual([
    [{ interval: undefined, missing: true }, expect.anything()],
    [{ interval: { least: 1 + 2 ** -23, most: Infinity }, missing: false }, expect.anything()],
  ]);
});

test('the sum over paths is the sum over trees', () => {
  const forest = fc.record({
    count: fc.integer({ min: 1, max: 6 }),
    depth: fc.integer({ min: 0, max: 6 }),
    targets: fc.integer({ min: 1, max: 3 }),
    seed: fc.nat(10_000),
    mayMiss: fc.boolean(),
  });
  fc.assert(
    fc.property(forest, ({ count, seed, mayMiss, ...growth }) => {
      const trees = grow(count, seed, { ...growth, features: 3, modes, step: 1, mayMiss });
      const options = { numbersOf: () => 'integer' as const, mayMiss, charge: () => undefined };
      const sum = pathsOf(ensembleOf(trees, growth.targets), options);
      for (const sample of steppedSamples(20, 3, seed, 1, mayMiss)) {
        const x = sample.get('x') ?? new Float64Array();
        const totals = new Float64Array(growth.targets);
        for (const tree of trees)
          for (const [target, weight] of reached(tree, x)) totals[target] = (totals[target] ?? 0) + weight;
        const expected = [...totals].map((total) => expect.closeTo(total, 9) as number);
        expect(evaluate(sum, x)).toEqual(expected);
      }
    }),
  );
});

function evaluate({ paths, offsets }: PathSum, x: Float64Array): readonly number[] {
  const holds = (box: Box): boolean =>
    [...box].every(([feature, { interval, missing }]) => {
      const value = x[feature] ?? 0;
      if (Number.isNaN(value)) return missing;
      return interval !== undefined && interval.least <= value && value <= interval.most;
    });
  return Array.from(offsets, (offset, t) =>
    paths.reduce((total, { box, weights }) => total + (holds(box) ? (weights[t] ?? 0) : 0), offset),
  );
}

function reached(tree: GrownTree, x: Float64Array): readonly (readonly [number, number])[] {
  if ('votes' in tree) return tree.votes;
  const [value, t = 0] = [x[tree.feature] ?? 0, tree.values[0]];
  const decisions = {
    BRANCH_LEQ: value <= t,
    BRANCH_LT: value < t,
    BRANCH_GTE: value >= t,
    BRANCH_GT: value > t,
    BRANCH_EQ: value === t,
    BRANCH_NEQ: value !== t,
    BRANCH_MEMBER: tree.values.includes(value),
  };
  const isTrue = Number.isNaN(value) ? tree.tracksMissing === true : decisions[tree.mode];
  return reached(isTrue ? tree.whenTrue : tree.whenFalse, x);
}
