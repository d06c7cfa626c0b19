/**
 * The `tensor` level: what the model computes, for one sample.
 *
 * A value is a real tensor with a static shape and no batch axis; elements are in row-major order. Every linear
 * op of ONNX becomes one of `dense`, `conv`, `gather`, `scale-shift` and `sparse`, each of which is an affine
 * map of the flattened operand; `linear-map.ts` gives that map for all of them alike.
 */
import { z } from 'zod';

import * as attr from '../attributes.ts';
import { type Constant, elementCount, sameShape } from '../constant.ts';
import type { GraphModule } from '../module.ts';
import { GraphBuilder } from '../module.ts';
import { defineOp, type NodeNamed, type NodeOf } from '../op.ts';

export type Shape = readonly number[];

/** Activations that are no polynomials: `approximate-activations` replaces them. */
export const activationKinds = [
  'relu',
  'leaky-relu',
  'prelu',
  'sigmoid',
  'tanh',
  'gelu',
  'gelu-tanh',
  'silu',
  'hard-swish',
  'hard-sigmoid',
  'elu',
  'softplus',
  'clip',
  'abs',
  'sign',
  'step',
  'reciprocal',
  'sqrt',
  'rsqrt',
  'power',
  'exp',
  'log',
  'erf',
  'sin',
  'cos',
  'tan',
  'asin',
  'acos',
  'atan',
  'sinh',
  'cosh',
  'asinh',
  'acosh',
  'atanh',
  'softsign',
] as const;

const op = defineOp<Shape>();

/**
 * What pruning took out of `weights`: where a weight is zero, the value that it had, and zero elsewhere. Of the same
 * shape; computes nothing, `expand` alone reads it.
 */
const pruned = attr.values.optional();

function prunedProblem(weights: Constant, taken: Constant | undefined): string | undefined {
  if (taken === undefined || sameShape(taken.shape, weights.shape)) return undefined;
  return `pruned must be [${weights.shape.join(', ')}]`;
}

/** One polynomial of a composition, in the Chebyshev basis. */
const stage = z.strictObject({ coefficients: attr.values, center: z.number(), halfWidth: z.number().positive() });

