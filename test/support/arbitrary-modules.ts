/**
 * Random modules of all levels for fast-check. They are well-formed: operands stand before their users and graph ops
 * fit their operands. Levels, scales, sizes and schedules of managed programs are arbitrary numbers.
 */
import fc from 'fast-check';

import { Constant, elementCount } from '../../ir/constant.ts';
import type { NodeRef } from '../../ir/diagnostics/diagnostic.ts';
import { HeBuilder, type HeModule } from '../../ir/he/module.ts';
import { heOpNames, heOps } from '../../ir/he/ops.ts';
import type { PlanModule } from '../../ir/plan/plan.ts';
import type { Parameters } from '../../ir/parameters.ts';
import { activationKinds, type Shape, TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';
import { foldsReachZeros } from '../../ir/tile/fold-residue.ts';
import { type Dim, duplicated, Layout, multiplexed } from '../../ir/tile/layout.ts';
import type { MapAttributes } from '../../ir/tile/linear-attributes.ts';
import { TileBuilder, type TileModule } from '../../ir/tile/ops.ts';

/** Finite doubles of all sizes, −0 among them. */
const finite = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -9, max: 9 }),
  fc.constant(-0),
);
const name = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
const opType = fc.oneof(fc.constantFrom('Gemm', 'Conv', 'com.microsoft.Gelu', 'from'), fc.string({ maxLength: 5 }));
const nodeRef: fc.Arbitrary<NodeRef> = fc
  .record({ name: fc.string({ maxLength: 5 }), opType, output: name })
  .map((ref) => ({ ...ref }));
