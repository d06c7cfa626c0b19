/**
 * The `tile` level: how the model is packed. A value is a tensor in a layout; only `linear` moves elements between
 * slots, and says exactly by which rotations.
 */
import { z } from 'zod';

import * as attr from '../attributes.ts';
import { type Constant, elementCount } from '../constant.ts';
import type { GraphModule } from '../module.ts';
import { GraphBuilder } from '../module.ts';
import { defineOp, type NodeNamed, type NodeOf } from '../op.ts';
import { foldsReachZeros } from './fold-residue.ts';
import { Layout } from './layout.ts';
import { mapAttributes, mapProblem } from './linear-attributes.ts';

const layout = z.instanceof(Layout);

/**
 * The rotations of a linear kernel, in virtual slots:
 *   y = fold_F( Σ_g rotate_g( Σ_{c, b} P[g, c, b] ⊙ rotate_b(x_c) ) ),   fold_F(v) = v ← v + rotate_f(v) for f in F.
 * rotate_k moves slot s + k to slot s. Which weight stands in which slot of P follows from the two layouts and the
 * steps alone; `place-weights.ts` computes it and proves that every weight is used exactly once.
 */
export const kernelSchema = z.strictObject({
  /** Family, for reports: the steps say what is computed. */
  family: z.string(),
  babies: attr.steps,
  giants: attr.steps,
  folds: attr.steps,
});
export type Kernel = z.output<typeof kernelSchema>;

const op = defineOp<Layout>();

export const tileOps = {
  pack: op({
    doc:
      'Packs an input of the model at the client: element e of the result is element index[e] of the input times ' +
      '`factor`, or zero where the index is −1. `index` repeats and reorders elements for free (im2col).',
    operands: [],
    attrs: z.strictObject({
      name: attr.name,
      shape: attr.shape,
      index: attr.indices,
      factor: z.number(),
      layout,
    }),
    infer: (_, { index, layout }) =>
      index.data.length === layout.elements
        ? layout
        : `index has ${index.data.length} elements, the layout ${layout.elements}`,
  }),

  linear: op({
    doc:
      'y = factor · A x + b by a kernel of rotations, from the layout of x into `layout`. A has one of three forms: ' +
      'compressed rows with `starts` and `columns`, which ascend; the `windows` of a convolution, with `values` [outputs, ' +
      'channels of a group, taps] and the element of a channel that each tap of each position reads, or −1, in `source`; or ' +
      'neither, and `values` are a matrix of as many columns as are read. A may be the identity: then this is a repack. ' +
      'Products with weights clear what stands beside the elements of x, and folds leave partial sums beside those of y: ' +
      'there `layout` has to say `?`.',
    operands: ['x'],
    attrs: z.strictObject({
      ...mapAttributes,
      kernel: kernelSchema,
      layout,
    }),
    infer: ([x], { kernel, layout, ...map }) => {
      if (x === undefined || x.slots !== layout.slots || x.batchTile !== layout.batchTile)
        return 'operand and result must have equally many slots and samples';
      return mapProblem(map, layout.elements, x.elements) ?? paddingProblem(layout, kernel.folds) ?? layout;
    },
  }),

  add: op({
    doc:
      'The sum of all operands, slot by slot; they have their elements at the same places. What stands beside these is ' +
      'zero where it is in all operands.',
    operands: ['x…'],
    attrs: z.strictObject({}),
    infer: (operands) => samePlaces(operands),
  }),

  multiply: op({
    doc:
      'The product of two values, slot by slot; of a value with itself: its square. What stands beside the elements is ' +
      'zero where it is in both.',
    operands: ['x', 'y'],
    attrs: z.strictObject({}),
    infer: (operands) => samePlaces(operands),
  }),

  polynomial: op({
    doc:
      'The polynomial of the tensor level at every slot; constants are added only where elements stand, so that zeros ' +
      'beside them stay zero in either basis. Beyond degree two the slots beside the elements of x must be zero. ' +
      '`set` gives for every element its row of `coefficients`; one entry: the same row for all.',
    operands: ['x'],
    attrs: z.strictObject({
      basis: z.enum(['power', 'chebyshev']),
      coefficients: attr.values,
      set: attr.indices,
      center: z.number(),
      halfWidth: z.number().positive(),
    }),
    infer: ([x], { coefficients, set }) => {
      if (x === undefined) return 'an operand is missing';
      if (coefficients.shape.length !== 2) return 'coefficients must be [sets, degree + 1]';
      if (set.data.length !== 1 && set.data.length !== x.elements) return `set must have 1 or ${x.elements} entries`;
      const sets = coefficients.shape[0] ?? 0;
      if (set.indices.some((row) => row < 0 || row >= sets)) return `set must be below ${sets}`;
      if (x.padding === 'unknown' && needsZeroPadding(coefficients))
        return `a polynomial of degree ${degreeOf(coefficients)} needs zeros beside the elements of ${x.toString()}`;
      return x;
    },
  }),

  refresh: op({
    doc:
      'The same slots, encrypted anew at a higher level by the client, to whom they are sent under a mask. All ciphertexts of x ' +
      'are refreshed in one round trip.',
    operands: ['x'],
    attrs: z.strictObject({}),
    infer: ([x]) => x ?? 'an operand is missing',
  }),

  unpack: op({
    doc:
      'An output of the model: the client decrypts, picks the elements and multiplies them by `factor`. With an `index` ' +
      'of as many entries as `shape` has elements: element i of the output is x[index[i]] · factor, or constants[i] as ' +
      'it is where index[i] is −1 (0 without `constants`). Ciphertexts of which nothing is picked are not sent.',
    operands: ['x'],
    attrs: z.strictObject({
      name: attr.name,
      shape: attr.shape,
      factor: z.number(),
      index: attr.indices.optional(),
      constants: attr.values.optional(),
    }),
    infer: ([x], { shape, index, constants }) => {
      if (x === undefined) return 'an operand is missing';
      if (index === undefined) return constants === undefined ? x : 'constants need an index';
      const elements = elementCount(shape);
      if (index.data.length !== elements) return `index has ${index.data.length} entries, the shape ${elements}`;
      const bad = index.indices.find((i) => i < -1 || i >= x.elements);
      if (bad !== undefined) return `index ${bad} is outside of ${x.elements} elements`;
      if (constants !== undefined && constants.data.length !== elements)
        return `constants must have ${elements} entries`;
      return x;
    },
  }),
};