export const tensorOps = {
  input: op({
    doc: 'An input of the model: one sample, in row-major order.',
    operands: [],
    attrs: z.strictObject({ name: attr.name, shape: attr.shape }),
    infer: (_, { shape }) => shape,
  }),

  dense: op({
    doc: 'y = W x + b for the flattened operand x of n elements; `weights` is [m, n], `bias` is [m].',
    operands: ['x'],
    attrs: z.strictObject({ weights: attr.values, bias: attr.values, pruned }),
    infer: ([x], { weights, bias, pruned }) => {
      const [m, n] = weights.shape;
      if (m === undefined || n === undefined || weights.shape.length !== 2) return 'weights must be [m, n]';
      if (n !== elementCount(x ?? [])) return `weights take ${n} elements, the operand has ${elementCount(x ?? [])}`;
      if (bias.shape.length !== 1 || bias.shape[0] !== m) return `bias must be [${m}]`;
      return prunedProblem(weights, pruned) ?? [m];
    },
  }),

  conv: op({
    doc:
      'Cross-correlation as ONNX defines Conv, in one or two spatial dimensions. The operand is [C, …spatial], ' +
      '`weights` [O, C / groups, …kernel], `bias` [O], `pads` the begins and then the ends, as in ONNX.',
    operands: ['x'],
    attrs: z.strictObject({
      weights: attr.values,
      bias: attr.values,
      strides: z.array(z.int().min(1)),
      pads: z.array(z.int().min(0)),
      dilations: z.array(z.int().min(1)),
      groups: z.int().min(1),
      pruned,
    }),
    infer: ([x = []], { weights, bias, strides, pads, dilations, groups, pruned }) => {
      const [channels = 0, ...spatial] = x;
      const [outputs = 0, perGroup = 0, ...kernel] = weights.shape;
      const rank = spatial.length;
      if (rank < 1 || kernel.length !== rank)
        return `weights of rank ${kernel.length + 2} for an operand [${x.join(', ')}]`;
      if (strides.length !== rank || dilations.length !== rank || pads.length !== 2 * rank)
        return `strides, dilations and pads must have ${rank}, ${rank} and ${2 * rank} entries`;
      if (perGroup * groups !== channels)
        return `${groups} groups of ${perGroup} channels, the operand has ${channels}`;
      if (outputs % groups !== 0) return `${outputs} output channels do not divide into ${groups} groups`;
      if (bias.shape.length !== 1 || bias.shape[0] !== outputs) return `bias must be [${outputs}]`;
      const extents = spatial.map((extent, d) => {
        const padded = extent + (pads[d] ?? 0) + (pads[rank + d] ?? 0);
        const reach = (dilations[d] ?? 1) * ((kernel[d] ?? 1) - 1) + 1;
        return Math.floor((padded - reach) / (strides[d] ?? 1)) + 1;
      });
      if (extents.some((extent) => extent < 1)) return 'the kernel is larger than the padded operand';
      return prunedProblem(weights, pruned) ?? [outputs, ...extents];
    },
  }),

  gather: op({
    doc:
      'Picks elements: y[i] = x[index[i]], or 0 where index[i] is −1. The result has the shape of `index`. ' +
      'With several operands the index runs over all of them, one flattened operand after another. ' +
      'Covers Reshape, Transpose, Slice, Pad with zeros, Expand, Concat and all their like.',
    operands: ['x…'],
    attrs: z.strictObject({ index: attr.indices }),
    infer: (operands, { index }) => {
      const available = operands.reduce((sum, shape) => sum + elementCount(shape), 0);
      return outsideOf(index, available) ?? index.shape;
    },
  }),

  'scale-shift': op({
    doc: 'y = factors · x + offsets, element by element. Both have as many elements as x, or one.',
    operands: ['x'],
    attrs: z.strictObject({ factors: attr.values, offsets: attr.values }),
    infer: ([x = []], { factors, offsets }) => {
      const n = elementCount(x);
      const fits = (length: number) => length === 1 || length === n;
      if (!fits(factors.data.length)) return `factors must have 1 or ${n} elements`;
      if (!fits(offsets.data.length)) return `offsets must have 1 or ${n} elements`;
      return x;
    },
  }),

  sparse: op({
    doc:
      'y = A x + b for the flattened operand, with A in compressed rows: the non-zeros of row r are ' +
      'values[starts[r] … starts[r + 1]) in the columns of the same range, which ascend. The result has the shape `shape`.',
    operands: ['x'],
    attrs: z.strictObject({
      starts: attr.indices,
      columns: attr.indices,
      values: attr.values,
      bias: attr.values,
      shape: attr.shape,
      pruned,
    }),
    infer: ([x = []], { shape, pruned, ...map }) =>
      attr.rowsProblem(map, elementCount(shape), elementCount(x)) ?? prunedProblem(map.values, pruned) ?? shape,
  }),

  add: op({
    doc: 'The sum of all operands, element by element.',
    operands: ['x…'],
    attrs: z.strictObject({}),
    infer: (operands) => commonShape(operands),
  }),

  multiply: op({
    doc: 'The product of two values, element by element; of a value with itself: its square.',
    operands: ['x', 'y'],
    attrs: z.strictObject({}),
    infer: (operands) => commonShape(operands),
  }),

  polynomial: op({
    doc:
      'y = Σ c_k φ_k((x − center) / halfWidth), element by element, with φ_k the k-th power or the k-th Chebyshev ' +
      'polynomial of the first kind. `coefficients` is [sets, degree + 1]: one set for all elements, or one for ' +
      'each index of the first axis of x.',
    operands: ['x'],
    attrs: z.strictObject({
      basis: z.enum(['power', 'chebyshev']),
      coefficients: attr.values,
      center: z.number(),
      halfWidth: z.number().positive(),
    }),
    infer: ([x = []], { coefficients }) => {
      const [sets = 0, terms = 0] = coefficients.shape;
      if (coefficients.shape.length !== 2 || terms < 1) return 'coefficients must be [sets, degree + 1]';
      if (sets !== 1 && sets !== x[0]) return `${sets} sets of coefficients for a first axis of ${x[0] ?? 1}`;
      return x;
    },
  }),

  activation: op({
    doc:
      'An activation that is no polynomial. `parameters` are those of the ONNX op: [alpha] for leaky-relu and elu, ' +
      '[min, max] for clip, [alpha, beta] for hard-sigmoid; for prelu one slope, or one for each index of the first axis. ' +
      '`sign` is −1, 0 or 1, and `step` 1 where x ≥ 0 and 0 elsewhere; `rsqrt` is 1 / √x, and `power` x to the power [exponent].',
    operands: ['x'],
    attrs: z.strictObject({ kind: z.enum(activationKinds), parameters: z.array(z.number()) }),
    infer: ([x = []]) => x,
  }),

  composite: op({
    doc:
      'What stands for an activation that one polynomial is too dear for: y = offset + Σ_j u_j(x) v_j(x), element by element. ' +
      'u_j is a polynomial by its coefficients in powers of x, lowest first. v_j is the composition of `stages`, the first of ' +
      'them of x: each is Σ c_k T_k((t − center) / halfWidth), with `coefficients` as those of `polynomial`. `offsets` has ' +
      'one entry, or one for each index of the first axis of x. `expand-composites` makes polynomials and products of it.',
    operands: ['x'],
    attrs: z.strictObject({
      pieces: z.array(z.strictObject({ factor: z.array(z.number()).min(1), stages: z.array(stage).min(1) })).min(1),
      offsets: attr.values,
    }),
    infer: ([x = []], { pieces, offsets }) => {
      const fits = (sets: number | undefined) => sets === 1 || sets === x[0];
      if (offsets.shape.length !== 1 || !fits(offsets.shape[0])) return `offsets must be [1] or [${x[0] ?? 1}]`;
      const stages = pieces.flatMap((piece) => piece.stages);
      const isStage = ({ coefficients: { shape } }: (typeof stages)[number]) =>
        shape.length === 2 && fits(shape[0]) && (shape[1] ?? 0) > 0;
      return stages.every(isStage) ? x : 'coefficients must be [sets, degree + 1]';
    },
  }),

  quantize: op({
    doc:
      'The rounding of a quantised model, which `drop-rounding` takes out. With `steps` of one, y = x rounded to the ' +
      'nearest integer, ties to even, and then between `lowest` and `highest`. With `dynamic` steps, x rounded as ' +
      'DynamicQuantizeLinear does and brought back: y = s · (q − z) for q the integer of `lowest` to `highest` next to ' +
      'x / s + z, where the step s and the integer z that stands for zero follow from the extremes of x and 0.',
    operands: ['x'],
    attrs: z.strictObject({ steps: z.enum(['one', 'dynamic']), lowest: z.number(), highest: z.number() }),
    infer: ([x = []], { lowest, highest }) => (lowest < highest ? x : 'lowest must be below highest'),
  }),

  refresh: op({
    doc:
      'x. Here its ciphertexts are brought back to a level from which the network goes on. The compiler puts it between layers ' +
      'that no modulus chain has levels for together.',
    operands: ['x'],
    attrs: z.strictObject({}),
    infer: ([x = []]) => x,
  }),

  output: op({
    doc:
      'An output of the model: x, or where there is an `index` what the client picks of x: y[i] = x[index[i]], or ' +
      'constants[i] where index[i] is −1 (0 without `constants`). The result has the shape of `index`. Constants reach ' +
      'the client with the plan and not in ciphertexts, which is no secret: every answer shows them.',
    operands: ['x'],
    attrs: z.strictObject({ name: attr.name, index: attr.indices.optional(), constants: attr.values.optional() }),
    infer: ([x = []], { index, constants }) => {
      if (index === undefined) return constants === undefined ? x : 'constants need an index';
      const bad = outsideOf(index, elementCount(x));
      if (bad !== undefined) return bad;
      if (constants !== undefined && !sameShape(constants.shape, index.shape))
        return `constants must be [${index.shape.join(', ')}]`;
      return index.shape;
    },
  }),
};

function outsideOf(index: Constant, available: number): string | undefined {
  const bad = index.indices.find((i) => i < -1 || i >= available);
  return bad === undefined ? undefined : `index ${bad} is outside of ${available} elements`;
}

function commonShape(operands: readonly Shape[]): Shape | string {
  const [first = [], ...rest] = operands;
  const other = rest.find((shape) => !sameShape(shape, first));
  return other === undefined ? first : `operands of shapes [${first.join(', ')}] and [${other.join(', ')}]`;
}

export type TensorOps = typeof tensorOps;
export type TensorOpName = keyof TensorOps;
export type TensorNode = NodeOf<TensorOps, Shape>;
export type TensorNodeNamed<Name extends TensorOpName> = NodeNamed<TensorNode, Name>;
export type TensorModule = GraphModule<'tensor', TensorNode>;

export const tensorDialect = { level: 'tensor', ops: tensorOps, sameType: sameShape } as const;

export class TensorBuilder extends GraphBuilder<'tensor', Shape, TensorOps> {
  constructor() {
    super(tensorDialect);
  }
}
