/** Derivatives of the activations, as graphs; where an activation has a kink, that of one side. */
import { type ActivationKind, type ActivationOperand, geluTanh, geluTanhOperand, slopes } from '../onnx/activations.ts';
import type { GraphWriter, Operand } from '../onnx/graph-writer.ts';

/** dy/dx from x, the parameters and y. */
type Rule = (graph: GraphWriter, operand: ActivationOperand, y: string) => string;

const rules: Readonly<Record<ActivationKind, Rule>> = {
  relu: (graph, { x }) => where(graph, graph.node('Greater', [x, 0]), 1, 0),
  'leaky-relu': (graph, { x, parameters: [alpha = 0] }) => where(graph, graph.node('Less', [x, 0]), alpha, 1),
  prelu: (graph, operand) => where(graph, graph.node('Less', [operand.x, 0]), slopes(graph, operand), 1),
  sigmoid: (graph, _, y) => graph.node('Mul', [y, graph.node('Sub', [1, y])]),
  tanh: (graph, _, y) => graph.node('Sub', [1, graph.node('Mul', [y, y])]),
  // Φ(x) + x φ(x)
  gelu: (graph, { x }) => {
    const erf = graph.node('Erf', [graph.node('Mul', [x, Math.SQRT1_2])]);
    const cumulative = graph.node('Mul', [graph.node('Add', [erf, 1]), 0.5]);
    const exponent = graph.node('Mul', [graph.node('Mul', [x, x]), -0.5]);
    const density = graph.node('Mul', [graph.node('Exp', [exponent]), 1 / Math.sqrt(2 * Math.PI)]);
    return graph.node('Add', [cumulative, graph.node('Mul', [x, density])]);
  },
  // With u = √(2/π) (x + c x³): ½ (1 + tanh u) + ½ x (1 − tanh² u) u'
  'gelu-tanh': (graph, { x }) => {
    const { scale, cubic } = geluTanh;
    const tanh = graph.node('Tanh', [geluTanhOperand(graph, x)]);
    const slope = graph.node('Add', [graph.node('Mul', [graph.node('Mul', [x, x]), 3 * scale * cubic]), scale]);
    const change = graph.node('Mul', [graph.node('Sub', [1, graph.node('Mul', [tanh, tanh])]), slope]);
    const twice = graph.node('Add', [graph.node('Add', [tanh, 1]), graph.node('Mul', [x, change])]);
    return graph.node('Mul', [twice, 0.5]);
  },
  // σ + x σ (1 − σ) = σ + y (1 − σ)
  silu: (graph, { x }, y) => {
    const gate = graph.node('Sigmoid', [x]);
    return graph.node('Add', [gate, graph.node('Mul', [y, graph.node('Sub', [1, gate])])]);
  },
  'hard-swish': (graph, { x }) => {
    const middle = graph.node('Add', [graph.node('Mul', [x, 1 / 3]), 0.5]);
    const below = where(graph, graph.node('LessOrEqual', [x, -3]), 0, middle);
    return where(graph, graph.node('GreaterOrEqual', [x, 3]), 1, below);
  },
  'hard-sigmoid': (graph, { parameters: [alpha = 0] }, y) => inside(graph, y, 0, 1, alpha),
  // α eˣ = y + α below zero
  elu: (graph, { x, parameters: [alpha = 0] }, y) =>
    where(graph, graph.node('Less', [x, 0]), graph.node('Add', [y, alpha]), 1),
  softplus: (graph, { x }) => graph.node('Sigmoid', [x]),
  clip: (graph, { parameters: [min = 0, max = 0] }, y) => inside(graph, y, Math.fround(min), Math.fround(max), 1),
  abs: (graph, { x }) => graph.node('Sign', [x]),
  // Flat on both sides of the jump.
  sign: (graph, { x }) => graph.node('Mul', [x, 0]),
  step: (graph, { x }) => graph.node('Mul', [x, 0]),
  reciprocal: (graph, _, y) => graph.node('Neg', [graph.node('Mul', [y, y])]),
  sqrt: (graph, _, y) => graph.node('Div', [0.5, y]),
  rsqrt: (graph, { x }, y) => graph.node('Mul', [graph.node('Div', [y, x]), -0.5]),
  power: (graph, { x, parameters: [exponent = 1] }, y) => graph.node('Mul', [graph.node('Div', [y, x]), exponent]),
  exp: (_, __, y) => y,
  log: (graph, { x }) => graph.node('Reciprocal', [x]),
  erf: (graph, { x }) => {
    const bell = graph.node('Exp', [graph.node('Neg', [graph.node('Mul', [x, x])])]);
    return graph.node('Mul', [bell, 2 / Math.sqrt(Math.PI)]);
  },
  sin: (graph, { x }) => graph.node('Cos', [x]),
  cos: (graph, { x }) => graph.node('Neg', [graph.node('Sin', [x])]),
  tan: (graph, _, y) => graph.node('Add', [1, graph.node('Mul', [y, y])]),
  asin: (graph, { x }) => inverseRoot(graph, graph.node('Sub', [1, square(graph, x)])),
  acos: (graph, { x }) => graph.node('Neg', [inverseRoot(graph, graph.node('Sub', [1, square(graph, x)]))]),
  atan: (graph, { x }) => graph.node('Reciprocal', [graph.node('Add', [1, square(graph, x)])]),
  sinh: (graph, { x }) => graph.node('Cosh', [x]),
  cosh: (graph, { x }) => graph.node('Sinh', [x]),
  asinh: (graph, { x }) => inverseRoot(graph, graph.node('Add', [square(graph, x), 1])),
  acosh: (graph, { x }) => inverseRoot(graph, graph.node('Sub', [square(graph, x), 1])),
  atanh: (graph, { x }) => graph.node('Reciprocal', [graph.node('Sub', [1, square(graph, x)])]),
  softsign: (graph, { x }) => {
    const inverse = graph.node('Reciprocal', [graph.node('Add', [1, graph.node('Abs', [x])])]);
    return graph.node('Mul', [inverse, inverse]);
  },
};

function square(graph: GraphWriter, x: string): string {
  return graph.node('Mul', [x, x]);
}

function inverseRoot(graph: GraphWriter, x: string): string {
  return graph.node('Reciprocal', [graph.node('Sqrt', [x])]);
}

export function emitActivationDerivative(
  graph: GraphWriter,
  kind: ActivationKind,
  operand: ActivationOperand,
  y: string,
): string {
  return rules[kind](graph, operand, y);
}

function where(graph: GraphWriter, condition: string, yes: Operand, no: Operand): string {
  return graph.node('Where', [condition, yes, no]);
}

/** `slope` where min < y < max, 0 elsewhere. */
function inside(graph: GraphWriter, y: string, min: number, max: number, slope: number): string {
  const above = graph.node('Greater', [y, min]);
  return where(graph, graph.node('And', [above, graph.node('Less', [y, max])]), slope, 0);
}
