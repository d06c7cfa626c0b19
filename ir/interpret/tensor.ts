/**
 * The reference interpreter of the tensor level: one sample in double precision, activations exact.
 *
 * A module is prepared once (`TensorInterpreter`) and then run on as many samples as wanted. Inputs are trusted:
 * whoever reads samples checks their names and sizes.
 */
import { InternalError } from '../diagnostics/diagnostic.ts';
import type { Sample } from '../interface.ts';
import { addMatrixProduct } from '../maths/matrix-rows.ts';
import { nodeAt } from '../module.ts';
import type { AttrsOf, NodeBase } from '../op.ts';
import { convTaps } from '../tensor/conv-taps.ts';
import { convolve } from '../maths/convolve.ts';
import { applyMap } from '../tensor/affine-map.ts';
import { affineMapOf } from '../tensor/linear-map.ts';
import type { Shape, TensorModule, TensorNode, TensorOpName, TensorOps } from '../tensor/ops.ts';
import { activationFunction, activationSets } from './activations.ts';
import { rounded } from './quantize.ts';
import { evaluatePolynomial } from './polynomial.ts';

/** Computes one value from those of the operands; never changes them, but may return one of them. */
export type TensorKernel = (operands: readonly Float64Array[], inputs: Sample) => Float64Array;

type Named<K extends TensorOpName> = {
  [P in K]: NodeBase<Shape> & { readonly op: P; readonly attrs: AttrsOf<TensorOps[P]> };
}[K];

type Rules = { readonly [K in TensorOpName]: (node: Named<K>, operandShapes: readonly Shape[]) => TensorKernel };

const rules: Rules = {
  input: ({ attrs: { name } }) => {
    return (_, inputs) => {
      const value = inputs.get(name);
      if (value === undefined) throw new InternalError(`there is no value for the input ${name}`);
      return value;
    };
  },
  dense: (node) => {
    const weights = node.attrs.weights.values;
    const bias = node.attrs.bias.values;
    return ([x = empty]) => multiplyMatrix(weights, bias, x);
  },
  conv: (node, [shape = []]) => convKernel(node, shape),
  gather: (node) => {
    const index = node.attrs.index.indices;
    return (operands) => {
      const [first = empty] = operands;
      const x = operands.length === 1 ? first : concatenate(operands);
      const y = new Float64Array(index.length);
      for (let i = 0; i < index.length; i++) y[i] = x[index[i] ?? -1] ?? 0;
      return y;
    };
  },
  'scale-shift': (node) => {
    const factors = node.attrs.factors.values;
    const offsets = node.attrs.offsets.values;
    return ([x = empty]) => {
      return x.map(
        (v, i) => (factors[factors.length === 1 ? 0 : i] ?? 0) * v + (offsets[offsets.length === 1 ? 0 : i] ?? 0),
      );
    };
  },
  sparse: (node, shapes) => {
    const map = affineMapOf(node, shapes);
    return ([x = empty]) => applyMap(map, x);
  },
  add: () => (operands) => {
    const sum = Float64Array.from(operands[0] ?? empty);
    for (const operand of operands.slice(1))
      for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] ?? 0) + (operand[i] ?? 0);
    return sum;
  },
  multiply: () => {
    return ([x = empty, y = empty]) => x.map((v, i) => v * (y[i] ?? 0));
  },
  polynomial: ({ attrs }) => polynomialKernel(attrs),
  composite: ({ attrs }) => compositeKernel(attrs),
  activation: ({ attrs }) => {
    const functions = Array.from({ length: activationSets(attrs) }, (_, set) => activationFunction(attrs, set));
    return ([x = empty]) => {
      const perSet = x.length / functions.length;
      return x.map((v, i) => functions[Math.floor(i / perSet)]?.(v) ?? 0);
    };
  },
  quantize: ({ attrs }) => {
    return ([x = empty]) => rounded(attrs, x);
  },
  refresh: () => {
    return ([x = empty]) => x;
  },
  output: ({ attrs }) => {
    const index = attrs.index?.indices;
    const constants = attrs.constants?.values;
    if (index === undefined) return ([x = empty]) => x;
    return ([x = empty]) => Float64Array.from(index, (from, i) => (from < 0 ? (constants?.[i] ?? 0) : (x[from] ?? 0)));
  },
};

const empty = new Float64Array();

/** A module made ready to run: index tables and sparse rows are computed once. */
export class TensorInterpreter {
  private readonly module: TensorModule;
  private readonly kernels: readonly TensorKernel[];