function samePlaces(operands: readonly Layout[]): Layout | string {
  const [first, ...rest] = operands;
  if (first === undefined) return 'an operand is missing';
  const other = rest.find((layout) => !layout.samePlaces(first));
  if (other !== undefined) return `operands in layouts ${first.toString()} and ${other.toString()}`;
  return keepsPadding(first, operands) ? first : first.withUnknown();
}

/**
 * Whether what stands beside the elements of `target` says what stands there in a sum or product of values in `layouts`,
 * which have their elements at the same places; otherwise nothing is known of it.
 */
export function keepsPadding(target: Layout, layouts: readonly Layout[]): boolean {
  return layouts.every((layout) => layout.equals(target)) || layouts.every(({ padding }) => padding === 'zero');
}

/**
 * Whether a polynomial takes only operands that are zero where no element stands. One of higher degree grows beyond every
 * bound outside of its interval, and an overflow of one slot spoils them all. Squares and quadratics are kept small by
 * their range.
 */
export function needsZeroPadding(coefficients: Constant): boolean {
  return degreeOf(coefficients) > 2;
}

function degreeOf({ shape }: Constant): number {
  return (shape[1] ?? 1) - 1;
}

/** Where a kernel leaves something in a slot that its result is said to hold zero in. */
function paddingProblem(layout: Layout, folds: readonly number[]): string | undefined {
  return foldsReachZeros(layout, folds)
    ? `the folds leave partial sums in slots that ${layout.toString()} says are zero`
    : undefined;
}

export type TileOps = typeof tileOps;
export type TileOpName = keyof TileOps;
export type TileNode = NodeOf<TileOps, Layout>;
export type TileNodeNamed<Name extends TileOpName> = NodeNamed<TileNode, Name>;
export type TileModule = GraphModule<'tile', TileNode>;

export const tileDialect = {
  level: 'tile',
  ops: tileOps,
  sameType: (a: Layout, b: Layout) => a.equals(b),
} as const;

export class TileBuilder extends GraphBuilder<'tile', Layout, TileOps> {
  constructor() {
    super(tileDialect);
  }
}
