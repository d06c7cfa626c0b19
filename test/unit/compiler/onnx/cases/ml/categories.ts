/** OneHotEncoder, LabelEncoder, CategoryMapper: before encryption, and of what is decrypted. */
import type { ClientSample } from '../../../../../../ir/interface.ts';
import {
  type AttributeSpec,
  doubles,
  elementType,
  floats,
  int64s,
  node,
  type NodeSpec,
  texts,
} from '../../../../../support/onnx-builder.ts';
import { given, label, ml, type MlCase, numbers } from './case.ts';

const batch = 'batch';
const cities = ['bern', 'oslo', 'zürich', 'unknown'].map((city) => [city, 'oslo']);
const ofTexts: readonly ClientSample[] = cities.map((x) => new Map([['x', x]]));
const ofNumbers: readonly ClientSample[] = [
  [0, 1],
  [2, 5],
  [-3, 2],
].map((x) => new Map([['x', Float64Array.from(x)]]));
const ofReals: readonly ClientSample[] = [
  [0.5, 1],
  [NaN, 0.5],
  [2.5, -1],
].map((x) => new Map([['x', Float64Array.from(x)]]));

/** `code`, numbers that the client has made, with weights behind. */
const network = (code: string): NodeSpec[] => [
  node('Cast', code, 'r', { to: elementType.float }),
  node('MatMul', 'r w', 'y'),
];
const weights = (rows: number) => ({ w: floats([rows, 2], numbers(2 * rows)) });

const oneHot: MlCase[] = [
  given('OneHotEncoder of texts', {
    inputs: { x: [batch, 2] },
    types: { x: label.text },
    nodes: [
      ml('OneHotEncoder', 'x', 'hot', { cats_strings: { strings: ['bern', 'oslo', 'zürich'] }, zeros: 1 }),
      node('Reshape', 'hot flat', 'code'),
      ...network('code'),
    ],
    initializers: { flat: int64s([2], [-1, 6]), ...weights(6) },
    samples: ofTexts,
  }),
  given('OneHotEncoder of integers, of which one stands twice', {
    inputs: { x: [batch, 2] },
    types: { x: label.int },
    nodes: [
      ml('OneHotEncoder', 'x', 'hot', { cats_int64s: [2, 0, 2, -3] }),
      node('Reshape', 'hot flat', 'code'),
      ...network('code'),
    ],
    initializers: { flat: int64s([2], [-1, 8]), ...weights(8) },
    samples: ofNumbers,
  }),
  given('OneHotEncoder of reals, and of a label', {
    inputs: { x: [batch, 2] },
    outputs: ['y', 'z'],
    nodes: [
      ml('OneHotEncoder', 'x', 'hot', { cats_int64s: [0, 1, 2] }),
      node('Reshape', 'hot flat', 'code'),
      ...network('code'),
      node('ArgMax', 'y', 'a', { axis: 1, keepdims: 0 }),
      ml('OneHotEncoder', 'a', 'z', { cats_int64s: [1, 0] }),
    ],
    initializers: { flat: int64s([2], [-1, 6]), ...weights(6) },
    samples: ofReals.filter((sample) => !sample.get('x')?.some(Number.isNaN)),
  }),
];

interface Keys {
  readonly kind: 'strings' | 'int64s' | 'floats';
  readonly type: number;
  readonly keys: AttributeSpec;
  readonly samples: readonly ClientSample[];
}
const keyKinds: readonly Keys[] = [
  { kind: 'strings', type: label.text, keys: { strings: ['oslo', 'bern', 'oslo'] }, samples: ofTexts },
  { kind: 'int64s', type: label.int, keys: [2, 0, 2], samples: ofNumbers },
  { kind: 'floats', type: elementType.float, keys: { floats: [0.5, -1, 0.5] }, samples: ofReals.slice(2) },
];
const valueKinds = [
  { kind: 'int64s', values: [5, 6, 7], otherwise: { default_int64: -9 } },
  { kind: 'floats', values: { floats: [0.25, 2, 4] }, otherwise: { default_float: { float: -0.5 } } },
] satisfies { kind: string; values: AttributeSpec; otherwise: Record<string, AttributeSpec> }[];

