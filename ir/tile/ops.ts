/**
 * The `tile` level: how the model is packed. A value is a tensor in a layout; only `linear` moves elements between
 * slots, and says exactly by which rotations.
 */
import { z } from 'zod';

import * as attr from '../attributes.ts';
import { elementCount } from '../constant.ts';
import type { GraphModule } from '../module.ts';
import { GraphBuilder } from '../module.ts';
import { defineOp, type NodeNamed, type NodeOf } from '../op.ts';
import { Layout } from './layout.ts';

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
      'y = A x + b with A in compressed rows, by a kernel of rotations, from the layout of x into `layout`. ' +
      'A may be the identity: then this is a repack.',
    operands: ['x'],
    attrs: z.strictObject({
      starts: attr.indices,
      columns: attr.indices,
      values: attr.values,
      bias: attr.values,
      kernel: kernelSchema,
      layout,
    }),
    infer: ([x], { starts, columns, values, bias, layout }) => {
      const rows = layout.elements;
      if (x === undefined || x.slots !== layout.slots || x.batchTile !== layout.batchTile)
        return 'operand and result must have equally many slots and samples';
      if (starts.data.length !== rows + 1) return `starts must have ${rows + 1} entries`;
      if (bias.data.length !== rows) return `bias must have ${rows} entries`;
      if (columns.data.length !== values.data.length || starts.data[rows] !== values.data.length)
        return 'columns and values must have as many entries as the last of starts says';
      const bad = columns.indices.find((c) => c < 0 || c >= x.elements);
      if (bad !== undefined) return `column ${bad} is outside of ${x.elements} elements`;
      return layout;
    },
  }),

  add: op({
    doc: 'The sum of all operands, slot by slot; they have their elements at the same places.',
    operands: ['x…'],
    attrs: z.strictObject({}),
    infer: (operands) => samePlaces(operands),
  }),

  multiply: op({
    doc: 'The product of two values, slot by slot; of a value with itself: its square.',
    operands: ['x', 'y'],
    attrs: z.strictObject({}),
    infer: (operands) => samePlaces(operands),
  }),

  polynomial: op({
    doc:
      'The polynomial of the tensor level at every slot; constants are added only where elements stand, so that zeros ' +
      'beside them stay zero in either basis. ' +
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
      return x;
    },
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
  return rest.every((layout) => layout.equals(first)) ? first : first.withUnknown();
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
