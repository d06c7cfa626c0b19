/** TreeEnsembleRegressor, TreeEnsembleClassifier and TreeEnsemble. */
import type { AttributeSpec } from '../../../../../support/onnx-builder.ts';
import { elementType } from '../../../../../support/onnx-builder.ts';
import { given, label, ml, type MlCase } from './case.ts';
import {
  ensembleAttributes,
  grow,
  type GrownTree,
  type Growth,
  type Mode,
  nodeAttributes,
  steppedSamples,
} from './grown-trees.ts';

const features = 4;
const x = { x: ['batch', features] };
const samples = steppedSamples(12, features, 5);
const ordered: readonly Mode[] = ['BRANCH_LEQ', 'BRANCH_LT', 'BRANCH_GTE', 'BRANCH_GT'];
const unordered: readonly Mode[] = [...ordered, 'BRANCH_EQ', 'BRANCH_NEQ'];
const transforms = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO'] as const;

function trees(count: number, growth: Partial<Growth> = {}, seed = 3): readonly GrownTree[] {
  return grow(count, seed, { features, targets: 1, depth: 4, modes: ['BRANCH_LEQ'], ...growth });
}

function regressor(grown: readonly GrownTree[], attributes: Readonly<Record<string, AttributeSpec>> = {}) {
  return [ml('TreeEnsembleRegressor', 'x', 'y', { ...nodeAttributes(grown, 'target'), n_targets: 1, ...attributes })];
}

const stump: GrownTree = {
  ...{ feature: 1, mode: 'BRANCH_LEQ', values: [0.25] },
  ...{ whenTrue: { votes: [[0, -1]] }, whenFalse: { votes: [[0, 2]] } },
};

const regressors: MlCase[] = [
  given('a stump', { inputs: x, samples, nodes: regressor([stump]) }),
  given('trees of one leaf', { inputs: x, samples, nodes: regressor([{ votes: [[0, 2.5]] }, { votes: [[0, 0.25]] }]) }),
  given('a tree of one leaf among others', {
    inputs: x,
    samples,
    nodes: regressor([...trees(2), { votes: [[0, 3]] }]),
  }),
  ...ordered.map((mode) =>
    given(`trees of ${mode}`, { inputs: x, samples, nodes: regressor(trees(6, { modes: [mode] })) }),
  ),
  given('trees of mixed modes', { inputs: x, samples, nodes: regressor(trees(9, { modes: ordered })) }),
  given('trees with base values, averaged', {
    ...{ inputs: x, samples },
    nodes: regressor(trees(5), { base_values: { floats: [1.5] }, aggregate_function: 'AVERAGE' }),
  }),
  ...transforms.map((post_transform) =>
    given(`trees of several targets, with ${post_transform}`, {
      ...{ inputs: x, samples },
      nodes: regressor(trees(7, { targets: 3 }), {
        ...{ n_targets: 3, post_transform },
        base_values: { floats: [0.5, -0.5, 0.125] },
      }),
    }),
  ),
  given('trees of rows that are no samples', {
    ...{ inputs: { x: [3, features] } },
    samples: [new Map([['x', Float64Array.from(samples.slice(0, 3).flatMap((each) => [...(each.get('x') ?? [])]))]])],
    nodes: regressor(trees(4, { targets: 2 }), { n_targets: 2 }),
  }),
  given('trees that compare doubles', {
    ...{ inputs: x, types: { x: elementType.double }, samples },
    nodes: [
      ml('TreeEnsembleRegressor', 'x', 'y', { ...nodeAttributes(trees(5), 'target', { tensors: true }), n_targets: 1 }),
    ],
  }),
];

const labelsOf = (count: number) => ({ classlabels_int64s: Array.from({ length: count }, (_, i) => 5 - 2 * i) });

function classifier(
  name: string,
  grown: readonly GrownTree[],
  attributes: Readonly<Record<string, AttributeSpec>>,
): MlCase {
  return given(name, {
    ...{ inputs: x, samples, outputs: ['label', 'p'], types: { label: label.int } },
    nodes: [ml('TreeEnsembleClassifier', 'x', 'label p', { ...nodeAttributes(grown, 'class'), ...attributes })],
  });
}

