/**
 * Random small networks of tensor ops for fast-check: linear ops with zeros, empty rows and strides, slotwise sums and
 * products, polynomials, residual edges, several inputs and outputs, inputs that nobody reads or that are outputs.
 */
import fc from 'fast-check';

import { Constant, elementCount, indexConstant, vector } from '../../ir/constant.ts';
import type { ValueId } from '../../ir/op.ts';
import { seededRandom, type SeededRandom } from '../../ir/random.ts';
import { type Shape, TensorBuilder, type TensorModule } from '../../ir/tensor/ops.ts';

const kinds = [
  'dense',
  'conv',
  'gather',
  'concat',
  'reshape',
  'scale-shift',
  'sparse',
  'sum',
  'sum-of-squares',
  'residual',
  'product',
  'square',
  'quadratic',
  'polynomial',
  'chebyshev',
  'constant',
] as const;

interface Action {
  readonly kind: (typeof kinds)[number];
  readonly a: number;
  readonly b: number;
  readonly size: number;
  readonly seed: number;
}

export const arbitraryNetwork: fc.Arbitrary<TensorModule> = fc
  .record({
    shapes: fc.array(fc.constantFrom([1], [5], [12], [1, 4, 4], [2, 3, 5], [3, 8], [40]), {
      minLength: 1,
      maxLength: 3,
    }),
    actions: fc.array(
      fc.record({
        kind: fc.constantFrom(...kinds),
        a: fc.nat(30),
        b: fc.nat(30),
        size: fc.constantFrom(1, 2, 3, 7, 20),
        seed: fc.nat(),
      }),
      { minLength: 1, maxLength: 6, size: 'max' },
    ),
    outputs: fc.array(fc.nat(30), { minLength: 1, maxLength: 3 }),
  })
  .map(({ shapes, actions, outputs }) => {
    const builder = new TensorBuilder();
    const values: ValueId[] = shapes.map((shape, i) =>
      builder.add('input', [], { name: `x${i}`, shape: [...shape] }, []),
    );
    for (const action of actions) {
      const a = values[values.length - 1 - (action.a % values.length)] ?? 0;
      const b = values[values.length - 1 - (action.b % values.length)] ?? 0;
      values.push(append(builder, action, a, b, seededRandom(action.seed)));
    }
    for (const [i, back] of outputs.entries()) {
      const x = values[values.length - 1 - (back % values.length)] ?? 0;
      builder.add('output', [x], { name: `y${i}` }, []);
    }
    return builder.build('network');
  });

/** Zero, one half of the time, so that products, rows and columns vanish. */
function weight(random: SeededRandom): number {
  return random.uniform() < 0.5 ? 0 : (2 * random.uniform() - 1) / 2;
}

function weights(random: SeededRandom, shape: Shape): Constant {
  // Now and then all zero.
  const factor = random.uniform() < 0.1 ? 0 : 1;
  return new Constant(
    shape,
    Float64Array.from({ length: elementCount(shape) }, () => factor * weight(random)),
  );
}

function append(builder: TensorBuilder, action: Action, a: ValueId, b: ValueId, random: SeededRandom): ValueId {
  const { kind, size } = action;
  const shape = builder.typeOf(a);
  const n = elementCount(shape);
  switch (kind) {
    case 'dense':
      return builder.add(kind, [a], { weights: weights(random, [size, n]), bias: weights(random, [size]) }, []);
    case 'conv':
      return appendConv(builder, a, random);
    case 'gather':
    case 'concat': {
      const operands = kind === 'gather' ? [a] : [a, b, a];
      const available = operands.reduce((sum, id) => sum + elementCount(builder.typeOf(id)), 0);
      const index = Int32Array.from({ length: 2 * size }, () => random.integer(-1, available - 1));
      return builder.add('gather', operands, { index: indexConstant([2, size], index) }, []);
    }
    case 'reshape': {
      const index = indexConstant(
        [n],
        Int32Array.from({ length: n }, (_, i) => i),
      );
      return builder.add('gather', [a], { index }, []);
    }
    case 'scale-shift': {
      const offsets = weights(random, random.uniform() < 0.5 ? [1] : [n]);
      return builder.add(kind, [a], { factors: weights(random, [n]), offsets }, []);
    }
    case 'sparse': {
      const starts = [0];
      const columns: number[] = [];
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < n; column++) if (random.uniform() < 0.2) columns.push(column);
        starts.push(columns.length);
      }
      return builder.add(
        kind,
        [a],
        {
          starts: indexConstant([size + 1], starts),
          columns: indexConstant([columns.length], columns),
          values: weights(random, [columns.length]),
          bias: weights(random, [size]),
          shape: [1, size],
        },
        [],
      );
    }
    case 'sum':
      return builder.add('add', like(builder, a, b, random), {}, []);
    case 'sum-of-squares': {
      const squares = like(builder, a, b, random).map((x) => builder.add('multiply', [x, x], {}, []));
      return builder.add('add', squares, {}, []);
    }
    case 'residual': {
      const square = builder.add('multiply', [a, a], {}, []);
      return builder.add('add', [a, square, a], {}, []);
    }
    case 'product':
      return builder.add('multiply', like(builder, a, b, random), {}, []);
    case 'square':
      return builder.add('multiply', [a, a], {}, []);
    case 'quadratic':
      return appendPolynomial(builder, a, 'power', 3, random);
    case 'polynomial':
      return appendPolynomial(builder, a, 'power', random.integer(2, 6), random);
    case 'chebyshev':
      return appendPolynomial(builder, a, 'chebyshev', random.integer(1, 6), random);
    case 'constant':
      return appendPolynomial(builder, a, 'power', 1, random);
  }
}

