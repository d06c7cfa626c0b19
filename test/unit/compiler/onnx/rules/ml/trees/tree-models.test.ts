/** Which ensembles of trees are refused, and where onnxruntime is not what answers are compared with. */
import { describe, expect, test } from 'vitest';

import { modelInputs } from '../../../../../../../ir/client/steps.ts';
import { HepcError } from '../../../../../../../ir/diagnostics/diagnostic.ts';
import { type AttributeSpec, elementType, floats, model, raw } from '../../../../../../support/onnx-builder.ts';
import { given, label, ml } from '../../../cases/ml/case.ts';
import { ensembleAttributes, grow, type GrownTree, nodeAttributes } from '../../../cases/ml/grown-trees.ts';
import { answer } from '../../../client/rules/ml/same-answers.ts';
import { importModel } from '../../../differential.ts';

type Attributes = Readonly<Record<string, AttributeSpec>>;

const features = 3;
const trees = grow(3, 1, { features, targets: 1, depth: 3, modes: ['BRANCH_LEQ'] });
const stump: GrownTree = {
  ...{ feature: 0, mode: 'BRANCH_LEQ', values: [0.5] },
  ...{ whenTrue: { votes: [[0, 1]] }, whenFalse: { votes: [[1, 2]] } },
};

function imported(opType: string, attributes: Attributes) {
  const isClassifier = opType === 'TreeEnsembleClassifier';
  const { spec } = given('', {
    ...{ inputs: { x: ['n', features] }, version: opType === 'TreeEnsemble' ? 5 : 3 },
    ...(isClassifier && { outputs: ['label', 'p'], types: { label: label.int } }),
    nodes: [ml(opType, 'x', isClassifier ? 'label p' : 'y', attributes)],
  });
  return importModel(model(spec));
}

function refusal(opType: string, attributes: Attributes): string {
  try {
    imported(opType, attributes);
  } catch (error) {
    if (error instanceof HepcError)
      return error.diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
    throw error;
  }
  return 'accepted';
}