  constructor(module: TensorModule) {
    this.module = module;
    this.kernels = module.nodes.map((node) => tensorKernel(module, node));
  }

  /** The value of every node, by its id. Sample of one sample by name, row-major. */
  evaluateAll(inputs: Sample): Float64Array[] {
    const values: Float64Array[] = [];
    for (const node of this.module.nodes) {
      const operands = node.operands.map((id) => values[id] ?? empty);
      values.push(this.kernels[node.id]?.(operands, inputs) ?? empty);
    }
    return values;
  }

  /** The outputs by name. */
  evaluate(inputs: Sample): Map<string, Float64Array> {
    return this.outputsAmong(this.evaluateAll(inputs));
  }

  /** The outputs by name, of the values of all nodes. */
  outputsAmong(values: readonly Float64Array[]): Map<string, Float64Array> {
    const outputs = new Map<string, Float64Array>();
    for (const node of this.module.nodes) {
      if (node.op === 'output') outputs.set(node.attrs.name, values[node.id] ?? empty);
    }
    return outputs;
  }
}

/** The outputs of `module` by name, for one sample: a row-major array for each input by name. */
export function evaluateTensor(module: TensorModule, inputs: Sample): Map<string, Float64Array> {
  return new TensorInterpreter(module).evaluate(inputs);
}

/** The value of every node of `module` by its id, for one sample. */
export function evaluateAll(module: TensorModule, inputs: Sample): Float64Array[] {
  return new TensorInterpreter(module).evaluateAll(inputs);
}

/** The kernel of one node of `module`. */
export function tensorKernel(module: TensorModule, node: TensorNode): TensorKernel {
  return prepare(
    node,
    node.operands.map((id) => nodeAt(module, id).type),
  );
}

function prepare<K extends TensorOpName>(node: Named<K>, operandShapes: readonly Shape[]): TensorKernel {
  return rules[node.op](node, operandShapes);
}

/** The kernel of a polynomial with these attributes. */
export function polynomialKernel(attrs: AttrsOf<TensorOps['polynomial']>): TensorKernel {
  const { basis, coefficients, center, halfWidth } = attrs;
  const [sets = 1, terms = 1] = coefficients.shape;
  const rows = Array.from({ length: sets }, (_, set) => coefficients.values.subarray(set * terms, (set + 1) * terms));
  return ([x = empty]) => {
    const perSet = x.length / sets;
    return x.map((v, i) => evaluatePolynomial(basis, rows[Math.floor(i / perSet)] ?? empty, (v - center) / halfWidth));
  };
}

/** y = offset + Σ_j u_j(x) v_j(x), by the attributes of a composite. */
export function compositeKernel({ pieces, offsets }: AttrsOf<TensorOps['composite']>): TensorKernel {
  const kernels = pieces.map(({ factor, stages }) => ({
    factor,
    stages: stages.map((stage) => polynomialKernel({ basis: 'chebyshev', ...stage })),
  }));
  const constants = offsets.values;
  return ([x = empty], inputs) => {
    const perSet = x.length / constants.length;
    const y = x.map((_, i) => constants[Math.floor(i / perSet)] ?? 0);
    for (const { factor, stages } of kernels) {
      const v = stages.reduce((t, stage) => stage([t], inputs), x);
      for (let i = 0; i < y.length; i++)
        y[i] = (y[i] ?? 0) + evaluatePolynomial('power', factor, x[i] ?? 0) * (v[i] ?? 0);
    }
    return y;
  };
}

function multiplyMatrix(matrix: Float64Array, bias: Float64Array, x: Float64Array): Float64Array {
  const y = bias.slice();
  addMatrixProduct(matrix, x.length, x, y);
  return y;
}

function convKernel(node: Named<'conv'>, operand: Shape): TensorKernel {
  const { weights, bias, groups } = node.attrs;
  const { positions, taps, channelElements, source } = convTaps(node, operand);
  const [outputs = 0] = weights.shape;
  const windows = { source, taps, groups, channelElements };
  return ([x = empty]) => {
    const y = new Float64Array(outputs * positions);
    for (let o = 0; o < outputs; o++) y.fill(bias.values[o] ?? 0, o * positions, (o + 1) * positions);
    convolve(weights.values, windows, x, y);
    return y;
  };
}

function concatenate(operands: readonly Float64Array[]): Float64Array {
  const whole = new Float64Array(operands.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const operand of operands) {
    whole.set(operand, at);
    at += operand.length;
  }
  return whole;
}