const classifiers: MlCase[] = [
  ...transforms.flatMap((post_transform) => [
    classifier(`a classifier of three classes, with ${post_transform}`, trees(7, { targets: 3 }), {
      ...{ ...labelsOf(3), post_transform },
    }),
    classifier(`a classifier of one score that may be negative, with ${post_transform}`, trees(7), {
      ...{ ...labelsOf(2), post_transform },
      base_values: { floats: [0.25] },
    }),
    classifier(`a classifier of one score that is no less than 0, with ${post_transform}`, trees(1, { least: 0 }), {
      ...{ ...labelsOf(2), post_transform },
    }),
  ]),
  ...(['NONE', 'LOGISTIC', 'SOFTMAX'] as const).map((post_transform) =>
    classifier(`a classifier whose votes are for the second class, with ${post_transform}`, secondOnly(trees(6)), {
      ...{ ...labelsOf(2), post_transform },
    }),
  ),
  ...[1, 0.75].map((step) =>
    given(`a classifier of integers that are compared with multiples of ${step}`, {
      ...{ inputs: x, outputs: ['label', 'p'], types: { x: elementType.int64, label: label.int } },
      samples: steppedSamples(12, features, 6, 1),
      nodes: [
        ml('TreeEnsembleClassifier', 'x', 'label p', {
          ...nodeAttributes(trees(8, { step, modes: step === 1 ? unordered : ordered, targets: 3 }), 'class'),
          ...labelsOf(3),
        }),
      ],
    }),
  ),
  classifier('a classifier of three classes with base values', trees(5, { targets: 3 }), {
    ...{ ...labelsOf(3), base_values: { floats: [1, 0.5, 0.25] } },
  }),
  given('a classifier with labels that are texts', {
    ...{ inputs: x, samples, outputs: ['label', 'p'], types: { label: label.text } },
    nodes: [
      ml('TreeEnsembleClassifier', 'x', 'label p', {
        ...nodeAttributes(trees(5, { targets: 3 }), 'class'),
        classlabels_strings: { strings: ['a', 'é', 'c'] },
      }),
    ],
  }),
];

function secondOnly(grown: readonly GrownTree[]): readonly GrownTree[] {
  const moved = (tree: GrownTree): GrownTree =>
    'votes' in tree
      ? { votes: tree.votes.map(([, weight]) => [1, weight]) }
      : { ...tree, whenTrue: moved(tree.whenTrue), whenFalse: moved(tree.whenFalse) };
  return grown.map(moved);
}

function ensemble(
  name: string,
  grown: readonly GrownTree[],
  attributes: Readonly<Record<string, AttributeSpec>> = {},
): MlCase {
  return given(name, {
    ...{ inputs: x, samples, version: 5 },
    nodes: [ml('TreeEnsemble', 'x', 'y', { ...ensembleAttributes(grown), n_targets: 1, ...attributes })],
  });
}

const ensembles: MlCase[] = [
  ensemble('an ensemble of a stump', [stump]),
  ensemble('an ensemble of mixed modes', trees(8, { modes: ordered })),
  ensemble('an ensemble with a tree of one leaf', [{ votes: [[0, 4]] }, ...trees(3)]),
  ensemble('an ensemble that is averaged', trees(8), { aggregate_function: 0 }),
  // onnxruntime has 1 and 2 the other way round: `tree-models.test.ts`.
  ...[0, 3].map((post_transform) =>
    ensemble(`an ensemble of two targets, with post transform ${post_transform}`, alternating(trees(8)), {
      ...{ post_transform, n_targets: 2 },
    }),
  ),
  given('an ensemble that compares doubles', {
    ...{ inputs: x, types: { x: elementType.double, y: elementType.double }, samples, version: 5 },
    nodes: [ml('TreeEnsemble', 'x', 'y', { ...ensembleAttributes(trees(5), { double: true }), n_targets: 1 })],
  }),
  given('an ensemble that asks for membership', {
    ...{ inputs: x, version: 5, samples: steppedSamples(16, features, 8, 1) },
    nodes: [
      ml('TreeEnsemble', 'x', 'y', {
        ...ensembleAttributes(trees(6, { step: 1, modes: ['BRANCH_MEMBER', 'BRANCH_LEQ', 'BRANCH_EQ'] })),
        n_targets: 1,
      }),
    ],
  }),
];

function alternating(grown: readonly GrownTree[]): readonly GrownTree[] {
  return grown.map((tree, i) => (i % 2 === 0 ? tree : (secondOnly([tree])[0] ?? tree)));
}

export const treeCases: readonly MlCase[] = [...regressors, ...classifiers, ...ensembles];