describe('refused', () => {
  const regressor = nodeAttributes(trees, 'target');
  const two = nodeAttributes([stump], 'class');
  const equal: GrownTree = { ...stump, mode: 'BRANCH_EQ' };
  const members: GrownTree = { ...stump, mode: 'BRANCH_MEMBER', values: [1, 2] };
  const ensemble = ensembleAttributes([stump]);
  test.each<[string, string, Attributes, string]>([
    [
      'the largest tree',
      'TreeEnsembleRegressor',
      { ...regressor, aggregate_function: 'MAX' },
      'H105 aggregate_function is "MAX"',
    ],
    [
      'an unknown branch',
      'TreeEnsembleRegressor',
      { ...regressor, nodes_modes: { strings: modesOf(regressor).map((mode) => mode.replace('LEQ', 'NEAR')) } },
      'H105 a node of a tree is "BRANCH_NEAR"',
    ],
    [
      'equality with what is no integer',
      'TreeEnsembleRegressor',
      { ...nodeAttributes([equal], 'target'), n_targets: 2 },
      'H105 a tree asks whether feature 0 equals 0.5, and numbers that are encrypted have no last bit',
    ],
    ['one label', 'TreeEnsembleClassifier', { ...two, classlabels_int64s: [1] }, 'H105 the classifier has 1 labels'],
    [
      'a base value for each of two classes of which one has votes',
      'TreeEnsembleClassifier',
      {
        ...{ ...nodeAttributes(trees, 'class'), classlabels_int64s: [0, 1] },
        base_values: { floats: [1, 2] },
      },
      'H105 2 base values for 1 scores of 2 classes',
    ],
    [
      'PROBIT of one score',
      'TreeEnsembleClassifier',
      { ...nodeAttributes(trees, 'class'), classlabels_int64s: [0, 1], post_transform: 'PROBIT' },
      'H105 onnxruntime leaves the second column of PROBIT undefined',
    ],
    ['a missing node', 'TreeEnsembleRegressor', cut(regressor, 'nodes_nodeids'), 'H106 nodes_nodeids has '],
    [
      'another number of base values',
      'TreeEnsembleRegressor',
      { ...regressor, base_values: { floats: [1, 2] } },
      'H106 2 base values for 1 targets',
    ],
    [
      'a vote for a target that there is not',
      'TreeEnsembleRegressor',
      nodeAttributes([stump], 'target'),
      'H106 a leaf votes for 1 of 1 targets',
    ],
    [
      'a feature that there is not',
      'TreeEnsembleRegressor',
      nodeAttributes([{ ...stump, feature: 3, whenFalse: { votes: [[0, 2]] } }], 'target'),
      'H106 a tree compares feature 3 of 3',
    ],
    [
      'no targets',
      'TreeEnsembleRegressor',
      { ...nodeAttributes(trees, 'target'), n_targets: 0 },
      'H106 n_targets is 0',
    ],
    [
      'a node that is its own child',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, nodes_trueleafs: [0], nodes_truenodeids: [0] },
      'H106 node 0 of the trees is reached twice',
    ],
    [
      'a node that there is not',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, nodes_trueleafs: [0], nodes_truenodeids: [7] },
      'H106 there is no node 7 among',
    ],
    [
      'a leaf that there is not',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, nodes_truenodeids: [7] },
      'H106 there is no leaf 7',
    ],
    [
      'an unknown mode',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, nodes_modes: { tensor: raw([1], elementType.uint8, Uint8Array.of(9)) } },
      'H106 node 0 of the trees is of mode 9',
    ],
    [
      'a set that there is not',
      'TreeEnsemble',
      { ...without(ensembleAttributes([members]), 'membership_values'), n_targets: 2 },
      'H106 membership_values has fewer sets',
    ],
    [
      'thresholds that are no numbers',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, nodes_splits: { tensor: floats([1], [NaN]) } },
      'H106 a node of a tree compares with NaN',
    ],
    [
      'an unknown post transform',
      'TreeEnsemble',
      { ...ensemble, n_targets: 2, post_transform: 9 },
      'H106 post_transform',
    ],
    ['an unknown aggregate', 'TreeEnsemble', { ...ensemble, n_targets: 2, aggregate_function: 9 }, 'H105 aggregate'],
  ])('%s', (_, opType, attributes, message) => {
    expect(refusal(opType, attributes)).toContain(message);
  });

  test('a node that is there twice, and a tree without a root', () => {
    const ids = regressor['nodes_nodeids'] as readonly number[];
    expect(refusal('TreeEnsembleRegressor', { ...regressor, nodes_nodeids: ids.map(() => 0) })).toContain(
      'H106 a node of a tree is there twice',
    );
    const loop = {
      ...{
        nodes_treeids: [0],
        nodes_nodeids: [0],
        nodes_featureids: [0],
        nodes_truenodeids: [0],
        nodes_falsenodeids: [0],
      },
      ...{ nodes_modes: { strings: ['BRANCH_LEQ'] }, nodes_values: { floats: [0] } },
    };
    expect(refusal('TreeEnsembleRegressor', loop)).toContain('H106 tree 0 has no root');
  });
});

describe('missing values', () => {
  const second: GrownTree = { ...stump, feature: 2, tracksMissing: true, whenFalse: { votes: [[0, 4]] } };
  const regressor = nodeAttributes([{ ...stump, whenFalse: { votes: [[0, 2]] } }, second], 'target');

  test('clients send indicators of the features that are compared, where some nodes count what is missing as true', () => {
    const model = imported('TreeEnsembleRegressor', regressor);
    expect(model.inputs.map(({ shape }) => shape)).toEqual([[features + 2]]);
    expect(modelInputs(model.steps, model.inputs)).toMatchObject([{ name: 'x', allowsMissing: true }]);
    // Feature 0 is missing: 2 of the first tree; feature 2 is: 1 of the second.
    expect(answer(model, new Map([['x', Float64Array.of(NaN, NaN, 0.25)]])).get('y')).toEqual(Float64Array.of(3));
    expect(answer(model, new Map([['x', Float64Array.of(0, 0, NaN)]])).get('y')).toEqual(Float64Array.of(2));
  });

  test.each([0, 1])('where all nodes say the same (%i) features are sent as they are', (mark) => {
    const marks = (regressor['nodes_missing_value_tracks_true'] as readonly number[]).map(() => mark);
    const model = imported('TreeEnsembleRegressor', { ...regressor, nodes_missing_value_tracks_true: marks });
    expect(model.inputs).toMatchObject([{ name: 'x', shape: [features] }]);
    expect(model.steps.pre).toBeUndefined();
  });

  test('marks of another number than nodes', () => {
    expect(refusal('TreeEnsembleRegressor', { ...regressor, nodes_missing_value_tracks_true: [1] })).toContain(
      'H106 nodes_missing_value_tracks_true has 1 entries',
    );
  });

  test('an onnxruntime that asks sets is not what is compared with', () => {
    const equal: GrownTree = { ...second, mode: 'BRANCH_EQ', values: [1] };
    const model = imported(
      'TreeEnsembleRegressor',
      nodeAttributes([{ ...stump, whenFalse: leafOf(2) }, equal], 'target'),
    );
    expect(model.deviations.map(({ message }) => message)).toContainEqual(expect.stringContaining('is missing'));
  });
});