const labelEncoders: MlCase[] = [
  ...keyKinds.flatMap(({ kind, type, keys, samples }) =>
    valueKinds.map((value) =>
      given(`LabelEncoder from ${kind} to ${value.kind}`, {
        version: 2,
        inputs: { x: [batch, 2] },
        types: { x: type },
        nodes: [
          ml('LabelEncoder', 'x', 'code', {
            [`keys_${kind}`]: keys,
            [`values_${value.kind}`]: value.values,
            ...value.otherwise,
          }),
          ...network('code'),
        ],
        initializers: weights(2),
        samples,
      }),
    ),
  ),
  ...keyKinds.map(({ kind, type, keys, samples }) =>
    given(`LabelEncoder from ${kind} to texts, and back`, {
      version: 2,
      inputs: { x: [batch, 2] },
      types: { x: type },
      nodes: [
        ml('LabelEncoder', 'x', 't', {
          [`keys_${kind}`]: keys,
          values_strings: { strings: ['a', 'b', 'c'] },
          default_string: 'none',
        }),
        ml('LabelEncoder', 't', 'code', {
          keys_strings: { strings: ['a', 'b', 'none'] },
          values_int64s: [1, 2, 3],
          default_int64: 4,
        }),
        ...network('code'),
      ],
      initializers: weights(2),
      samples,
    }),
  ),
  given('LabelEncoder of version 1 from texts', {
    version: 1,
    inputs: { x: [batch, 2] },
    types: { x: label.text },
    nodes: [
      ml('LabelEncoder', 'x', 'code', {
        classes_strings: { strings: ['bern', 'oslo'] },
        default_int64: -1,
        default_string: '?',
      }),
      ...network('code'),
    ],
    initializers: weights(2),
    samples: ofTexts,
  }),
  given('LabelEncoder of version 1 of a label', {
    version: 1,
    inputs: { x: [batch, 3] },
    types: { y: label.text },
    nodes: [
      node('Mul', 'x x', 'h'),
      node('ArgMax', 'h', 'a', { axis: 1, keepdims: 0 }),
      ml('LabelEncoder', 'a', 'y', { classes_strings: { strings: ['bern', 'oslo'] }, default_string: 'else' }),
    ],
  }),
  given('LabelEncoder of version 4 with tensors of texts and doubles', {
    version: 4,
    inputs: { x: [batch, 2] },
    types: { x: label.text },
    nodes: [
      ml('LabelEncoder', 'x', 'code', {
        keys_tensor: { tensor: texts([2], ['oslo', 'bern']) },
        values_tensor: { tensor: doubles([2], [0.1, 0.2]) },
        default_tensor: { tensor: doubles([1], [-1]) },
      }),
      ...network('code'),
    ],
    initializers: weights(2),
    samples: ofTexts,
  }),
  given('LabelEncoder of version 4 with a key that is no number', {
    version: 4,
    inputs: { x: [batch, 2] },
    types: { x: elementType.double },
    nodes: [
      ml('LabelEncoder', 'x', 'code', {
        keys_tensor: { tensor: doubles([3], [0.5, NaN, 1]) },
        values_tensor: { tensor: doubles([3], [3, 4, 5]) },
        default_tensor: { tensor: doubles([1], [9]) },
      }),
      ...network('code'),
    ],
    initializers: weights(2),
    samples: ofReals,
  }),
  given('LabelEncoder of version 4 of a label, with a default that is a text', {
    version: 4,
    inputs: { x: [batch, 3] },
    types: { y: label.text },
    nodes: [
      node('Mul', 'x x', 'h'),
      node('ArgMax', 'h', 'a', { axis: 1, keepdims: 0 }),
      ml('LabelEncoder', 'a', 'y', {
        keys_tensor: { tensor: int64s([2], [0, 2]) },
        values_tensor: { tensor: texts([2], ['zero', 'two']) },
        default_tensor: { tensor: texts([1], ['else']) },
      }),
    ],
  }),
];

const mapper = {
  cats_strings: { strings: ['bern', 'oslo', 'bern'] },
  cats_int64s: [0, 1, 2],
  default_int64: -4,
  default_string: 'else',
};
const mappers: MlCase[] = [
  given('CategoryMapper of texts', {
    inputs: { x: [batch, 2] },
    types: { x: label.text },
    nodes: [ml('CategoryMapper', 'x', 'code', mapper), ...network('code')],
    initializers: weights(2),
    samples: ofTexts,
  }),
  given('CategoryMapper of a label', {
    inputs: { x: [batch, 4] },
    types: { y: label.text },
    nodes: [
      node('Mul', 'x x', 'h'),
      node('ArgMax', 'h', 'a', { axis: 1, keepdims: 0 }),
      ml('CategoryMapper', 'a', 'y', mapper),
    ],
  }),
];

export const categoryCases: readonly MlCase[] = [...oneHot, ...labelEncoders, ...mappers];