const origins = fc.array(nodeRef, { maxLength: 3 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const steps = fc.array(fc.integer({ min: -99, max: 99 }), { maxLength: 5 });

/** Draws from arbitraries one after another, each as the ones before it suggest. */
type Draw = <T>(arbitrary: fc.Arbitrary<T>) => T;

function drawn<T>(make: (draw: Draw) => T): fc.Arbitrary<T> {
  return fc.gen().map((gen) => make((arbitrary) => gen(() => arbitrary)));
}

function doubles(draw: Draw, shape: Shape): Constant {
  const values = draw(fc.array(finite, { minLength: 1, maxLength: 8 }));
  const data = Float64Array.from({ length: elementCount(shape) }, (_, i) => values[i % values.length] ?? 0);
  return new Constant(shape, data);
}

function indices(draw: Draw, shape: Shape, min: number, max: number): Constant {
  const values = draw(fc.array(fc.integer({ min, max }), { minLength: 1, maxLength: 8 }));
  return new Constant(
    shape,
    Int32Array.from({ length: elementCount(shape) }, (_, i) => values[i % values.length] ?? min),
  );
}

/** A matrix in compressed rows with one entry in every row. */
function diagonal(draw: Draw, rows: number, columns: number) {
  return {
    starts: new Constant(
      [rows + 1],
      Int32Array.from({ length: rows + 1 }, (_, r) => r),
    ),
    columns: indices(draw, [rows], 0, columns - 1),
    values: doubles(draw, [rows]),
    bias: doubles(draw, [rows]),
  };
}

const extent = fc.integer({ min: 1, max: 5 });
const shape = fc.array(extent, { maxLength: 3 });
const largerExtent = fc.oneof(extent, fc.integer({ min: 60, max: 70 }));

const tensorOpNames = [
  'input',
  'dense',
  'conv',
  'gather',
  'scale-shift',
  'sparse',
  'add',
  'multiply',
  'polynomial',
  'activation',
  'output',
] as const;

export const arbitraryTensorModule: fc.Arbitrary<TensorModule> = drawn((draw) => {
  const builder = new TensorBuilder();
  builder.add('input', [], { name: draw(name), shape: draw(shape) }, draw(origins));
  for (let id = 1, count = draw(fc.nat(8)); id <= count; id++) {
    const x = draw(fc.nat(id - 1));
    appendTensorOp(draw, builder, x);
  }
  return builder.build(draw(name));
});

function appendTensorOp(draw: Draw, builder: TensorBuilder, x: number): void {
  const from = draw(origins);
  const type = builder.typeOf(x);
  const n = elementCount(type);
  const op = draw(fc.constantFrom(...tensorOpNames));
  switch (op) {
    case 'input':
      builder.add(op, [], { name: draw(name), shape: draw(shape) }, from);
      return;
    case 'dense': {
      const m = draw(largerExtent);
      builder.add(op, [x], { weights: doubles(draw, [m, n]), bias: doubles(draw, [m]) }, from);
      return;
    }
    case 'conv': {
      const outputs = draw(extent);
      const [channels, ...spatial] = type;
      if (channels === undefined || spatial.length === 0) {
        appendTensorOp(draw, builder, x);
        return;
      }
      const all = (value: number, times = 1) => Array.from({ length: times * spatial.length }, () => value);
      const weights = doubles(draw, [outputs, channels, ...all(1)]);
      const geometry = { strides: all(draw(extent)), pads: all(draw(fc.nat(2)), 2), dilations: all(1), groups: 1 };
      builder.add(op, [x], { weights, bias: doubles(draw, [outputs]), ...geometry }, from);
      return;
    }
    case 'gather':
      builder.add(op, [x, x], { index: indices(draw, [draw(largerExtent), 2], -1, 2 * n - 1) }, from);
      return;
    case 'scale-shift':
      builder.add(op, [x], { factors: doubles(draw, [n]), offsets: doubles(draw, []) }, from);
      return;
    case 'sparse': {
      const rows = draw(largerExtent);
      builder.add(op, [x], { ...diagonal(draw, rows, n), shape: [rows, 1] }, from);
      return;
    }
    case 'add':
      builder.add(op, [x, x, x], {}, from);
      return;
    case 'multiply':
      builder.add(op, [x, x], {}, from);
      return;
    case 'polynomial': {
      const basis = draw(fc.constantFrom('power', 'chebyshev'));
      const coefficients = doubles(draw, [type[0] ?? 1, draw(extent)]);
      builder.add(
        op,
        [x],
        { basis, coefficients, center: draw(finite), halfWidth: draw(fc.double({ min: 0.5, max: 9, noNaN: true })) },
        from,
      );
      return;
    }
    case 'activation': {
      const parameters = draw(fc.array(finite, { maxLength: 3 }));
      builder.add(op, [x], { kind: draw(fc.constantFrom(...activationKinds)), parameters }, from);
      return;
    }
    case 'output':
      builder.add(op, [x], { name: draw(name), ...drawPicks(draw, n, draw(shape)) }, from);
      return;
  }
}

/** For an output of as many elements as `picked` has: an index with or without constants, or none. */
function drawPicks(draw: Draw, elements: number, picked: Shape): { index?: Constant; constants?: Constant } {
  const kind = draw(fc.constantFrom('none', 'index', 'constants'));
  if (kind === 'none') return {};
  const index = indices(draw, picked, -1, elements - 1);
  return kind === 'index' ? { index } : { index, constants: doubles(draw, picked) };
}

const dim: fc.Arbitrary<Dim> = fc.oneof(
  fc.record({
    n: fc.integer({ min: 1, max: 9 }),
    t: fc.constantFrom(1, 2, 4, 8),
    duplicated: fc.constant(false),
    unknown: fc.boolean(),
    interleaved: fc.boolean(),
    multiplexed: fc.constant(false),
  }),
  fc.constantFrom(2, 4).chain((t) => fc.integer({ min: 1, max: t }).map((n) => multiplexed(n, t))),
  fc.constantFrom(1, 2, 4).map(duplicated),
);

const arbitraryLayout: fc.Arbitrary<Layout> = fc.tuple(fc.array(dim, { maxLength: 3 }), fc.constantFrom(1, 2, 16)).map(
  ([dims, batch]) =>
    new Layout(
      dims.map((each) => ({ ...each })),
      batch,
    ),
);

/** A layout of as many slots and samples as `like`. */
function layoutLike(draw: Draw, like: Layout): Layout {
  const n = draw(fc.integer({ min: 1, max: 70 }));
  const flags = { duplicated: false, unknown: draw(fc.boolean()), interleaved: draw(fc.boolean()), multiplexed: false };
  return new Layout([{ n, t: like.virtualSlots, ...flags }], like.batchTile);
}

export const arbitraryTileModule: fc.Arbitrary<TileModule> = drawn((draw) => {
  const builder = new TileBuilder();
  const layout = draw(arbitraryLayout);
  const index = indices(draw, [layout.elements], -1, 9);
  builder.add('pack', [], { name: draw(name), shape: draw(shape), index, factor: draw(finite), layout }, draw(origins));
  for (let id = 1, count = draw(fc.nat(8)); id <= count; id++) appendTileOp(draw, builder, draw(fc.nat(id - 1)));
  return builder.build(draw(name));
});

/** In any of its forms; the windows are those of a single channel and tap. */
function drawMap(draw: Draw, rows: number, columns: number): MapAttributes {
  const bias = doubles(draw, [rows]);
  const factor = draw(fc.option(finite, { nil: undefined }));
  const common = factor === undefined ? { bias } : { bias, factor };
  switch (draw(fc.constantFrom('rows', 'matrix', 'windows'))) {
    case 'rows':
      return { ...diagonal(draw, rows, columns), ...common };
    case 'matrix':
      return { values: doubles(draw, [rows, draw(fc.integer({ min: 1, max: columns }))]), ...common };
    case 'windows': {
      const windows = { source: indices(draw, [rows, 1], -1, columns - 1), groups: 1, channelElements: columns };
      return { windows, values: doubles(draw, [1, 1, 1]), ...common };
    }
  }
}

function appendTileOp(draw: Draw, builder: TileBuilder, x: number): void {
  const from = draw(origins);
  const type = builder.typeOf(x);
  const op = draw(fc.constantFrom('linear', 'add', 'multiply', 'polynomial', 'unpack'));
  switch (op) {
    case 'linear': {
      const drawn = layoutLike(draw, type);
      const kernel = { family: draw(name), babies: draw(steps), giants: draw(steps), folds: draw(steps) };
      const layout = foldsReachZeros(drawn, kernel.folds) ? drawn.withUnknown() : drawn;
      builder.add(op, [x], { ...drawMap(draw, layout.elements, type.elements), kernel, layout }, from);
      return;
    }
    case 'add':
    case 'multiply':
      builder.add(op, [x, x], {}, from);
      return;
    case 'polynomial': {
      const terms = draw(extent);
      const coefficients = doubles(draw, [2, type.padding === 'zero' ? terms : Math.min(terms, 3)]);
      const set = indices(draw, [type.elements], 0, 1);
      builder.add(op, [x], { basis: 'power', coefficients, set, center: draw(finite), halfWidth: 2 }, from);
      return;
    }
    case 'unpack': {
      const picked = draw(shape);
      const picks = drawPicks(draw, type.elements, picked);
      builder.add(op, [x], { name: draw(name), shape: picked, factor: draw(finite), ...picks }, from);
      return;
    }
  }
}

/** Of degree 8192; none is of a useful size. */
const parameters: Parameters = { polyModulusDegree: 8192, primes: [786433, 65537], specialPrimes: [1179649] };

function drawProgram(draw: Draw, managed: boolean): Omit<HeModule, 'level'> {
  const packed = draw(fc.array(fc.integer({ min: 1, max: 70 }), { minLength: 1, maxLength: 3 })).map((period) =>
    doubles(draw, [draw(extent), period]),
  );
  const rows = draw(
    fc.array(
      fc.record({
        source: fc.nat(packed.length - 1),
        tile: fc.nat(5),
        shift: fc.integer({ min: -9, max: 9 }),
        inner: fc.constantFrom(1, 16),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  );
  const table = draw(fc.array(origins, { maxLength: 3 }));
  const builder = new HeBuilder();
  for (let id = 0, count = draw(fc.nat(12)); id < count; id++) {
    const op = draw(fc.constantFrom(...(id === 0 ? (['input', 'weight'] as const) : heOpNames)));
    const { a, b, imm } = heOps[op];
    const operand = (use: 'value' | 'plaintext' | 'none') =>
      use === 'none' ? -1 : draw(fc.nat((use === 'value' ? id : rows.length) - 1));
    builder.origin = draw(fc.nat(Math.max(0, table.length - 1)));
    const takesPlaintext = [a, b].some((use) => use === 'plaintext');
    const fields = { a: operand(a), b: operand(b), imm: imm === 'none' ? 0 : draw(int32) };
    const types = {
      level: draw(fc.nat(255)),
      scale: draw(finite),
      size: draw(fc.nat(255)),
      plainScale: takesPlaintext ? draw(fc.double({ min: 1, max: 2 ** 60, noNaN: true })) : 0,
    };
    builder.add(op, managed ? { ...fields, ...types } : fields);
  }
  return {
    name: draw(name),
    slots: 4096,
    ...(managed ? { parameters } : {}),
    columns: builder.build(),
    plaintexts: {
      source: Int32Array.from(rows, (row) => row.source),
      tile: Int32Array.from(rows, (row) => row.tile),
      shift: Int32Array.from(rows, (row) => row.shift),
      inner: Int32Array.from(rows, (row) => row.inner),
    },
    packed,
    origins: table,
  };
}

export const arbitraryHeModule: fc.Arbitrary<HeModule> = drawn((draw) => ({
  level: 'he',
  ...drawProgram(draw, draw(fc.boolean())),
}));

export const arbitraryPlanModule: fc.Arbitrary<PlanModule> = drawn((draw) => {
  const program = drawProgram(draw, true);
  const each = (max: number) => Array.from(program.columns.op, () => draw(fc.nat(max)));
  const schedule = {
    buffer: Int32Array.from(each(2 ** 31 - 1)),
    frees: Uint8Array.from(each(3)),
    group: Int32Array.from(each(2 ** 31 - 1)),
  };
  return { level: 'plan', ...program, schedule };
});

/** Of any level. */
export const arbitraryModule = fc.oneof(
  arbitraryTensorModule,
  arbitraryTileModule,
  arbitraryHeModule,
  arbitraryPlanModule,
);
