/** Scaler, Normalizer, Binarizer, Imputer, FeatureVectorizer, ArrayFeatureExtractor. */
import { floats, int64s, node, texts } from '../../../../../support/onnx-builder.ts';
import { given, label, ml, type MlCase, numbers } from './case.ts';

const batch = 'batch';
/** A layer that is computed encrypted. */
const layer = node('MatMul', 'x w', 'h');
const square = { w: floats([3, 3], numbers(9)) };

const scalers: MlCase[] = [
  given('Scaler for each feature', {
    inputs: { x: [batch, 3] },
    nodes: [ml('Scaler', 'x', 'y', { scale: { floats: [1, 2, -3] }, offset: { floats: [0.5, 0, 1] } })],
  }),
  given('Scaler of one number, of static rows of integers', {
    inputs: { x: [2, 3] },
    types: { x: label.int },
    nodes: [ml('Scaler', 'x', 'y', { scale: { floats: [2] }, offset: { floats: [0.5] } })],
  }),
  given('Scaler for each feature of static rows', {
    inputs: { x: [2, 3] },
    nodes: [ml('Scaler', 'x', 'y', { scale: { floats: [1, 2, -3] }, offset: { floats: [0.5, 0, 1] } })],
  }),
  given('Scaler of a vector', {
    inputs: { x: [3] },
    nodes: [ml('Scaler', 'x', 'y', { scale: { floats: [1, 2, -3] }, offset: { floats: [0.5, 0, 1] } })],
  }),
];

const zeros = [new Map([['x', new Float64Array(3)]]), new Map([['x', Float64Array.of(-1, -2, -0.5)]])];

const normalizers: MlCase[] = ['MAX', 'L1', 'L2'].flatMap((norm) => [
  given(`Normalizer ${norm} before a layer`, {
    inputs: { x: [batch, 3] },
    nodes: [ml('Normalizer', 'x', 'n', { norm }), node('MatMul', 'n w', 'y')],
    initializers: square,
  }),
  given(`Normalizer ${norm} of scores`, {
    inputs: { x: [batch, 3] },
    nodes: [layer, ml('Normalizer', 'h', 'y', { norm })],
    initializers: square,
  }),
  given(`Normalizer ${norm} of zeros and negative numbers`, {
    inputs: { x: [batch, 3] },
    nodes: [ml('Normalizer', 'x', 'y', { norm })],
    samples: zeros,
  }),
  given(`Normalizer ${norm} of static rows`, { inputs: { x: [2, 3] }, nodes: [ml('Normalizer', 'x', 'y', { norm })] }),
]);

const binarizers: MlCase[] = [
  given('Binarizer before a layer', {
    inputs: { x: [batch, 3] },
    nodes: [ml('Binarizer', 'x', 'n', { threshold: { float: 0.25 } }), node('MatMul', 'n w', 'y')],
    initializers: square,
  }),
  given('Binarizer of scores', {
    inputs: { x: [batch, 3] },
    nodes: [layer, ml('Binarizer', 'h', 'y')],
    initializers: square,
  }),
];

const gaps = [
  [NaN, 1, 0],
  [2, NaN, NaN],
  [0, 3, 4],
].map((x) => new Map([['x', Float64Array.from(x)]]));

const imputers: MlCase[] = [
  given('Imputer of NaN for each feature', {
    inputs: { x: [batch, 3] },
    nodes: [
      ml('Imputer', 'x', 'n', { imputed_value_floats: { floats: [7, 8, 9] }, replaced_value_float: { float: NaN } }),
      node('MatMul', 'n w', 'y'),
    ],
    initializers: square,
    samples: gaps,
  }),
  given('Imputer of zeros by one number', {
    inputs: { x: [batch, 3] },
    nodes: [ml('Imputer', 'x', 'y', { imputed_value_floats: { floats: [7, 8] }, replaced_value_float: { float: 0 } })],
    samples: [[0, 1, 0]].map((x) => new Map([['x', Float64Array.from(x)]])),
  }),
  given('Imputer of integers', {
    inputs: { x: [batch, 3] },
    types: { x: label.int },
    nodes: [
      ml('Imputer', 'x', 'n', { imputed_value_int64s: [7, 8, 9], replaced_value_int64: 3 }),
      node('Cast', 'n', 'r', { to: 1 }),
      node('MatMul', 'r w', 'y'),
    ],
    initializers: square,
  }),
];

