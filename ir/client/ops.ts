/**
 * Client steps: what a client computes in the clear on its own side, before it encrypts (`pre`) and after it has decrypted
 * (`post`). They are what encrypted values cannot do: comparisons, quotients, roots, labels, texts.
 *
 * Values are typed tensors of one sample. Whatever runs along an axis runs along the last one; `gather` moves other axes
 * there, and does the broadcasting, so that elementwise ops take operands of one shape. Few ops, since each is code that
 * every client carries and that reads files of strangers.
 */
import { z } from 'zod';

import * as attr from '../attributes.ts';
import { elementCount, sameShape } from '../constant.ts';
import { GraphBuilder, type GraphModule } from '../module.ts';
import { defineOp, type NodeNamed, type NodeOf } from '../op.ts';
import { activationKinds } from '../tensor/ops.ts';
import { clientElements, type ClientType, describeType, sameClientType } from '../interface.ts';

const op = defineOp<ClientType>();

/** Functions of one number; `not` takes booleans, and gives them as `is-nan` and `is-infinite` do. */
const unaryFunctions = [
  'abs',
  'negate',
  'reciprocal',
  'square-root',
  'exp',
  'log',
  'floor',
  'ceil',
  'round-half-even',
  'sign',
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
  'erf',
  'is-nan',
  'is-infinite',
  'not',
] as const;

/** Functions of two numbers that give a number. `divide` of integers truncates. */
const arithmeticFunctions = [
  'add',
  'subtract',
  'multiply',
  'divide',
  'floor-modulo',
  'modulo',
  'power',
  'minimum',
  'maximum',
] as const;
/** Functions that give a boolean. */
const comparisonFunctions = [
  'equal',
  'greater',
  'greater-or-equal',
  'less',
  'less-or-equal',
  'and',
  'or',
  'xor',
] as const;

const reductions = ['sum', 'product', 'maximum', 'minimum', 'mean', 'log-sum-exp', 'norm-1', 'norm-2'] as const;

const yieldsBoolean: readonly string[] = ['is-nan', 'is-infinite', 'not', ...comparisonFunctions];

/** Any number, infinities and NaN included: what models hold as bounds and as marks of missing values. */
const real = z.union([z.number(), z.nan(), z.literal(Infinity), z.literal(-Infinity)]);
const elementsOf = z.enum(clientElements);
/** A list of numbers or of texts. */
const labels = z.union([z.array(real), z.array(z.string())]);
export type Labels = z.output<typeof labels>;

/** What a port says beside its type. */
const port = { name: attr.name, hasBatchAxis: z.boolean(), batchAxis: z.int().min(1).optional() };

