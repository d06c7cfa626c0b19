/** What the importer refuses of `ai.onnx.ml`, and what it says. */
import { describe, expect, test } from 'vitest';

import { HepcError } from '../../../../../../../ir/diagnostics/diagnostic.ts';
import { floats, model, node, type NodeSpec } from '../../../../../../support/onnx-builder.ts';
import { domain, given, label, ml, numbers } from '../../../cases/ml/case.ts';
import { machine } from '../../../cases/ml/models.ts';
import { importModel } from '../../../differential.ts';
import { answer } from './same-answers.ts';

function bytesOf(nodes: readonly NodeSpec[], types: Readonly<Record<string, number>> = {}): Uint8Array {
  const initializers = { w: floats([3, 2], numbers(6)) };
  return model(given('refused', { inputs: { x: ['batch', 3] }, types, nodes, initializers }).spec);
}

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof HepcError)
      return error.diagnostics.map(({ code, message }) => `${code} ${message}`).join('\n');
    throw error;
  }
  return 'accepted';
}

const svm = { ...machine(3, 3), classlabels_ints: [0, 1, 2] };

describe('models', () => {
  test.each([
    [
      'another kernel',
      ml('SVMClassifier', 'x', 'y p', { ...svm, kernel_type: 'PRECOMPUTED', kernel_params: { floats: [1, 0, 3] } }),
      'H105 the kernel is PRECOMPUTED',
    ],
    [
      'a degree that is no whole number',
      ml('SVMClassifier', 'x', 'y p', { ...svm, kernel_type: 'POLY', kernel_params: { floats: [1, 0, 2.5] } }),
      'H105 the degree of the kernel is 2.5',
    ],
    [
      'support vectors of other features',
      ml('SVMClassifier', 'x', 'y p', { ...svm, support_vectors: { floats: [1, 2, 3] } }),
      'H106 3 entries of 6 support vectors with 3 features',
    ],
    [
      'too few coefficients of pairs',
      ml('SVMClassifier', 'x', 'y p', { ...svm, coefficients: { floats: [1, 2, 3] } }),
      'H106 3 coefficients for 6 support vectors of 3 classes',
    ],
    [
      'too few sigmoids',
      ml('SVMClassifier', 'x', 'y p', { ...svm, prob_a: { floats: [1] }, prob_b: { floats: [1] } }),
      'H106 1 entries of prob_a and 1 of prob_b for 3 pairs of classes',
    ],
    [
      'coefficients of other features',
      ml('LinearRegressor', 'x', 'y', { coefficients: { floats: [1, 2] } }),
      'H106 2 coefficients for 1 targets of 3 features',
    ],
    [
      'one row for three labels',
      ml('LinearClassifier', 'x', 'y p', {
        coefficients: { floats: [1, 2, 3] },
        intercepts: { floats: [0] },
        classlabels_ints: [1, 2, 3],
      }),
      'H106 one row of coefficients for 3 labels',
    ],
    [
      'fewer labels than classes',
      ml('LinearClassifier', 'x', 'y p', {
        coefficients: { floats: numbers(9) },
        intercepts: { floats: numbers(3) },
        classlabels_ints: [1, 2],
      }),
      'H106 2 labels for 3 classes',
    ],
    [
      'PROBIT of one row',
      ml('LinearClassifier', 'x', 'y p', {
        coefficients: { floats: [1, 2, 3] },
        intercepts: { floats: [0] },
        classlabels_ints: [1, 2],
        post_transform: 'PROBIT',
      }),
      'H105 onnxruntime leaves the second column of PROBIT undefined',
    ],
  ])('%s', (_, refused, message) => {
    expect(refusal(() => importModel(bytesOf([refused])))).toBe(message);
  });

  test('a layer behind a classifier', () => {
    const classifier = ml('LinearClassifier', 'x', 'l p', {
      coefficients: { floats: numbers(9) },
      intercepts: { floats: numbers(3) },
      classlabels_ints: [1, 2, 3],
      post_transform: 'SOFTMAX',
    });
    expect(refusal(() => importModel(bytesOf([classifier, node('MatMul', 'p w', 'y')])))).toMatch(
      'H121 LinearClassifier stands inside the network: MatMul "y" reads its result',
    );
  });
});