function leafOf(weight: number): GrownTree {
  return { votes: [[0, weight]] };
}

test('more comparisons than are worth while are refused, with what they are', () => {
  // A leaf of each stump differs from what is an offset.
  const stumps = Array.from({ length: 6 }, (_, k): GrownTree => ({ ...stump, values: [k], whenFalse: leafOf(2) }));
  const attributes = nodeAttributes(stumps, 'target');
  const rowsOf = (rows: number) =>
    model(
      given('', { inputs: { x: [rows, features] }, nodes: [ml('TreeEnsembleRegressor', 'x', 'y', attributes)] }).spec,
    );
  const failure = (): unknown => importModel(rowsOf(2 ** 17));
  expect(failure).toThrow(HepcError);
  expect(failure).toThrow(
    /H126.*the trees have 6 different leaves, each with up to 1 comparisons for each of 131072 rows: 786432 slots, where the largest ring has 32768 and hepc takes at most 524288[^]*fewer or shallower trees/,
  );
});

describe('where onnxruntime deviates', () => {
  test('the post transforms of TreeEnsemble are those of ONNX', () => {
    const attributes = { ...ensembleAttributes([stump]), n_targets: 2 };
    const x = new Map([['x', Float64Array.of(0, 0, 0)]]);
    const softmax = imported('TreeEnsemble', { ...attributes, post_transform: 1 });
    const logistic = imported('TreeEnsemble', { ...attributes, post_transform: 2 });
    const e = Math.E;
    expect([...(answer(softmax, x).get('y') ?? [])]).toEqual([e / (1 + e), 1 / (1 + e)]);
    expect([...(answer(logistic, x).get('y') ?? [])]).toEqual([e / (1 + e), 0.5]);
    expect(softmax.deviations.map(({ message }) => message)).toEqual([
      'onnxruntime deviates from ONNX: it takes post_transform 1 of TreeEnsemble for another than SOFTMAX',
    ]);
  });

  test('of two classes that both have votes the larger score wins', () => {
    const half: GrownTree = {
      ...stump,
      whenTrue: {
        votes: [
          [0, 0.75],
          [1, 0.25],
        ],
      },
    };
    const model = imported('TreeEnsembleClassifier', {
      ...nodeAttributes([half], 'class'),
      classlabels_int64s: [7, 8],
    });
    expect(answer(model, new Map([['x', Float64Array.of(0, 0, 0)]])).get('label')).toEqual(Float64Array.of(7));
    expect(model.deviations.map(({ message }) => message)).toEqual([
      'onnxruntime deviates from ONNX: it decides between two classes that both have votes by the sign of the second',
    ]);
  });

  test('a float that is compared for equality is the integer next to it', () => {
    const attributes = { ...nodeAttributes([{ ...stump, mode: 'BRANCH_EQ', values: [2] }], 'target'), n_targets: 2 };
    const model = imported('TreeEnsembleRegressor', attributes);
    const of = (x: number) => answer(model, new Map([['x', Float64Array.of(x, 0, 0)]])).get('y');
    expect([1, 2, 3].map((x) => of(x))).toEqual(
      [
        [0, 2],
        [1, 0],
        [0, 2],
      ].map((y) => Float64Array.from(y)),
    );
    expect(model.deviations.map(({ message }) => message)).toEqual([
      'onnxruntime deviates from ONNX: trees ask whether feature 0 equals certain integers, which hepc takes for true of what ' +
        'is nearest to one of them',
    ]);
  });
});

function modesOf(attributes: Attributes): readonly string[] {
  const modes = attributes['nodes_modes'];
  return typeof modes === 'object' && 'strings' in modes ? modes.strings : [];
}

function cut(attributes: Attributes, name: string): Attributes {
  const value = attributes[name];
  return { ...attributes, ...(Array.isArray(value) && { [name]: value.slice(1) }) };
}

function without(attributes: Attributes, name: string): Attributes {
  return Object.fromEntries(Object.entries(attributes).filter(([key]) => key !== name));
}
