/** Activations, their parameters, and the patterns that exporters write for them. */
import { floats, node, type NodeSpec, type TensorSpec } from '../../../../support/onnx-builder.ts';
import { type Case, given, scalar, weights } from './case.ts';

const inputs = { x: ['batch', 3, 4] };

function of(
  name: string,
  opset: number,
  nodes: readonly NodeSpec[],
  initializers: Readonly<Record<string, TensorSpec>> = {},
): Case {
  return given(name, { opset, inputs, nodes, initializers });
}

const simple: Case[] = ['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh', 'Elu', 'Selu', 'Softplus', 'HardSigmoid'].map(
  (opType) => of(opType, 13, [node(opType, 'x', 'y')]),
);

const parameterised: Case[] = [
  of('HardSwish', 14, [node('HardSwish', 'x', 'y')]),
  of('Mish', 18, [node('Mish', 'x', 'y')]),
  of('Celu', 12, [node('Celu', 'x', 'y', { alpha: { float: 1.5 } })]),
  of('Gelu', 20, [node('Gelu', 'x', 'y')]),
  of('Gelu by tanh', 20, [node('Gelu', 'x', 'y', { approximate: 'tanh' })]),
  of('LeakyRelu with alpha', 7, [node('LeakyRelu', 'x', 'y', { alpha: { float: 0.3 } })]),
  of('Elu with alpha', 7, [node('Elu', 'x', 'y', { alpha: { float: 0.3 } })]),
  of('HardSigmoid with alpha and beta', 7, [
    node('HardSigmoid', 'x', 'y', { alpha: { float: 0.4 }, beta: { float: 0.3 } }),
  ]),
  of('Selu with alpha and gamma', 7, [node('Selu', 'x', 'y', { alpha: { float: 1.2 }, gamma: { float: 0.7 } })]),
];

const clips: Case[] = [
  of('Clip by attributes', 7, [node('Clip', 'x', 'y', { min: { float: -0.5 }, max: { float: 1 } })]),
  of('Clip by operands', 13, [node('Clip', 'x a b', 'y')], { a: scalar(0), b: scalar(1.2) }),
  of('Clip from below at zero', 13, [node('Clip', 'x a', 'y')], { a: scalar(0) }),
  of('Clip from above', 13, [node('Clip', 'x _ b', 'y')], { b: scalar(0.5) }),
  of('Clip with an infinite bound', 13, [node('Clip', 'x a b', 'y')], { a: scalar(-1), b: scalar(Infinity) }),
  of('Clip of nothing', 13, [node('Clip', 'x', 'y')]),
];

const prelus: Case[] = [
  of('PRelu with one slope', 9, [node('PRelu', 'x a', 'y')], { a: floats([1], [0.25]) }),
  of('PRelu with a slope per channel', 16, [node('PRelu', 'x a', 'y')], { a: weights(3, 1) }),
  of('PRelu with a slope per column', 16, [node('PRelu', 'x a', 'y')], { a: weights(4) }),
  given('PRelu of static samples', {
    inputs: { x: [2, 3, 4] },
    nodes: [node('PRelu', 'x a', 'y')],
    initializers: { a: weights(3, 1) },
  }),
];

const patterns: Case[] = [
  of('x · Sigmoid(x)', 13, [node('Sigmoid', 'x', 's'), node('Mul', 's x', 'y')]),
  of('x · HardSigmoid(x)', 13, [node('HardSigmoid', 'x', 's', { alpha: { float: 1 / 6 } }), node('Mul', 'x s', 'y')]),
  of(
    'x · (1 + Erf(x / √2)) · ½',
    13,
    [
      node('Div', 'x root', 'd'),
      node('Erf', 'd', 'e'),
      node('Add', 'e one', 'a'),
      node('Mul', 'x a', 'm'),
      node('Mul', 'm half', 'y'),
    ],
    { root: scalar(Math.SQRT2), one: scalar(1), half: scalar(0.5) },
  ),
  of(
    '(½ x) · (1 + Erf(x · √½))',
    13,
    [
      node('Constant', '', 'root', { value: { tensor: scalar(Math.SQRT1_2) } }),
      node('Mul', 'root x', 'd'),
      node('Erf', 'd', 'e'),
      node('Add', 'one e', 'a'),
      node('Mul', 'half x', 'm'),
      node('Mul', 'm a', 'y'),
    ],
    { one: scalar(1), half: scalar(0.5) },
  ),
];

const folded: Case[] = [
  'Relu',
  'Sigmoid',
  'Tanh',
  'Erf',
  'Exp',
  'Sqrt',
  'Abs',
  'Ceil',
  'Floor',
  'Round',
  'Sign',
  'Sin',
  'Cos',
  'Log',
  'Reciprocal',
].map((opType) =>
  of(`${opType} of a constant`, 13, [node(opType, 'c', 'd'), node('Add', 'x d', 'y')], {
    c: floats([4], [0.5, 1.5, 2.5, 3.25]),
  }),
);

export const activationCases: readonly Case[] = [
  ...simple,
  ...parameterised,
  ...clips,
  ...prelus,
  ...patterns,
  ...folded,
];