/** Two values of equal shape: b is brought to the shape of a where it has another. */
function like(builder: TensorBuilder, a: ValueId, b: ValueId, random: SeededRandom): [ValueId, ValueId] {
  const shape = builder.typeOf(a);
  if (builder.typeOf(b).join() === shape.join()) return [a, b];
  const available = elementCount(builder.typeOf(b));
  const index = Int32Array.from({ length: elementCount(shape) }, (_, i) =>
    random.uniform() < 0.1 ? -1 : i % available,
  );
  return [a, builder.add('gather', [b], { index: indexConstant(shape, index) }, [])];
}

function appendConv(builder: TensorBuilder, a: ValueId, random: SeededRandom): ValueId {
  const shape = builder.typeOf(a);
  const n = elementCount(shape);
  if (shape.length < 2) {
    const index = indexConstant(
      [1, n],
      Int32Array.from({ length: n }, (_, i) => i),
    );
    return appendConv(builder, builder.add('gather', [a], { index }, []), random);
  }
  const [channels = 1, ...spatial] = shape;
  const all = (draw: () => number, times = 1): number[] => Array.from({ length: times * spatial.length }, draw);
  const depthwise = random.uniform() < 0.3;
  const kernel = spatial.map((extent) => random.integer(1, Math.min(3, extent)));
  const groups = depthwise ? channels : 1;
  const outputs = depthwise ? channels * random.integer(1, 2) : random.integer(1, 4);
  const attrs = {
    weights: weights(random, [outputs, channels / groups, ...kernel]),
    bias: weights(random, [outputs]),
    strides: all(() => random.integer(1, 2)),
    pads: all(() => random.integer(0, 1), 2),
    dilations: all(() => 1),
    groups,
  };
  return builder.add('conv', [a], attrs, []);
}

function appendPolynomial(
  builder: TensorBuilder,
  a: ValueId,
  basis: 'power' | 'chebyshev',
  terms: number,
  random: SeededRandom,
): ValueId {
  const channels = builder.typeOf(a)[0] ?? 1;
  const sets = random.uniform() < 0.5 ? 1 : channels;
  const coefficients = Float64Array.from({ length: sets * terms }, () => weight(random));
  // Quadratics with one leading coefficient for all sets, negative ones too, take a way of their own.
  const leading = random.uniform() < 0.5 ? -0.75 : 1;
  if (terms === 3 && random.uniform() < 0.7) for (let set = 0; set < sets; set++) coefficients[3 * set + 2] = leading;
  const [center = 0, halfWidth = 1] = random.uniform() < 0.5 ? [0, 1] : [0.25, 2];
  return builder.add(
    'polynomial',
    [a],
    { basis, coefficients: new Constant([sets, terms], coefficients), center, halfWidth },
    [],
  );
}

/** Samples for every input: uniform in [−1, 1]. */
export function networkSamples(module: TensorModule, count: number, seed: number): Map<string, Float64Array>[] {
  const random = seededRandom(seed);
  const inputs = module.nodes.filter((node) => node.op === 'input');
  return Array.from({ length: count }, () => {
    const sample = new Map<string, Float64Array>();
    for (const { attrs, type } of inputs) {
      sample.set(attrs.name, vector(Array.from({ length: elementCount(type) }, () => 2 * random.uniform() - 1)).values);
    }
    return sample;
  });
}