const joined: MlCase[] = [
  given('FeatureVectorizer cuts and fills up', {
    inputs: { x: [batch, 3], z: [batch, 2] },
    nodes: [layer, ml('FeatureVectorizer', 'h z x', 'y', { inputdimensions: [2, 3, 3] })],
    initializers: square,
  }),
  given('FeatureVectorizer of integers', {
    inputs: { x: [batch, 3], z: [batch, 2] },
    types: { x: label.int, z: label.int },
    nodes: [ml('FeatureVectorizer', 'x z', 'v', { inputdimensions: [3, 2] }), node('MatMul', 'v w', 'y')],
    initializers: { w: floats([5, 2], numbers(10)) },
  }),
  given('FeatureVectorizer of vectors', {
    inputs: { x: [3], z: [2] },
    nodes: [ml('FeatureVectorizer', 'x z', 'y', { inputdimensions: [2, 2] })],
  }),
];

const extracted: MlCase[] = [
  given('ArrayFeatureExtractor of an input', {
    inputs: { x: [batch, 4] },
    nodes: [ml('ArrayFeatureExtractor', 'x i', 'y')],
    initializers: { i: int64s([1, 3], [3, 0, 3]) },
  }),
  given('ArrayFeatureExtractor of scores in blocks', {
    inputs: { x: [batch, 2, 3] },
    nodes: [node('Mul', 'x x', 'h'), ml('ArrayFeatureExtractor', 'h i', 'y')],
    initializers: { i: int64s([2], [2, 0]) },
  }),
  given('ArrayFeatureExtractor of a vector', {
    inputs: { x: [4] },
    nodes: [ml('ArrayFeatureExtractor', 'x i', 'y')],
    initializers: { i: int64s([2], [1, 0]) },
  }),
  given('ArrayFeatureExtractor of probabilities', {
    inputs: { x: [batch, 3] },
    nodes: [layer, node('Softmax', 'h', 'p'), ml('ArrayFeatureExtractor', 'p i', 'y')],
    initializers: { ...square, i: int64s([], [1]) },
  }),
  given('ArrayFeatureExtractor and Gather of texts', {
    inputs: { x: [batch, 3] },
    types: { x: label.text },
    nodes: [
      ml('ArrayFeatureExtractor', 'x i', 'a'),
      node('Gather', 'a j', 'b', { axis: 1 }),
      ml('LabelEncoder', 'b', 'c', { keys_strings: { strings: ['p', 'q'] }, values_floats: { floats: [1, 2] } }),
      node('MatMul', 'c v', 'y'),
    ],
    initializers: { i: int64s([2], [2, 0]), j: int64s([1], [1]), v: floats([1, 2], [3, 4]) },
    samples: [
      ['p', '', 'q'],
      ['q', 'p', ''],
    ].map((x) => new Map([['x', x]])),
  }),
  given('ArrayFeatureExtractor of labels by ArgMax', {
    inputs: { x: [batch, 3] },
    types: { y: label.int },
    nodes: [
      layer,
      node('ArgMax', 'h', 'a', { axis: 1 }),
      ml('ArrayFeatureExtractor', 'classes a', 'l'),
      node('Reshape', 'l shape', 'y'),
    ],
    initializers: { ...square, classes: int64s([3], [10, 20, 30]), shape: int64s([1], [-1]) },
  }),
  given('ArrayFeatureExtractor of texts by ArgMax', {
    inputs: { x: [batch, 3] },
    types: { y: label.text },
    nodes: [
      layer,
      node('ArgMax', 'h', 'a', { axis: 1, keepdims: 0 }),
      ml('ArrayFeatureExtractor', 'classes a', 'l'),
      node('Reshape', 'l shape', 'y'),
    ],
    initializers: { ...square, classes: texts([3], ['a', 'b', 'c']), shape: int64s([1], [-1]) },
  }),
];

const scaled = ml('Scaler', 'x', 's', { scale: { floats: [1, 2, -3] }, offset: { floats: [0.5, 0, 1] } });

/** Steps that a layer reads, though what is before them would be computed encrypted. */
const early: MlCase[] = [
  given('Normalizer between a Scaler and a layer', {
    inputs: { x: [batch, 3] },
    nodes: [scaled, ml('Normalizer', 's', 'n', { norm: 'L2' }), node('MatMul', 'n w', 'y')],
    initializers: square,
  }),
  given('Binarizer behind arithmetic, joined with what is not binary', {
    inputs: { x: [batch, 3], z: [batch, 3] },
    nodes: [
      scaled,
      node('Mul', 's z', 'p'),
      node('Sub', 'p s', 'd'),
      ml('Binarizer', 'd', 'b', { threshold: { float: 0.5 } }),
      node('Concat', 'b s', 'c', { axis: 1 }),
      node('MatMul', 'c w', 'y'),
    ],
    initializers: { w: floats([6, 2], numbers(12)) },
  }),
];

export const featureCases: readonly MlCase[] = [
  ...scalers,
  ...normalizers,
  ...binarizers,
  ...imputers,
  ...joined,
  ...extracted,
  ...early,
];
