/** Operators that onnxruntime's graph optimisations put together: products and convolutions with what stands around them. */
import { range } from '../../emission/geometry.ts';
import type { Operation, Rule } from '../../emission/operation.ts';
import { mixesSamples, refused } from '../../proto/failure.ts';
import { isBatched, type Term } from '../../proto/term.ts';
import { scaled, sum } from '../arithmetic.ts';
import { conv } from '../convolution.ts';
import { gemm, multiplyMatrices } from '../matrix.ts';

/** MatMul of operands that may be transposed, times alpha. */
export const fusedMatMul: Rule = (op) => {
  const [a, b] = (['A', 'B'] as const).map((name, i) => {
    const own = op.flag(`transBatch${name}`, false) ? withRowsBeforeHeads(op, op.input(i)) : op.input(i);
    return op.flag(`trans${name}`, false) ? transposed(op, own) : own;
  });
  if (a === undefined || b === undefined) return [];
  return [scaled(op.emit, multiplyMatrices(op.emit, a, b), op.float('alpha', 1))];
};

/** The last two axes swapped; a vector stays. */
function transposed(op: Operation, x: Term): Term {
  const rank = x.shape.length;
  if (isBatched(x) && rank < 2) throw mixesSamples(`${op.opType} transposes the batch axis`);
  if (rank < 2) return x;
  const order = [...range(rank - 2), rank - 1, rank - 2];
  return op.emit.transpose(x, order);
}

/** The first axis put before the last one. */
function withRowsBeforeHeads(op: Operation, x: Term): Term {
  const rank = x.shape.length;
  if (isBatched(x)) throw mixesSamples(`${op.opType} moves the batch axis`);
  if (rank < 3) return x;
  const order = [...range(rank - 1).slice(1), 0, rank - 1];
  return op.emit.transpose(x, order);
}

/** Gemm and an activation. */
export const fusedGemm: Rule = (op) => {
  const parameters = ['activation_alpha', 'activation_beta', 'activation_gamma'].flatMap((name) =>
    op.has(name) ? [op.float(name, 0)] : [],
  );
  return gemm(op).map((y) => activated(op, y, parameters));
};

/** Conv, plus a fourth operand, and an activation. */
export const fusedConv: Rule = (op) => {
  const [y] = conv(op);
  if (y === undefined) return [];
  const added = op.optional(3) === undefined ? y : sum(op.emit, [y, op.input(3)]);
  return [activated(op, added, op.floats('activation_params') ?? [])];
};

function activated(op: Operation, y: Term, parameters: readonly number[]): Term {
  const name = op.text('activation') ?? '';
  const [first, second] = parameters;
  switch (name) {
    case '':
      return y;
    case 'Relu':
      return op.emit.activation(y, 'relu', []);
    case 'Sigmoid':
      return op.emit.activation(y, 'sigmoid', []);
    case 'Tanh':
      return op.emit.activation(y, 'tanh', []);
    case 'Softplus':
      return op.emit.activation(y, 'softplus', []);
    case 'HardSwish':
      return op.emit.activation(y, 'hard-swish', []);
    case 'LeakyRelu':
      return op.emit.activation(y, 'leaky-relu', [first ?? 0.01]);
    case 'Elu':
      return op.emit.activation(y, 'elu', [first ?? 1]);
    case 'HardSigmoid':
      return op.emit.activation(y, 'hard-sigmoid', [first ?? 0.2, second ?? 0.5]);
    case 'Clip':
      return op.emit.activation(y, 'clip', [first ?? -Number.MAX_VALUE, second ?? Number.MAX_VALUE]);
    default:
      throw refused(`the activation is ${name}`, 'Export the model without graph optimisations of onnxruntime.');
  }
}

/** Gelu of a sum, exact or by tanh. */
export const biasGelu =
  (kind: 'gelu' | 'gelu-tanh'): Rule =>
  (op) => {
    const x = op.optional(1) === undefined ? op.input(0) : sum(op.emit, [op.input(0), op.input(1)]);
    return [op.emit.activation(x, kind, [])];
  };
