/** LinearRegressor, LinearClassifier, SVMRegressor, SVMClassifier and ZipMap. */
import type { AttributeSpec } from '../../../../../support/onnx-builder.ts';
import { given, label, ml, type MlCase, numbers } from './case.ts';

const batch = 'batch';
const transforms = ['NONE', 'LOGISTIC', 'SOFTMAX', 'SOFTMAX_ZERO', 'PROBIT'] as const;

/** Small weights and intercepts of ½: PROBIT takes scores between 0 and 1. */
function affine(targets: number, features: number): Record<string, AttributeSpec> {
  return {
    coefficients: { floats: numbers(targets * features).map((w) => 0.05 * w) },
    intercepts: { floats: numbers(targets, 2).map((b) => 0.5 + 0.1 * b) },
  };
}

const regressors: MlCase[] = [
  ...transforms.flatMap((post_transform) =>
    [1, 3].map((targets) =>
      given(`LinearRegressor with ${post_transform} of ${targets} targets`, {
        inputs: { x: [batch, 4] },
        nodes: [ml('LinearRegressor', 'x', 'y', { ...affine(targets, 4), targets, post_transform })],
      }),
    ),
  ),
  given('LinearRegressor without intercepts, of static rows', {
    inputs: { x: [3, 4] },
    nodes: [ml('LinearRegressor', 'x', 'y', { coefficients: { floats: numbers(8) }, targets: 2 })],
  }),
  given('LinearRegressor of a vector', {
    inputs: { x: [4] },
    nodes: [ml('LinearRegressor', 'x', 'y', { coefficients: { floats: numbers(4) }, targets: 1 })],
  }),
  given('LinearRegressor of another', {
    inputs: { x: [batch, 4] },
    nodes: [
      ml('LinearRegressor', 'x', 'h', { ...affine(3, 4), targets: 3 }),
      ml('LinearRegressor', 'h', 'y', { ...affine(1, 3), targets: 1 }),
    ],
  }),
];

/** The labels of a classifier as its attribute, and the type of its first output. */
const labelKinds = (count: number) =>
  [
    {
      kind: 'numbers',
      attributes: { classlabels_ints: Array.from({ length: count }, (_, i) => 7 - 3 * i) },
      type: label.int,
    },
    {
      kind: 'texts',
      attributes: { classlabels_strings: { strings: Array.from({ length: count }, (_, i) => `class ${i} é`) } },
      type: label.text,
    },
  ] as const;

const linearClassifiers: MlCase[] = [
  ...transforms.flatMap((post_transform) =>
    [1, 2, 4].flatMap((rows) =>
      // One row decides between two labels, and onnxruntime leaves the second column of PROBIT undefined.
      rows === 1 && post_transform === 'PROBIT'
        ? []
        : labelKinds(Math.max(2, rows)).map(({ kind, attributes, type }) =>
            given(`LinearClassifier of ${rows} rows with ${post_transform} and labels that are ${kind}`, {
              inputs: { x: [batch, 3] },
              outputs: ['label', 'p'],
              types: { label: type },
              nodes: [ml('LinearClassifier', 'x', 'label p', { ...affine(rows, 3), ...attributes, post_transform })],
            }),
          ),
    ),
  ),
  given('LinearClassifier of one row decides by the sign', {
    inputs: { x: [batch, 3] },
    outputs: ['label', 'p'],
    types: { label: label.int },
    nodes: [
      ml('LinearClassifier', 'x', 'label p', {
        coefficients: { floats: [1, 1, 1] },
        intercepts: { floats: [0] },
        classlabels_ints: [-5, 5],
      }),
    ],
    samples: [
      [1, 0, 0],
      [-1, 0, 0],
      [1, -1, 0],
    ].map((x) => new Map([['x', Float64Array.from(x)]])),
  }),
  given('LinearClassifier of integers, in static rows, with multi_class', {
    inputs: { x: [2, 3] },
    outputs: ['label', 'p'],
    types: { x: label.int, label: label.int },
    nodes: [
      ml('LinearClassifier', 'x', 'label p', {
        ...affine(3, 3),
        classlabels_ints: [1, 2, 3],
        multi_class: 1,
        post_transform: 'SOFTMAX',
      }),
    ],
  }),
  given('LinearClassifier with zeros among the scores of SOFTMAX_ZERO', {
    inputs: { x: [batch, 2] },
    outputs: ['label', 'p'],
    types: { label: label.int },
    nodes: [
      ml('LinearClassifier', 'x', 'label p', {
        coefficients: { floats: [1, 0, 0, 1, 1, 1] },
        intercepts: { floats: [0, 0, 0] },
        classlabels_ints: [0, 1, 2],
        post_transform: 'SOFTMAX_ZERO',
      }),
    ],
    samples: [
      [0, 1],
      [2, 0],
      [1, -1],
    ].map((x) => new Map([['x', Float64Array.from(x)]])),
  }),
];

