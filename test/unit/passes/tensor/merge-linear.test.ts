import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, indexConstant, vector } from '../../../../ir/constant.ts';
import { throwIfErrors } from '../../../../ir/diagnostics/diagnostic.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { verify } from '../../../../ir/verify.ts';
import { mergeLinear } from '../../../../passes/tensor/merge-linear.ts';
import { makers, values } from '../../ir/tensor/arbitraries.ts';
import { randomModule, relativeDifference } from '../../ir/tensor/graphs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

const context = { samples: [], report: () => undefined };

function merged(module: TensorModule): TensorModule {
  const result = mergeLinear.run(module, {}, context).module;
  throwIfErrors(verify(result));
  expect(relativeDifference(module, result, 1)).toBeLessThan(1e-11);
  return result;
}

/** The ops between inputs and outputs after merging what `make` builds on an input of `shape`. */
function opsAfter(shape: number[], make: (builder: TensorBuilder, x: ValueId) => ValueId): string[] {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape }, [{ name: 'x', opType: 'Input', output: 'x' }]);
  builder.add('output', [make(builder, x)], { name: 'y' }, []);
  return merged(builder.build('m'))
    .nodes.map((node) => node.op)
    .filter((op) => op !== 'input' && op !== 'output');
}

const random = () => seededRandom(17);
const reshape = (b: TensorBuilder, x: ValueId, shape: number[]) =>
  b.add(
    'gather',
    [x],
    {
      index: indexConstant(
        shape,
        Int32Array.from({ length: elementCount(shape) }, (_, i) => i),
      ),
    },
    [],
  );
const dense = (b: TensorBuilder, x: ValueId, rows: number) => {
  const weights = new Constant(
    [rows, elementCount(b.typeOf(x))],
    values(random(), [rows, elementCount(b.typeOf(x))]).values.map((v) => v + 2),
  );
  return b.add('dense', [x], { weights, bias: values(random(), [rows]) }, []);
};
const conv = (b: TensorBuilder, x: ValueId, outputs: number, kernel: number, pad: number, stride = 1, groups = 1) => {
  const weights = values(random(), [outputs, (b.typeOf(x)[0] ?? 0) / groups, kernel, kernel]).values.map((v) => v + 2);
  const attrs = {
    weights: new Constant([outputs, (b.typeOf(x)[0] ?? 0) / groups, kernel, kernel], weights),
    bias: values(random(), [outputs]),
    strides: [stride, stride],
    pads: [pad, pad, pad, pad],
    dilations: [1, 1],
    groups,
  };
  return b.add('conv', [x], attrs, []);
};
const channelScale = (b: TensorBuilder, x: ValueId) => makers['channel-scale'](b, x, b.typeOf(x), random());
const elementScale = (b: TensorBuilder, x: ValueId) => {
  const n = elementCount(b.typeOf(x));
  const ramp = vector(Float64Array.from({ length: n }, (_, i) => i + 1));
  return b.add('scale-shift', [x], { factors: ramp, offsets: ramp }, []);
};
const square = (b: TensorBuilder, x: ValueId) => b.add('multiply', [x, x], {}, []);
const relu = (b: TensorBuilder, x: ValueId) => b.add('activation', [x], { kind: 'relu', parameters: [] }, []);

test('random graphs compute the same values', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 14 }), (seed, size) => {
      const module = randomModule(seed, size);
      const { module: result, statistics } = mergeLinear.run(module, {}, context);
      throwIfErrors(verify(result));
      expect(relativeDifference(module, result, seed)).toBeLessThan(1e-9);
      expect(Object.keys(statistics)).toEqual(Object.keys(mergeLinear.statistics));
    }),
    { numRuns: casesOf({ normal: 120, nightly: 400 }) },
  );
});

test('a second run finds nothing to do', () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 1, max: 10 }), (seed, size) => {
      const once = mergeLinear.run(randomModule(seed, size), {}, context).module;
      const { statistics } = mergeLinear.run(once, {}, context);
      expect(statistics).toEqual({ merged: 0, dropped: 0, moved: 0 });
    }),
    { numRuns: casesOf({ normal: 60, nightly: 200 }) },
  );
});

describe('dense', () => {
  test('dense of dense', () => {
    expect(opsAfter([6], (b, x) => dense(b, dense(b, x, 5), 4))).toEqual(['dense']);
  });
  test('a bottleneck stays: its product has more weights than four times both', () => {
    expect(opsAfter([64], (b, x) => dense(b, dense(b, x, 2), 64))).toEqual(['dense', 'dense']);
  });
  test('scale-shifts on both sides, flatten and transposition before', () => {
    const ops = opsAfter([2, 3], (b, x) => elementScale(b, dense(b, elementScale(b, reshape(b, x, [6])), 4)));
    expect(ops).toEqual(['dense']);
  });
  test('what two ops read is not merged into both', () => {
    const ops = opsAfter([6], (b, x) => {
      const y = dense(b, x, 6);
      return b.add('add', [relu(b, y), dense(b, y, 6)], {}, []);
    });
    expect(ops.toSorted()).toEqual(['activation', 'add', 'dense', 'dense']);
  });
  test('dense of a concatenation is a sum of dense ops', () => {
    const ops = opsAfter([4], (b, x) => {
      const parts = [square(b, x), relu(b, x)];
      return dense(b, b.add('gather', parts, { index: indexConstant([8], [0, 1, 2, 3, 4, 5, 6, 7]) }, []), 3);
    });
    expect(ops).toEqual(['multiply', 'activation', 'dense', 'dense', 'add']);
  });
});

