/** The activations of the tensor level as operators of ONNX, version 17, spelled so that importers know them again. */
import type { TensorNodeNamed } from '../../ir/tensor/ops.ts';
import type { GraphWriter, NodeOptions } from './graph-writer.ts';

export type ActivationAttrs = TensorNodeNamed<'activation'>['attrs'];
export type ActivationKind = ActivationAttrs['kind'];

export interface ActivationOperand {
  readonly x: string;
  readonly parameters: readonly number[];
  /** Axes of one sample. */
  readonly rank: number;
}

type Rule = (graph: GraphWriter, operand: ActivationOperand, result: NodeOptions) => string;

const plain =
  (opType: string, ...names: readonly string[]): Rule =>
  (graph, { x, parameters }, result) => {
    const attributes = Object.fromEntries(names.map((name, i) => [name, { float: parameters[i] ?? 0 }]));
    return graph.node(opType, [x], { ...result, attributes });
  };

/** √(2/π), and the cubic term of the approximation of Hendrycks and Gimpel (arXiv 1606.08415). */
export const geluTanh = { scale: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;

const rules: Readonly<Record<ActivationKind, Rule>> = {
  relu: plain('Relu'),
  'leaky-relu': plain('LeakyRelu', 'alpha'),
  prelu: (graph, operand, result) => graph.node('PRelu', [operand.x, slopes(graph, operand)], result),
  sigmoid: plain('Sigmoid'),
  tanh: plain('Tanh'),
  gelu: (graph, { x }, result) => {
    const scaled = graph.node('Div', [x, Math.SQRT2]);
    const gate = graph.node('Add', [graph.node('Erf', [scaled]), 1]);
    return graph.node('Mul', [graph.node('Mul', [x, gate]), 0.5], result);
  },
  'gelu-tanh': (graph, { x }, result) => {
    const gate = graph.node('Add', [graph.node('Tanh', [geluTanhOperand(graph, x)]), 1]);
    return graph.node('Mul', [graph.node('Mul', [x, gate]), 0.5], result);
  },
  silu: (graph, { x }, result) => graph.node('Mul', [x, graph.node('Sigmoid', [x])], result),
  'hard-swish': plain('HardSwish'),
  'hard-sigmoid': plain('HardSigmoid', 'alpha', 'beta'),
  elu: plain('Elu', 'alpha'),
  softplus: plain('Softplus'),
  clip: (graph, { x, parameters: [min = 0, max = 0] }, result) =>
    graph.node('Clip', [x, bound(min), bound(max)], result),
  abs: plain('Abs'),
  sign: plain('Sign'),
  step: (graph, { x }, result) => graph.node('Where', [graph.node('GreaterOrEqual', [x, 0]), 1, 0], result),
  reciprocal: plain('Reciprocal'),
  sqrt: plain('Sqrt'),
  exp: plain('Exp'),
  log: plain('Log'),
  erf: plain('Erf'),
  sin: plain('Sin'),
  cos: plain('Cos'),
  tan: plain('Tan'),
  asin: plain('Asin'),
  acos: plain('Acos'),
  atan: plain('Atan'),
  sinh: plain('Sinh'),
  cosh: plain('Cosh'),
  asinh: plain('Asinh'),
  acosh: plain('Acosh'),
  atanh: plain('Atanh'),
  softsign: plain('Softsign'),
  rsqrt: (graph, { x }, result) => graph.node('Reciprocal', [graph.node('Sqrt', [x])], result),
  power: (graph, { x, parameters: [exponent = 1] }, result) => graph.node('Pow', [x, exponent], result),
};

/** √(2/π) (x + 0.044715 x³), what the tanh of `gelu-tanh` is taken of. */
export function geluTanhOperand(graph: GraphWriter, x: string): string {
  const square = graph.node('Mul', [x, x]);
  const inner = graph.node('Add', [graph.node('Mul', [square, geluTanh.scale * geluTanh.cubic]), geluTanh.scale]);
  return graph.node('Mul', [x, inner]);
}

export function emitActivation(
  graph: GraphWriter,
  kind: ActivationKind,
  operand: ActivationOperand,
  result: NodeOptions = {},
): string {
  return rules[kind](graph, operand, result);
}

/** The slopes of a prelu, so that they go with the first axis of a sample. */
export function slopes(graph: GraphWriter, { parameters, rank }: ActivationOperand): string {
  const ones = new Array<number>(Math.max(0, rank - 1)).fill(1);
  return parameters.length <= 1
    ? graph.floats([1], [parameters[0] ?? 0], 'slope')
    : graph.floats([parameters.length, ...ones], parameters, 'slope');
}

/** No operand where a float has no such number: the importer writes a bound that is left out as the largest double. */
function bound(value: number): number | '' {
  return Number.isFinite(Math.fround(value)) ? value : '';
}
