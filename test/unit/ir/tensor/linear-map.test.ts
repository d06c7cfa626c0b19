import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, indexConstant } from '../../../../ir/constant.ts';
import { evaluateTensor } from '../../../../ir/interpret/tensor.ts';
import { nodeAt } from '../../../../ir/module.ts';
import { seededRandom } from '../../../../ir/random.ts';
import { applyMap } from '../../../../ir/tensor/affine-map.ts';
import { compose, denseMatrix, identityMap, LinearMap, sumMaps } from '../../../../ir/tensor/csr.ts';
import { linearMapOf } from '../../../../ir/tensor/linear-map.ts';
import { type Shape, TensorBuilder, type TensorModule } from '../../../../ir/tensor/ops.ts';
import { fits, imageShape, type MakerName, makers, randomVector, seed } from './arbitraries.ts';

const names = Object.keys(makers) as MakerName[];

function single(name: MakerName, shape: Shape, seedOfOp: number): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [...shape] }, []);
  const y = makers[name](builder, x, shape, seededRandom(seedOfOp));
  builder.add('output', [y], { name: 'y' }, []);
  return builder.build('single');
}

function mapOf(module: TensorModule): LinearMap {
  const map = linearMapOf(nodeAt(module, 1), [nodeAt(module, 0).type]);
  if (map === undefined) throw new Error('not linear');
  return map;
}

function expectClose(got: Float64Array | undefined, want: Float64Array, tolerance = 1e-12): void {
  expect(got?.length).toBe(want.length);
  const worst = want.reduce((most, w, i) => Math.max(most, Math.abs(w - (got?.[i] ?? Number.NaN))), 0);
  expect(worst).toBeLessThanOrEqual(tolerance);
}

describe('linearMapOf', () => {
  test.each(names)('%s has the map that the interpreter computes', (name) => {
    fc.assert(
      fc.property(imageShape, seed, (shape, s) => {
        fc.pre(fits(name, shape));
        const module = single(name, shape, s);
        const map = mapOf(module);
        const x = randomVector(seededRandom(s).fork('x'), elementCount(shape));
        expectClose(evaluateTensor(module, new Map([['x', x]])).get('y'), applyMap(map, x));
      }),
    );
  });

  test.each(names)('%s has ascending columns and no zeros', (name) => {
    fc.assert(
      fc.property(imageShape, seed, (shape, s) => {
        fc.pre(fits(name, shape));
        const map = mapOf(single(name, shape, s));
        expect(map.values.includes(0)).toBe(false);
        for (let r = 0; r < map.rows; r++) {
          const columns = map.indices.subarray(map.starts[r], map.starts[r + 1]);
          expect(columns.every((column, i) => i === 0 || column > (columns[i - 1] ?? 0))).toBe(true);
        }
      }),
    );
  });

  test('a gather of several operands runs over their concatenation', () => {
    const builder = new TensorBuilder();
    const a = builder.add('input', [], { name: 'a', shape: [2] }, []);
    const b = builder.add('input', [], { name: 'b', shape: [3] }, []);
    const y = builder.add('gather', [a, b], { index: indexConstant([4], [4, 0, -1, 2]) }, []);
    const map = linearMapOf(builder.node(y), [[2], [3]]);
    expect(map && applyMap(map, Float64Array.of(1, 2, 3, 4, 5))).toEqual(Float64Array.of(5, 1, 0, 3));
    builder.add('output', [y], { name: 'y' }, []);
    const inputs = new Map([
      ['a', Float64Array.of(1, 2)],
      ['b', Float64Array.of(3, 4, 5)],
    ]);
    expect(evaluateTensor(builder.build('m'), inputs).get('y')).toEqual(Float64Array.of(5, 1, 0, 3));
  });

  test('too many non-zeros are a diagnostic', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [64, 96, 96] }, []);
    const weights = new Constant([64, 64, 3, 3], new Float64Array(64 * 64 * 9).fill(1));
    const bias = new Constant([64], new Float64Array(64));
    const attrs = { weights, bias, strides: [1, 1], pads: [1, 1, 1, 1], dilations: [1, 1], groups: 1 };
    const y = builder.add('conv', [x], attrs, []);
    expect(() => linearMapOf(builder.node(y), [[64, 96, 96]])).toThrow('H310');
  });
});

describe('map arithmetic', () => {
  test('compose is one map after the other', () => {
    fc.assert(
      fc.property(imageShape, fc.constantFrom(...names), fc.constantFrom(...names), seed, (shape, first, second, s) => {
        fc.pre(fits(first, shape));
        const inner = single(first, shape, s);
        const middle = nodeAt(inner, 1).type;
        fc.pre(fits(second, middle));
        const outer = single(second, middle, s + 1);
        const x = randomVector(seededRandom(s).fork('x'), elementCount(shape));
        const both = compose(mapOf(outer), mapOf(inner));
        expectClose(applyMap(both, x), applyMap(mapOf(outer), applyMap(mapOf(inner), x)), 1e-11);
        expect(both.values.includes(0)).toBe(false);
      }),
    );
  });

  test('the identity changes nothing', () => {
    const map = mapOf(single('dense', [2, 3], 7));
    expect(denseMatrix(compose(map, identityMap(6)))).toEqual(denseMatrix(map));
    expect(denseMatrix(compose(identityMap(map.rows), map))).toEqual(denseMatrix(map));
  });

  test('sumMaps adds maps of the same and of different columns', () => {
    const a = mapOf(single('dense', [2, 3], 1));
    const same = sumMaps([a, a], [0, 0], 6);
    const x = Float64Array.of(1, -2, 3, 0.5, 0, 1);
    expectClose(
      applyMap(same, x),
      applyMap(a, x).map((v) => 2 * v),
    );
    const apart = sumMaps([a, identityMap(a.rows)], [0, 6], 6 + a.rows);
    const tail = randomVector(seededRandom(3), a.rows);
    expectClose(
      applyMap(apart, Float64Array.of(...x, ...tail)),
      applyMap(a, x).map((v, i) => v + (tail[i] ?? 0)),
    );
  });

  test('what cancels is dropped', () => {
    const a = identityMap(3);
    const { rows, columns, starts, indices, values, bias } = a;
    const minus = new LinearMap({ rows, columns, starts, indices, values: values.map((v) => -v), bias });
    expect(sumMaps([a, minus], [0, 0], 3).values.length).toBe(0);
  });
});