test('weights behind products become alike, as far as powers of two go', () => {
  const weight = fc.integer({ min: -20, max: 20 }).map((exponent) => 2 ** exponent);
  fc.assert(
    fc.property(fc.array(weight, { minLength: 6, maxLength: 6 }), fc.boolean(), (weights, square) => {
      const builder = new TensorBuilder();
      const x = builder.add('input', [], { name: 'x', shape: [6] }, []);
      const shifted = (by: number) =>
        builder.add('scale-shift', [x], { factors: vector([3, 1, 2, 1, 1, 5]), offsets: vector([by]) }, []);
      const left = shifted(1);
      const product = builder.add('multiply', [left, square ? left : shifted(-2)], {}, []);
      const layer = { weights: new Constant([1, 6], Float64Array.from(weights)), bias: vector([4]) };
      builder.add('output', [builder.add('dense', [product], layer, [])], { name: 'y' }, []);
      const { nodes } = merged(builder.build('m'));
      const last = nodes.find((node) => node.op === 'dense');
      const exponents = Array.from(last?.attrs.weights.values ?? [], (w) => Math.log2(Math.abs(w)));
      expect(Math.max(...exponents) - Math.min(...exponents)).toBeLessThanOrEqual(8);
      expect(nodes.filter((node) => node.op === 'scale-shift')).toHaveLength(square ? 1 : 2);
    }),
    { numRuns: casesOf({ normal: 60, nightly: 200 }) },
  );
});

describe('products side by side', () => {
  /** The product of elements of x at `places`, from the left. */
  const monomial = (b: TensorBuilder, x: ValueId, places: readonly number[]) =>
    places
      .map((place) => b.add('gather', [x], { index: indexConstant([1], [place]) }, []))
      .reduce((product, factor) => b.add('multiply', [product, factor], {}, []));
  const concatenation = (b: TensorBuilder, parts: readonly ValueId[]) =>
    b.add('gather', parts, { index: indexConstant([parts.length], [...parts.keys()]) }, []);

  test('monomials take one product for each degree but the first', () => {
    const places = fc.array(fc.nat(4), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(fc.array(places, { minLength: 2, maxLength: 12 }), fc.boolean(), (monomials, scaled) => {
        const ops = opsAfter([5], (b, x) => {
          const base = scaled ? elementScale(b, x) : x;
          const parts = monomials.map((each) => monomial(b, base, each));
          return dense(b, concatenation(b, parts), 3);
        });
        const products = new Set(monomials.map(({ length }) => length).filter((degree) => degree > 1));
        const chained = [...products].reduce((total, degree) => total + degree - 1, 0);
        expect(ops.filter((op) => op === 'multiply')).toHaveLength(chained);
      }),
    );
  });
  test('of different values stay apart', () => {
    const ops = opsAfter([4], (b, x) => {
      const y = relu(b, x);
      return concatenation(b, [monomial(b, x, [0, 1]), monomial(b, y, [0, 1]), monomial(b, x, [2, 3])]);
    });
    expect(ops.filter((op) => op === 'multiply')).toHaveLength(2);
  });
  test('that something else reads stay as they are', () => {
    const ops = opsAfter([4], (b, x) => {
      const parts = [monomial(b, x, [0, 1]), monomial(b, x, [2, 3])];
      return concatenation(b, [...parts, ...parts.map((part) => relu(b, part))]);
    });
    expect(ops.filter((op) => op === 'multiply')).toHaveLength(2);
  });
});