const kernels = [
  { name: 'a linear kernel', attributes: { kernel_type: 'LINEAR', kernel_params: { floats: [0.5, 0.3, 3] } } },
  ...[1, 2, 3, 5].map((degree) => ({
    name: `a polynomial kernel of degree ${degree}`,
    attributes: { kernel_type: 'POLY', kernel_params: { floats: [0.4, 0.3, degree] } },
  })),
  { name: 'a radial kernel', attributes: { kernel_type: 'RBF', kernel_params: { floats: [0.4, 0, 3] } } },
  { name: 'a sigmoid kernel', attributes: { kernel_type: 'SIGMOID', kernel_params: { floats: [0.4, 0.3, 3] } } },
] satisfies { name: string; attributes: Record<string, AttributeSpec> }[];

const svmRegressors: MlCase[] = [
  ...kernels.flatMap(({ name, attributes }) =>
    [0, 1].map((one_class) =>
      given(`SVMRegressor with ${name}${one_class === 1 ? ', of one class' : ''}`, {
        inputs: { x: [batch, 3] },
        nodes: [
          ml('SVMRegressor', 'x', 'y', {
            ...attributes,
            n_supports: 4,
            support_vectors: { floats: numbers(12) },
            coefficients: { floats: numbers(4, 3) },
            rho: { floats: [0.05] },
            one_class,
          }),
        ],
      }),
    ),
  ),
  given('SVMRegressor without support vectors', {
    inputs: { x: [batch, 3] },
    nodes: [
      ml('SVMRegressor', 'x', 'y', {
        kernel_type: 'RBF',
        kernel_params: { floats: [0.5, 0, 3] },
        coefficients: { floats: numbers(3) },
        rho: { floats: [0.25] },
      }),
    ],
  }),
];

/** Support vectors for classes with one, two and three of them in turn. */
export function machine(classes: number, features: number): Record<string, AttributeSpec> {
  const perClass = Array.from({ length: classes }, (_, c) => 1 + (c % 3));
  const count = perClass.reduce((total, n) => total + n, 0);
  return {
    vectors_per_class: perClass,
    support_vectors: { floats: numbers(count * features, 5) },
    coefficients: { floats: numbers((classes - 1) * count, 6) },
    rho: { floats: numbers((classes * (classes - 1)) / 2, 7).map((r) => 0.2 * r) },
  };
}

function sigmoids(classes: number): Record<string, AttributeSpec> {
  const pairs = (classes * (classes - 1)) / 2;
  return {
    prob_a: { floats: numbers(pairs, 8).map((a) => -1.5 + a) },
    prob_b: { floats: numbers(pairs, 9).map((b) => 0.3 * b) },
  };
}

const svmClassifiers: MlCase[] = [
  ...kernels
    .filter(({ name }) => !name.endsWith('5'))
    .flatMap(({ name, attributes }) =>
      [2, 3, 4].flatMap((classes) =>
        [false, true].flatMap((probable) =>
          labelKinds(classes)
            .slice(0, classes === 3 ? 2 : 1)
            .map(({ kind, attributes: labels, type }) =>
              given(
                `SVMClassifier with ${name}, ${classes} classes named by ${kind}${probable ? ', with probabilities' : ''}`,
                {
                  inputs: { x: [batch, 3] },
                  outputs: ['label', 'p'],
                  types: { label: type },
                  nodes: [
                    ml('SVMClassifier', 'x', 'label p', {
                      ...attributes,
                      ...machine(classes, 3),
                      ...labels,
                      ...(probable && sigmoids(classes)),
                    }),
                  ],
                },
              ),
            ),
        ),
      ),
    ),
  ...transforms.slice(1).flatMap((post_transform) =>
    [2, 3].flatMap((classes) =>
      post_transform === 'PROBIT'
        ? []
        : given(`SVMClassifier of ${classes} classes with ${post_transform}`, {
            inputs: { x: [batch, 3] },
            outputs: ['label', 'p'],
            types: { label: label.int },
            nodes: [
              ml('SVMClassifier', 'x', 'label p', {
                ...kernels[0]?.attributes,
                ...machine(classes, 3),
                classlabels_ints: Array.from({ length: classes }, (_, i) => i),
                post_transform,
              }),
            ],
          }),
    ),
  ),
  ...[2, 3].flatMap((classes) =>
    [-1, 0].map((least) =>
      given(`SVMClassifier without support vectors, ${classes} classes, weights from ${least}`, {
        inputs: { x: [batch, 3] },
        outputs: ['label', 'p'],
        types: { label: label.int },
        nodes: [
          ml('SVMClassifier', 'x', 'label p', {
            kernel_params: { floats: [0, 0, 0] },
            coefficients: { floats: numbers(3 * classes, 4).map((w) => (least === 0 ? Math.abs(w) : w)) },
            rho: { floats: [0.1] },
            classlabels_ints: Array.from({ length: classes }, (_, i) => i),
            post_transform: 'LOGISTIC',
          }),
        ],
        samples: numbers(24, 11).flatMap((_, k, all) =>
          k % 3 === 0 ? [new Map([['x', Float64Array.from(all.slice(k, k + 3), (x) => 2 * x)]])] : [],
        ),
      }),
    ),
  ),
];

export const modelCases: readonly MlCase[] = [...regressors, ...linearClassifiers, ...svmRegressors, ...svmClassifiers];
