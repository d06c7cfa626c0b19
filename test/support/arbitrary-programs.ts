/**
 * Random unmanaged `he` programs for fast-check: products, sums and rotations of several inputs and encrypted weights,
 * with plaintexts that may be zero, rotated or repeated; values that several ops or none read; outputs that share a
 * value or are an input. The same plaintext expression may stand in the pool twice.
 */
import fc from 'fast-check';

import { Constant } from '../../ir/constant.ts';
import { HeBuilder, type HeModule } from '../../ir/he/module.ts';
import { HE } from '../../ir/he/ops.ts';
import type { Plaintext } from '../../ir/he/plaintexts.ts';
import { seededRandom } from '../../ir/random.ts';

const kinds = [
  'sum',
  'product',
  'square',
  'times-plain',
  'plus-plain',
  'rotate',
  'rotate-twice',
  'sum-of-rotations',
  'sum-of-rotated-products',
] as const;

interface Action {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  readonly plain: number;
  readonly step: number;
}

export interface ProgramOptions {
  readonly slots: number;
  /** Most products on a way from an input to an output. */
  readonly depth: number;
  /** Whether ciphertexts of the model owner's occur. */
  readonly weights: boolean;
  readonly actions: number;
}

export function arbitraryProgram(options: ProgramOptions): fc.Arbitrary<HeModule> {
  const action = fc.record({
    kind: fc.constantFrom(...kinds),
    a: fc.nat(60),
    b: fc.nat(60),
    plain: fc.nat(60),
    step: fc.constantFrom(1, 2, 3, options.slots / 2, options.slots - 1),
  });
  return fc
    .record({
      inputs: fc.integer({ min: 1, max: 3 }),
      plaintexts: arbitraryPlaintexts(options.slots),
      actions: fc.array(action, { minLength: 1, maxLength: options.actions, size: 'max' }),
      outputs: fc.array(fc.nat(60), { minLength: 1, maxLength: 3 }),
    })
    .map(({ inputs, plaintexts, actions, outputs }) => writeProgram(options, inputs, plaintexts, actions, outputs));
}

interface Pool {
  readonly packed: readonly Constant[];
  readonly rows: readonly Plaintext[];
}

function arbitraryPlaintexts(slots: number): fc.Arbitrary<Pool> {
  const value = fc.oneof(fc.constantFrom(0, 1, -1), fc.double({ min: -1, max: 1, noNaN: true }));
  const constant = fc
    .record({ tiles: fc.integer({ min: 1, max: 3 }), period: fc.constantFrom(1, 2, 4) })
    .chain(({ tiles, period }) =>
      fc
        .array(value, { minLength: tiles * period, maxLength: tiles * period })
        .map((values) => new Constant([tiles, period], Float64Array.from(values))),
    );
  const zeros = fc.constantFrom(new Constant([1, 4], new Float64Array(4)));
  const row = fc.record({
    source: fc.nat(9),
    tile: fc.nat(9),
    shift: fc.constantFrom(0, 0, 1, slots - 1),
    inner: fc.constantFrom(1, 1, 2),
  });
  return fc
    .record({
      first: constant,
      others: fc.array(fc.oneof(constant, zeros), { maxLength: 2 }),
      rows: fc.array(row, { minLength: 1, maxLength: 6 }),
    })
    .map(({ first, others, rows }) => {
      const packed = [first, ...others];
      return {
        packed,
        rows: rows.map((draft) => {
          const source = draft.source % packed.length;
          return { ...draft, source, tile: draft.tile % (packed[source]?.shape[0] ?? 1) };
        }),
      };
    });
}

function writeProgram(
  { slots, depth, weights }: ProgramOptions,
  inputs: number,
  { packed, rows }: Pool,
  actions: readonly Action[],
  outputs: readonly number[],
): HeModule {
  const builder = new HeBuilder(64);
  const depths: number[] = [];
  const usable: number[] = [];
  const define = (id: number, at: number): number => {
    depths[id] = at;
    usable.push(id);
    return id;
  };
  const depthOf = (...ids: number[]): number => Math.max(...ids.map((id) => depths[id] ?? 0));
  for (let i = 0; i < inputs; i++) define(builder.add('input', { imm: i }), 0);
  if (weights) define(builder.add('weight', { a: 0 }), 0);
  for (const { kind, a: first, b: second, plain, step } of actions) {
    const a = usable[first % usable.length] ?? 0;
    const b = usable[second % usable.length] ?? 0;
    const plaintext = plain % rows.length;
    const rotated = (x: number): number => builder.add('rotate', { a: x, imm: step });
    const multiplies = kind === 'product' || kind === 'square' || kind.includes('plain') || kind.endsWith('products');
    if (multiplies && depthOf(a, b) >= depth) continue;
    switch (kind) {
      case 'sum':
        define(builder.add('add', { a, b }), depthOf(a, b));
        break;
      case 'product':
        define(builder.add('multiply', { a, b }), depthOf(a, b) + 1);
        break;
      case 'square':
        define(builder.add('multiply', { a, b: a }), depthOf(a) + 1);
        break;
      case 'times-plain':
        define(builder.add('multiply-plain', { a, b: plaintext }), depthOf(a) + 1);
        break;
      case 'plus-plain':
        define(builder.add('add-plain', { a, b: plaintext }), depthOf(a));
        break;
      case 'rotate':
        define(rotated(a), depthOf(a));
        break;
      case 'rotate-twice':
        define(builder.add('rotate', { a: rotated(a), imm: slots / 2 }), depthOf(a));
        break;
      case 'sum-of-rotations':
        define(builder.add('add', { a: rotated(a), b: rotated(b) }), depthOf(a, b));
        break;
      case 'sum-of-rotated-products': {
        const x = builder.add('multiply-plain', { a: rotated(a), b: plaintext });
        const y = builder.add('multiply-plain', { a: rotated(b), b: second % rows.length });
        define(builder.add('add', { a: x, b: y }), depthOf(a, b) + 1);
        break;
      }
    }
  }
  // Late values first, so that most of the program is read.
  for (const [index, back] of outputs.entries()) {
    builder.add('output', { a: usable.at(-1 - (back % usable.length)) ?? 0, imm: index });
  }
  return {
    level: 'he',
    name: 'arbitrary',
    slots,
    columns: builder.build(),
    plaintexts: {
      source: Int32Array.from(rows, ({ source }) => source),
      tile: Int32Array.from(rows, ({ tile }) => tile),
      shift: Int32Array.from(rows, ({ shift }) => shift),
      inner: Int32Array.from(rows, ({ inner }) => inner),
    },
    packed,
    origins: [[]],
  };
}

/** Slot vectors for the inputs of `module`, by number. */
export function programInputs({ columns, slots }: Pick<HeModule, 'columns' | 'slots'>, seed: number): Float64Array[] {
  const random = seededRandom(seed);
  const numbers = columns.imm.filter((_, id) => columns.op[id] === HE.input);
  const count = Math.max(-1, ...numbers) + 1;
  return Array.from({ length: count }, () => Float64Array.from({ length: slots }, () => 2 * random.uniform() - 1));
}

/** How often each op occurs. */
export function countOps({ columns }: Pick<HeModule, 'columns'>, op: keyof typeof HE): number {
  return columns.op.reduce((sum, code) => sum + (code === HE[op] ? 1 : 0), 0);
}