describe('conv', () => {
  test('batch normalisation after, also behind a reshape', () => {
    expect(opsAfter([2, 5, 5], (b, x) => channelScale(b, conv(b, x, 3, 3, 1)))).toEqual(['conv']);
    const ops = opsAfter([2, 5, 5], (b, x) => {
      const y = conv(b, x, 3, 3, 1);
      const flat = reshape(b, y, [75]);
      const twice = b.add('scale-shift', [flat], { factors: vector([2]), offsets: vector([1]) }, []);
      return dense(b, relu(b, twice), 2);
    });
    expect(ops).toEqual(['conv', 'activation', 'dense']);
  });
  test('scale and shift before an unpadded one', () => {
    expect(opsAfter([2, 5, 5], (b, x) => conv(b, channelScale(b, x), 3, 3, 0))).toEqual(['conv']);
    expect(
      opsAfter([50], (b, x) => {
        const scaled = b.add('scale-shift', [x], { factors: vector([2]), offsets: vector([1]) }, []);
        return conv(b, reshape(b, scaled, [2, 5, 5]), 3, 3, 0);
      }),
    ).toEqual(['gather', 'conv']);
  });
  test('a shift before a padded one makes it sparse', () => {
    expect(opsAfter([2, 5, 5], (b, x) => conv(b, channelScale(b, x), 3, 3, 1))).toEqual(['sparse']);
  });
  test('zero padding before', () => {
    const padding = Array.from({ length: 30 }, (_, i) => {
      const [y, x] = [Math.floor(i / 6) - 1, (i % 6) - 2];
      return y >= 0 && y < 3 && x >= 0 && x < 3 ? y * 3 + x : -1;
    });
    const ops = opsAfter([1, 3, 3], (b, x) => {
      return conv(b, b.add('gather', [x], { index: indexConstant([1, 5, 6], padding) }, []), 2, 3, 0);
    });
    expect(ops).toEqual(['conv']);
  });
  test('an average pool after', () => {
    expect(opsAfter([1, 8, 8], (b, x) => conv(b, conv(b, x, 2, 3, 1), 2, 2, 0, 2, 2))).toEqual(['conv']);
  });
  test('an average pool before a dense', () => {
    const ops = opsAfter([2, 4, 4], (b, x) => dense(b, conv(b, square(b, x), 2, 2, 0, 2, 2), 3));
    expect(ops).toEqual(['multiply', 'dense']);
  });
  test('strides, dilations and groups of composed convolutions', () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const builder = new TensorBuilder();
        const x = builder.add('input', [], { name: 'x', shape: [4, 9, 8] }, []);
        const source = seededRandom(seed);
        const inner = makers.conv(builder, x, [4, 9, 8], source);
        const node = builder.node(makers.conv(builder, inner, builder.typeOf(inner), source));
        if (node.op !== 'conv') throw new Error('no convolution');
        const attrs = { ...node.attrs, pads: [0, 0, 0, 0] };
        const fits = node.attrs.weights.shape.slice(2).every((extent, d) => {
          return (extent - 1) * (attrs.dilations[d] ?? 1) < (builder.typeOf(inner)[d + 1] ?? 0);
        });
        fc.pre(fits);
        builder.add('output', [builder.add('conv', [inner], attrs, [])], { name: 'y' }, []);
        merged(builder.build('m'));
      }),
      { numRuns: casesOf({ normal: 90, nightly: 300 }) },
    );
  });
});

describe('sums', () => {
  test('x + W x', () => {
    expect(opsAfter([5], (b, x) => b.add('add', [x, dense(b, x, 5)], {}, []))).toEqual(['dense']);
  });
  test('x + x costs no level and stays', () => {
    expect(opsAfter([5], (b, x) => b.add('add', [x, x], {}, []))).toEqual(['add']);
  });
  test('a normalisation after a residual sum goes into its branches', () => {
    const ops = opsAfter([5], (b, x) => {
      const y = dense(b, relu(b, x), 5);
      return elementScale(b, b.add('add', [dense(b, square(b, x), 5), y], {}, []));
    });
    expect(ops.toSorted()).toEqual(['activation', 'add', 'dense', 'dense', 'multiply']);
  });
});

describe('polynomials', () => {
  const polynomial = (b: TensorBuilder, x: ValueId, coefficients: number[]) => {
    const attrs = {
      basis: 'chebyshev',
      coefficients: new Constant([1, coefficients.length], Float64Array.from(coefficients)),
      center: 0.5,
      halfWidth: 2,
    } as const;
    return b.add('polynomial', [x], attrs, []);
  };
  test('of degree one are scale-shifts', () => {
    expect(opsAfter([5], (b, x) => dense(b, polynomial(b, x, [1, 2, 0]), 2))).toEqual(['dense']);
  });
  test('take uniform scale-shifts in', () => {
    const scale = (b: TensorBuilder, x: ValueId) =>
      b.add('scale-shift', [x], { factors: vector([-3]), offsets: vector([0.5]) }, []);
    expect(opsAfter([5], (b, x) => scale(b, polynomial(b, scale(b, x), [1, 2, 3, 4])))).toEqual(['polynomial']);
  });
});

test('origins are kept', () => {
  const ref = (name: string) => [{ name, opType: 'Gemm', output: name }];
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, ref('x'));
  const weights = new Constant([2, 2], Float64Array.of(1, 2, 3, 4));
  const a = builder.add('dense', [x], { weights, bias: vector([0, 1]) }, ref('a'));
  const b = builder.add('dense', [a], { weights, bias: vector([0, 1]) }, ref('b'));
  builder.add('output', [b], { name: 'y' }, ref('y'));
  const node = merged(builder.build('m')).nodes.find(({ op }) => op === 'dense');
  expect(node?.origins.map(({ name }) => name)).toEqual(['a', 'b']);
});