describe('features', () => {
  test.each([
    [
      'a scaler',
      ml('Scaler', 'x', 'y', { scale: { floats: [1, 2] }, offset: { floats: [1, 2] } }),
      '2 scales and 2 offsets for 3 features',
    ],
    ['an imputer', ml('Imputer', 'x', 'y', { imputed_value_int64s: [1] }), 'no values to impute for reals'],
    [
      'categories',
      ml('OneHotEncoder', 'x', 'y', { cats_strings: { strings: ['a'] } }),
      'OneHotEncoder has no categories for numbers',
    ],
    [
      'a mapping',
      ml('LabelEncoder', 'x', 'y', { keys_floats: { floats: [1] }, values_floats: { floats: [1, 2] } }),
      '1 keys for 2 values',
    ],
    [
      'texts for numbers',
      ml('LabelEncoder', 'x', 'y', { keys_strings: { strings: ['a'] }, values_floats: { floats: [1] } }),
      'LabelEncoder looks numbers up among texts',
    ],
    ['a place', ml('ArrayFeatureExtractor', 'x w', 'y'), 'the places must be integers'],
  ])('%s', (_, refused, message) => {
    expect(refusal(() => importModel(bytesOf([refused])))).toBe(`H106 ${message}`);
  });

  test('a layer between a Normalizer and what is computed encrypted', () => {
    const nodes = [node('MatMul', 'x w', 'h'), ml('Normalizer', 'h', 'n'), node('MatMul', 'n v', 'y')];
    const spec = given('', { inputs: { x: ['batch', 3] }, nodes }).spec;
    const bytes = model({ ...spec, initializers: { w: floats([3, 2], numbers(6)), v: floats([2, 1], [1, 2]) } });
    expect(refusal(() => importModel(bytes))).toMatch('H121 Normalizer stands inside the network');
  });

  test('a map', () => {
    expect(refusal(() => importModel(bytesOf([ml('DictVectorizer', 'x', 'y')])))).toMatch(
      'H104 DictVectorizer is not supported: it takes a map',
    );
  });
});

describe('texts', () => {
  const types = { x: label.text };

  test('go nowhere but into encoders', () => {
    expect(
      refusal(() =>
        importModel(bytesOf([ml('Scaler', 'x', 'y', { scale: { floats: [1] }, offset: { floats: [1] } })], types)),
      ),
    ).toMatch('H124 Scaler gets texts as operand 0');
  });

  test('that the encoder does not know are refused by name, where the model has no default', () => {
    const encoder = ml('LabelEncoder', 'x', 'c', {
      keys_strings: { strings: ['a', 'b'] },
      values_floats: { floats: [1, 2] },
    });
    const imported = importModel(bytesOf([encoder, node('MatMul', 'c w', 'y')], types));
    expect(refusal(() => answer(imported, new Map([['x', ['a', 'b', 'c']]])))).toBe(
      'H515 sample 0 has "c", which is none of 2 categories',
    );
  });

  test('that are no category are refused where the encoder says so', () => {
    const encoder = ml('OneHotEncoder', 'x', 'c', { cats_strings: { strings: ['a', 'b'] }, zeros: 0 });
    const imported = importModel(bytesOf([encoder, node('Mul', 'c c', 'y')], types));
    expect(refusal(() => answer(imported, new Map([['x', ['a', 'z', 'b']]])))).toMatch('H515 sample 0 has "z"');
  });
});

test('the domain of a model without any other operator', () => {
  const spec = given('', {
    inputs: { x: ['batch', 3] },
    nodes: [ml('LinearRegressor', 'x', 'y', { coefficients: { floats: [1, 2, 3] } })],
  }).spec;
  expect(refusal(() => importModel(model({ ...spec, domains: { [domain]: 6 } })))).toMatch('H103');
  expect(refusal(() => importModel(model({ ...spec, domains: { [domain]: 5 } })))).toBe('accepted');
});