export const clientOps = {
  input: op({
    doc: 'A value that the steps start from: an input of the model, or a decrypted value.',
    operands: [],
    attrs: z.strictObject({ ...port, shape: attr.shape, elements: elementsOf }),
    infer: (_, { shape, elements }) => ({ shape, elements }),
  }),

  constant: op({
    doc: 'A tensor that is known.',
    operands: [],
    attrs: z.strictObject({ shape: attr.shape, elements: elementsOf, values: labels }),
    infer: (_, { shape, elements, values }) =>
      labelsProblem(values, elements, 'values') ??
      (values.length === elementCount(shape)
        ? { shape, elements }
        : `${values.length} values for a shape [${shape.join(', ')}]`),
  }),

  gather: op({
    doc:
      'Picks elements: y[i] = x[index[i]], or 0 (an empty text) where index[i] is −1, in the shape `shape`. With several ' +
      'operands of one kind of elements the index runs over all of them, one flattened operand after another.',
    operands: ['x…'],
    attrs: z.strictObject({ index: z.array(z.int().min(-1)), shape: attr.shape }),
    infer: (operands, { index, shape }) => {
      const [first] = operands;
      if (first === undefined || operands.some(({ elements }) => elements !== first.elements))
        return 'operands of different kinds';
      const available = operands.reduce((sum, each) => sum + elementCount(each.shape), 0);
      if (index.some((i) => i >= available)) return `the index is outside of ${available} elements`;
      if (index.length !== elementCount(shape)) return `${index.length} indices for a shape [${shape.join(', ')}]`;
      return { shape, elements: first.elements };
    },
  }),

  take: op({
    doc:
      'Picks elements at places that are computed: y = x[i] for x of one axis and i of any shape, and y[…, k] = x[…, i[…, k]] ' +
      'for x of more. A negative place counts from the end; one outside is an error of the sample.',
    operands: ['x', 'i'],
    attrs: z.strictObject({}),
    infer: ([x, i]) => {
      if (x === undefined || i?.elements !== 'integer') return 'the places must be integers';
      const outer = x.shape.slice(0, -1);
      if (x.shape.length === 0 || (outer.length > 0 && !sameShape(outer, i.shape.slice(0, -1))))
        return `places [${i.shape.join(', ')}] in [${x.shape.join(', ')}]`;
      return { shape: i.shape, elements: x.elements };
    },
  }),

  cast: op({
    doc:
      'The elements as another kind: reals are truncated to integers, anything but 0 is true, texts are read as numbers and ' +
      'numbers written as texts.',
    operands: ['x'],
    attrs: z.strictObject({ to: elementsOf }),
    infer: ([x], { to }) => (x === undefined ? 'no operand' : { shape: x.shape, elements: to }),
  }),

  unary: op({
    doc: 'A function of each element.',
    operands: ['x'],
    attrs: z.strictObject({ fn: z.enum(unaryFunctions) }),
    infer: ([x], { fn }) => {
      if (x === undefined || x.elements === 'string') return 'needs numbers';
      return { shape: x.shape, elements: yieldsBoolean.includes(fn) ? 'boolean' : x.elements };
    },
  }),

  activation: op({
    doc: 'An activation of each element, as at the tensor level; of one slope, where it is a prelu.',
    operands: ['x'],
    attrs: z.strictObject({ kind: z.enum(activationKinds), parameters: z.array(z.number()).max(2) }),
    infer: ([x]) => (x?.elements === 'real' ? x : 'needs reals'),
  }),

  binary: op({
    doc: 'A function of two elements at the same place; texts can be compared for equality.',
    operands: ['x', 'y'],
    attrs: z.strictObject({ fn: z.enum([...arithmeticFunctions, ...comparisonFunctions]) }),
    infer: ([x, y], { fn }) => {
      if (x === undefined || y === undefined || !sameShape(x.shape, y.shape)) return 'needs operands of one shape';
      const texts = [x, y].filter(({ elements }) => elements === 'string').length;
      if (texts === 1 || (texts === 2 && fn !== 'equal')) return `${fn} of ${describeType(x)} and ${describeType(y)}`;
      const whole = x.elements !== 'real' && y.elements !== 'real';
      return { shape: x.shape, elements: yieldsBoolean.includes(fn) ? 'boolean' : whole ? 'integer' : 'real' };
    },
  }),

  select: op({
    doc: 'x where the condition is true, y elsewhere.',
    operands: ['condition', 'x', 'y'],
    attrs: z.strictObject({}),
    infer: ([condition, x, y]) => {
      if (condition?.elements !== 'boolean') return 'the condition must be boolean';
      if (x === undefined || y === undefined || !sameClientType(x, y)) return 'needs two operands of one type';
      return sameShape(condition.shape, x.shape) ? x : 'the condition has another shape';
    },
  }),

  reduce: op({
    doc: 'One number for each row of the last axis.',
    operands: ['x'],
    attrs: z.strictObject({ fn: z.enum(reductions) }),
    infer: ([x]) => {
      if (x === undefined || x.elements === 'string' || x.shape.length === 0) return 'needs numbers along an axis';
      return { shape: x.shape.slice(0, -1), elements: x.elements };
    },
  }),

  arg: op({
    doc: 'The place of the largest or smallest element in each row of the last axis; the first of several, or the `last`.',
    operands: ['x'],
    attrs: z.strictObject({ of: z.enum(['maximum', 'minimum']), last: z.boolean() }),
    infer: ([x]) => {
      if (x === undefined || x.elements === 'string' || x.shape.length === 0) return 'needs numbers along an axis';
      return { shape: x.shape.slice(0, -1), elements: 'integer' };
    },
  }),

  top: op({
    doc:
      'The k largest, or smallest, elements in each row of the last axis, or their places; in order, of equal ones the first ' +
      'first.',
    operands: ['x'],
    attrs: z.strictObject({ k: z.int().min(1), largest: z.boolean(), part: z.enum(['values', 'places']) }),
    infer: ([x], { k, part }) => {
      const extent = x?.shape.at(-1);
      if (x === undefined || extent === undefined || x.elements === 'string') return 'needs numbers along an axis';
      if (k > extent) return `${k} of ${extent} elements`;
      return { shape: [...x.shape.slice(0, -1), k], elements: part === 'places' ? 'integer' : x.elements };
    },
  }),

  softmax: op({
    doc: 'exp x / Σ exp x in each row of the last axis, or its logarithm; the largest is subtracted first.',
    operands: ['x'],
    attrs: z.strictObject({ logarithm: z.boolean() }),
    infer: ([x]) => (x?.elements === 'real' && x.shape.length > 0 ? x : 'needs reals along an axis'),
  }),

  'look-up': op({
    doc:
      'values[k] for an element that is keys[k], the last of several; `otherwise` for one that is no key, or an error of the ' +
      'sample where that is left out. NaN is equal to NaN.',
    operands: ['x'],
    attrs: z.strictObject({
      keys: labels,
      values: labels,
      elements: elementsOf,
      otherwise: z.union([real, z.string()]).optional(),
    }),
    infer: ([x], { keys, values, elements, otherwise }) => {
      if (x === undefined) return 'no operand';
      if (keys.length !== values.length) return `${keys.length} keys for ${values.length} values`;
      const rest: Labels = typeof otherwise === 'string' ? [otherwise] : otherwise === undefined ? [] : [otherwise];
      return (
        labelsProblem(keys, x.elements, 'keys') ??
        labelsProblem(values, elements, 'values') ??
        labelsProblem(rest, elements, 'otherwise') ?? { shape: x.shape, elements }
      );
    },
  }),

  'one-hot': op({
    doc:
      'A new last axis with 1 at the category that the element is and 0 elsewhere. What is no category is all zeros, or an ' +
      'error of the sample where it is `strict`.',
    operands: ['x'],
    attrs: z.strictObject({ categories: labels, strict: z.boolean() }),
    infer: ([x], { categories }) => {
      if (x === undefined) return 'no operand';
      if (categories.length === 0) return 'there are no categories';
      return (
        labelsProblem(categories, x.elements, 'categories') ?? {
          shape: [...x.shape, categories.length],
          elements: 'real',
        }
      );
    },
  }),

  'couple-pairs': op({
    doc:
      'Probabilities of n classes from those of all pairs: the last axis holds, for i < j in the order of rows, the ' +
      'probability of i against j (Wu, Lin and Weng 2004, Probability estimates for multi-class classification by pairwise ' +
      'coupling, algorithm 2).',
    operands: ['x'],
    attrs: z.strictObject({ classes: z.int().min(2).max(1024) }),
    infer: ([x], { classes }) => {
      if (x?.elements !== 'real' || x.shape.at(-1) !== (classes * (classes - 1)) / 2)
        return `needs reals for each pair of ${classes} classes`;
      return { shape: [...x.shape.slice(0, -1), classes], elements: 'real' };
    },
  }),

  output: op({
    doc:
      'A value that the steps give: an output of the model, or a value to encrypt. With `keys` it is a map of each key to ' +
      'the element at its place, as ZipMap makes them.',
    operands: ['x'],
    attrs: z.strictObject({ ...port, keys: labels.optional() }),
    infer: ([x], { keys }) => {
      if (x === undefined) return 'no operand';
      if (keys !== undefined && (x.elements === 'string' || elementCount(x.shape) !== keys.length))
        return `${keys.length} keys for ${describeType(x)}`;
      return x;
    },
  }),
};

function labelsProblem(list: Labels, elements: ClientType['elements'], what: string): string | undefined {
  const texts = elements === 'string';
  if (list.every((item) => (typeof item === 'string') === texts)) return undefined;
  return `${what} must be ${texts ? 'texts' : 'numbers'}`;
}

export type ClientOps = typeof clientOps;
export type ClientOpName = keyof ClientOps;
export type ClientNode = NodeOf<ClientOps, ClientType>;
export type ClientNodeNamed<Name extends ClientOpName> = NodeNamed<ClientNode, Name>;
export type ClientModule = GraphModule<'client', ClientNode>;

const clientDialect = { level: 'client', ops: clientOps, sameType: sameClientType } as const;

export class ClientBuilder extends GraphBuilder<'client', ClientType, ClientOps> {
  constructor() {
    super(clientDialect);
  }
}
