/** Reverse mode, one rule an op: from the gradient of a result those of its operands and of its weights. */
import { elementCount } from '../../ir/constant.ts';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { TensorNode, TensorOpName } from '../../ir/tensor/ops.ts';
import { flattened, type GraphValue, type Named, reshaped } from '../onnx/forward.ts';
import type { GraphWriter } from '../onnx/graph-writer.ts';
import { emitPolynomial } from '../onnx/polynomials.ts';
import { emitActivationDerivative } from './activation-gradients.ts';
import { operandGradient, weightGradient } from './conv-gradients.ts';
import { gatherGradient } from './gather-gradient.ts';
import { derivativeOf } from './polynomial-derivative.ts';

export interface GradientContext {
  readonly graph: GraphWriter;
  readonly operands: readonly GraphValue[];
  readonly result: GraphValue;
  /** Of the loss with respect to the result, in its shape. */
  readonly gradient: string;
  /** The weights as the forward pass uses them: of a sparse layer a matrix. */
  readonly weights: string;
  /** Whether anything before the operands is trained. */
  readonly wanted: boolean;
  readonly samples: number;
}

export interface Gradients {
  /** One for each operand in its shape, or none where `wanted` is false. */
  readonly operands: readonly string[];
  readonly weights?: string;
  readonly bias?: string;
}

type Rules = { readonly [K in TensorOpName]: (node: Named<K>, context: GradientContext) => Gradients };

const rules: Rules = {
  input: () => ({ operands: [] }),
  dense: (_, context) => affineGradients(context),
  conv: ({ attrs }, { graph, operands, result, gradient, weights, wanted, samples }) => {
    const x = first(operands);
    const convolution = { attrs, operand: x.shape, result: result.shape };
    const axes = [0, ...attrs.weights.shape.slice(2).map((_, d) => d + 2)];
    return {
      operands: wanted ? [operandGradient(graph, convolution, weights, gradient)] : [],
      weights: weightGradient(graph, convolution, x.name, gradient, samples),
      bias: sumOver(graph, gradient, axes),
    };
  },
  gather: ({ attrs }, { graph, operands, result, gradient }) => {
    const counts = operands.map(({ shape }) => elementCount(shape));
    const count = counts.reduce((sum, n) => sum + n, 0);
    const flat = flattened(graph, { ...result, name: gradient });
    const whole = gatherGradient(graph, attrs.index.indices, count, flat);
    const split = graph.int64s([counts.length], counts, 'counts');
    const parts =
      counts.length === 1 ? [whole] : graph.nodeOf('Split', [whole, split], counts.length, { attributes: { axis: 1 } });
    return { operands: operands.map(({ shape }, i) => shapedLike(graph, parts[i] ?? '', shape)) };
  },
  'scale-shift': ({ attrs }, { graph, operands, gradient }) => {
    const { shape } = first(operands);
    const { factors } = attrs;
    const scale = factors.data.length === 1 ? (factors.values[0] ?? 0) : graph.floats(shape, factors.values);
    return { operands: [graph.node('Mul', [gradient, scale])] };
  },
  sparse: ({ attrs }, context) => {
    const { graph, operands, result } = context;
    const columns = elementCount(first(operands).shape);
    const gradient = flattened(graph, { ...result, name: context.gradient });
    const { weights = '', ...others } = affineGradients({ ...context, gradient });
    const positions = entriesOf(attrs.starts.indices, attrs.columns.indices, columns);
    if (positions.length === 0) return others;
    const entries = graph.int64s([positions.length], positions, 'entries');
    return { ...others, weights: graph.node('Gather', [reshaped(graph, weights, [-1]), entries]) };
  },
  add: (_, { operands, gradient }) => ({ operands: operands.map(() => gradient) }),
  multiply: (_, { graph, operands: [x, y], gradient }) => {
    const gradients = [y, x].map((other) => graph.node('Mul', [gradient, other?.name ?? '']));
    return { operands: gradients };
  },
  polynomial: ({ attrs, type }, { graph, operands, gradient }) => {
    const slope = emitPolynomial(graph, derivativeOf(attrs), first(operands).name, type.length);
    return { operands: [graph.node('Mul', [gradient, slope])] };
  },
  activation: ({ attrs, type }, { graph, operands, result, gradient }) => {
    const operand = { x: first(operands).name, parameters: attrs.parameters, rank: type.length };
    const slope = emitActivationDerivative(graph, attrs.kind, operand, result.name);
    return { operands: [graph.node('Mul', [gradient, slope])] };
  },
  composite: () => {
    throw new InternalError('networks are trained with their activations');
  },
  // The straight-through estimator (Bengio et al., arXiv 1308.3432).
  quantize: (_, { gradient }) => ({ operands: [gradient] }),
  refresh: (_, { gradient }) => ({ operands: [gradient] }),
  output: ({ attrs: { index } }, { graph, operands, result, gradient }) => {
    if (index === undefined) return { operands: [gradient] };
    const { shape } = first(operands);
    const flat = flattened(graph, { ...result, name: gradient });
    return { operands: [shapedLike(graph, gatherGradient(graph, index.indices, elementCount(shape), flat), shape)] };
  },
};

export function emitGradients(node: TensorNode, context: GradientContext): Gradients {
  return apply(node, context);
}

function apply<K extends TensorOpName>(node: Named<K>, context: GradientContext): Gradients {
  return rules[node.op](node, context);
}

/** Where the entries of a matrix in compressed rows stand in the whole. */
export function entriesOf(starts: Int32Array, columns: Int32Array, width: number): Int32Array {
  const positions = new Int32Array(columns.length);
  for (let row = 0; row + 1 < starts.length; row++) {
    for (let k = starts[row] ?? 0; k < (starts[row + 1] ?? 0); k++) positions[k] = row * width + (columns[k] ?? 0);
  }
  return positions;
}

/** Of y = x Wᵀ + b, for rows of samples: dx = dy W, dW = dyᵀ x, and db the sum of dy. */
function affineGradients({ graph, operands, gradient, weights, wanted }: GradientContext): Gradients {
  const x = first(operands);
  const rows = flattened(graph, x);
  return {
    operands: wanted ? [shapedLike(graph, graph.node('MatMul', [gradient, weights]), x.shape)] : [],
    weights: graph.node('Gemm', [gradient, rows], { attributes: { transA: 1 } }),
    bias: sumOver(graph, gradient, [0]),
  };
}

/** Rows of samples in the shape of a value. */
function shapedLike(graph: GraphWriter, rows: string, shape: readonly number[]): string {
  return shape.length === 1 ? rows : reshaped(graph, rows, [0, ...shape]);
}

function sumOver(graph: GraphWriter, x: string, axes: readonly number[]): string {
  return graph.node('ReduceSum', [x, graph.int64s([axes.length], axes, 'axes')], { attributes: { keepdims: 0 } });
}

function first([x]: readonly GraphValue[]): GraphValue {
  if (x === undefined) throw new InternalError('an operand is missing');
  return x;
}
