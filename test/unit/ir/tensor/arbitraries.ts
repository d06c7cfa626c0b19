/** Random tensor-level operations and values for property tests. */
import fc from 'fast-check';

import { Constant, elementCount, indexConstant } from '../../../../ir/constant.ts';
import type { ValueId } from '../../../../ir/op.ts';
import type { SeededRandom } from '../../../../ir/random.ts';
import type { Shape, TensorBuilder } from '../../../../ir/tensor/ops.ts';

/** Adds one op to `builder` on the operand `x` of shape `shape`. */
export type OpMaker = (builder: TensorBuilder, x: ValueId, shape: Shape, random: SeededRandom) => ValueId;

/** [C, H, W] or [C, W], small. */
export const imageShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 6 }), fc.integer({ min: 2, max: 6 })),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 2, max: 9 })),
);

export const seed = fc.integer();

export function values(random: SeededRandom, shape: Shape): Constant {
  return new Constant(
    shape,
    Float64Array.from({ length: elementCount(shape) }, () => sometimesZero(random)),
  );
}

export function randomVector(random: SeededRandom, length: number): Float64Array {
  return Float64Array.from({ length }, () => 2 * random.uniform() - 1);
}

function sometimesZero(random: SeededRandom): number {
  return random.integer(0, 3) === 0 ? 0 : 2 * random.uniform() - 1;
}

export function pick<T>(random: SeededRandom, list: readonly [T, ...T[]]): T {
  return list[random.integer(0, list.length - 1)] ?? list[0];
}

export const makers = {
  dense: (builder, x, shape, random) => {
    const rows = random.integer(1, 8);
    const weights = values(random, [rows, elementCount(shape)]);
    return builder.add('dense', [x], { weights, bias: values(random, [rows]) }, []);
  },
  conv: (builder, x, shape, random) => {
    const [channels = 1, ...spatial] = shape;
    const groups = pick(random, [1, ...[2, 3, 4].filter((d) => channels % d === 0)]);
    const outputs = groups * random.integer(1, 3);
    const pads = Array.from({ length: 2 * spatial.length }, () => random.integer(0, 2));
    const kernel = spatial.map((extent) => random.integer(1, Math.min(3, extent)));
    const dilations = spatial.map((extent, d) => ((kernel[d] ?? 1) * 2 - 1 <= extent ? random.integer(1, 2) : 1));
    const strides = spatial.map(() => random.integer(1, 3));
    const weights = values(random, [outputs, channels / groups, ...kernel]);
    const bias = values(random, [outputs]);
    return builder.add('conv', [x], { weights, bias, strides, pads, dilations, groups }, []);
  },
  gather: (builder, x, shape, random) => {
    const index = Array.from({ length: random.integer(1, 20) }, () => random.integer(-1, elementCount(shape) - 1));
    return builder.add('gather', [x], { index: indexConstant([index.length], index) }, []);
  },
  reshape: (builder, x, shape) => {
    const n = elementCount(shape);
    return builder.add(
      'gather',
      [x],
      {
        index: indexConstant(
          [n],
          Int32Array.from({ length: n }, (_, i) => i),
        ),
      },
      [],
    );
  },
  'scale-shift': (builder, x, shape, random) => {
    const n = elementCount(shape);
    const factors = values(random, [pick(random, [1, n])]);
    const offsets = values(random, [pick(random, [1, n])]);
    return builder.add('scale-shift', [x], { factors, offsets }, []);
  },
  'channel-scale': (builder, x, shape, random) => {
    const [channels = 1] = shape;
    const n = elementCount(shape);
    const factors = values(random, [channels]).values;
    const offsets = values(random, [channels]).values;
    const perChannel = (list: Float64Array) =>
      new Constant(
        [n],
        Float64Array.from({ length: n }, (_, i) => list[Math.floor((i * channels) / n)] ?? 0),
      );
    return builder.add('scale-shift', [x], { factors: perChannel(factors), offsets: perChannel(offsets) }, []);
  },
  sparse: (builder, x, shape, random) => {
    const rows = random.integer(1, 8);
    const starts = [0];
    const columns: number[] = [];
    for (let r = 0; r < rows; r++) {
      const entries = random.integer(0, 4);
      const row = Array.from({ length: entries }, () => random.integer(0, elementCount(shape) - 1));
      columns.push(...[...new Set(row)].sort((a, b) => a - b));
      starts.push(columns.length);
    }
    const attrs = {
      starts: indexConstant([rows + 1], starts),
      columns: indexConstant([columns.length], columns),
      values: values(random, [columns.length]),
      bias: values(random, [rows]),
      shape: [rows],
    };
    return builder.add('sparse', [x], attrs, []);
  },
} as const satisfies Record<string, OpMaker>;

export type MakerName = keyof typeof makers;

/** A convolution needs a channel axis and one or two spatial ones. */
export function fits(name: MakerName, shape: Shape): boolean {
  return name !== 'conv' || shape.length === 2 || shape.length === 3;
}
