/** Random spellings of polynomials: the same values, never more levels or products, and one polynomial for each. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, elementCount, indexConstant, vector } from '../../../../ir/constant.ts';
import { throwIfErrors } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../../../../ir/interface.ts';
import type { ValueId } from '../../../../ir/op.ts';
import { isLinear } from '../../../../ir/tensor/linear-map.ts';
import { polynomialDepth, polynomialProducts } from '../../../../ir/tensor/polynomial-evaluation.ts';
import { TensorBuilder, type TensorModule, type TensorNodeNamed } from '../../../../ir/tensor/ops.ts';
import { isReshape } from '../../../../ir/tensor/reshape.ts';
import { verify } from '../../../../ir/verify.ts';
import { mergeLinear } from '../../../../passes/tensor/merge-linear.ts';
import { mergePolynomials } from '../../../../passes/tensor/merge-polynomials.ts';
import { randomVector } from '../../../support/arbitrary-maps.ts';
import { relativeDifference } from '../../ir/tensor/graphs.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function merged(module: TensorModule, samples: readonly Sample[] = []): TensorModule {
  const context = { samples, report: () => undefined };
  const linear = mergeLinear.run(module, {}, context).module;
  const result = mergeLinear.run(mergePolynomials.run(linear, {}, context).module, {}, context).module;
  throwIfErrors(verify(result));
  return result;
}

/** Products of ciphertexts for each element, where equal ones are computed once. */
function products({ nodes }: TensorModule): number {
  return nodes.reduce((sum, node) => {
    if (node.op === 'multiply') return sum + 1;
    return node.op === 'polynomial' ? sum + polynomialProducts(node.attrs.coefficients, node.attrs.basis) : sum;
  }, 0);
}

/** Levels on the longest way, where no rescale waits for another. */
function depth(module: TensorModule): number {
  const levels: number[] = [];
  for (const node of module.nodes) {
    const own = isLinear(node) && !isReshape(module, node) ? 1 : node.op === 'multiply' ? 1 : 0;
    const ofPolynomial = node.op === 'polynomial' ? polynomialDepth(node.attrs.coefficients, node.attrs.basis) : 0;
    levels.push(Math.max(0, ...node.operands.map((id) => levels[id] ?? 0)) + own + ofPolynomial);
  }
  return Math.max(...levels);
}

const shape = [2, 3];

function network(make: (builder: TensorBuilder, x: ValueId) => readonly ValueId[]): TensorModule {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape }, []);
  for (const [k, y] of make(builder, x).entries()) builder.add('output', [y], { name: `y${k}` }, []);
  return builder.build('network');
}

const affine = (b: TensorBuilder, x: ValueId, factor: number, offset: number) =>
  b.add('scale-shift', [x], { factors: vector([factor]), offsets: vector([offset]) }, []);
const times = (b: TensorBuilder, x: ValueId, y: ValueId) => b.add('multiply', [x, y], {}, []);
const plus = (b: TensorBuilder, ...summands: ValueId[]) => b.add('add', summands, {}, []);
const powers = (b: TensorBuilder, x: ValueId, coefficients: readonly number[]) =>
  b.add(
    'polynomial',
    [x],
    {
      basis: 'power',
      coefficients: new Constant([1, coefficients.length], Float64Array.from(coefficients)),
      center: 0,
      halfWidth: 1,
    },
    [],
  );

type Op = 'scale' | 'scale-each' | 'sum' | 'product' | 'square' | 'power' | 'reshape' | 'layer' | 'other';
const ops: readonly Op[] = ['scale', 'scale-each', 'sum', 'sum', 'product', 'product', 'square', 'power', 'reshape'];

interface Step {
  readonly op: Op;
  readonly operands: readonly number[];
  readonly seed: number;
}

const step = fc.record<Step>({
  op: fc.constantFrom(...ops, 'layer', 'other'),
  operands: fc.array(fc.nat(), { minLength: 3, maxLength: 3 }),
  seed: fc.nat(),
});

/** Each op on some of the last values before it; the last two values are outputs. */
function spelt(steps: readonly Step[]): TensorModule {
  return network((b, x) => {
    const values = [x];
    for (const { op, operands, seed } of steps) {
      const recent = values.slice(-4);
      const pick = (k: number): ValueId => recent[(operands[k] ?? 0) % recent.length] ?? x;
      values.push(emit(b, op, [pick(0), pick(1), pick(2)], randomVector(36, seed)));
    }
    return values.slice(-2);
  });
}

function emit(
  b: TensorBuilder,
  op: Op,
  [x, y, z]: readonly [ValueId, ValueId, ValueId],
  random: Float64Array,
): ValueId {
  const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = random;
  switch (op) {
    case 'scale':
      return affine(b, x, c0, c1);
    case 'scale-each':
      return b.add('scale-shift', [x], { factors: vector(random.subarray(0, 6)), offsets: vector([c0]) }, []);
    case 'sum':
      return plus(b, x, y, z);
    case 'product':
      return times(b, x, y);
    case 'square':
      return times(b, x, x);
    case 'power':
      return powers(b, x, [c0, c1, c2, c3]);
    case 'reshape': {
      const there = b.add('gather', [x], { index: indexConstant([6], [0, 1, 2, 3, 4, 5]) }, []);
      const squared = times(b, there, there);
      return b.add('gather', [squared], { index: indexConstant(shape, [0, 1, 2, 3, 4, 5]) }, []);
    }
    case 'layer': {
      const layer = b.add(
        'dense',
        [x],
        { weights: new Constant([6, 6], random), bias: vector(random.subarray(0, 6)) },
        [],
      );
      return b.add('gather', [layer], { index: indexConstant(shape, [0, 1, 2, 3, 4, 5]) }, []);
    }
    case 'other':
      return b.add('gather', [x], { index: indexConstant(shape, [5, 4, 3, 2, 1, 0]) }, []);
  }
}

test('random spellings compute the same, in no more levels and products', () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 9 }), fc.nat(), (steps, seed) => {
      const module = spelt(steps);
      const before = mergeLinear.run(module, {}, { samples: [], report: () => undefined }).module;
      const after = merged(module);
      expect(relativeDifference(module, after, seed)).toBeLessThan(1e-9);
      expect(depth(after)).toBeLessThanOrEqual(depth(before));
    }),
    { numRuns: casesOf({ normal: 75, nightly: 600 }) },
  );
});

describe('a polynomial is one node, whether it is spelt', () => {
  const coefficients = fc
    .array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 3, maxLength: 7 })
    .map((c) => c.with(-1, 1 + Math.abs(c.at(-1) ?? 0)));
  type Spelling = (b: TensorBuilder, x: ValueId, c: readonly number[]) => ValueId;
  const monomial = (b: TensorBuilder, x: ValueId, k: number): ValueId =>
    k === 1 ? x : times(b, x, monomial(b, x, k - 1));
  const spellings: Record<string, Spelling> = {
    'in Horner’s form': (b, x, c) =>
      c.slice(0, -1).reduceRight((sum, ck) => affine(b, times(b, sum, x), 1, ck), affine(b, x, 0, c.at(-1) ?? 0)),
    'as a sum of scaled powers': (b, x, c) =>
      affine(
        b,
        plus(
          b,
          ...c.slice(1).map((ck, k) => affine(b, powers(b, x, [...Array.from({ length: k + 1 }, () => 0), 1]), ck, 0)),
        ),
        1,
        c[0] ?? 0,
      ),
    'as a sum of products of scaled values': (b, x, c) =>
      affine(b, plus(b, ...c.slice(1).map((ck, k) => affine(b, monomial(b, x, k + 1), ck, 0))), 1, c[0] ?? 0),
    'about another centre': (b, x, c) => {
      const moved = affine(b, x, -2, 1);
      const back = affine(b, moved, -0.5, 0.5);
      return plus(b, powers(b, back, c), times(b, moved, x), affine(b, times(b, x, x), 2, 0), affine(b, x, -1, 0));
    },
  };

  test.each(Object.entries(spellings))('%s', (_, spell) => {
    fc.assert(
      fc.property(coefficients, (c) => {
        const result = merged(network((b, x) => [spell(b, x, c)]));
        const found = result.nodes.filter((node): node is TensorNodeNamed<'polynomial'> => node.op === 'polynomial');
        expect(result.nodes.map(({ op }) => op)).toEqual(['input', 'polynomial', 'output']);
        const values = found[0]?.attrs.coefficients.values ?? new Float64Array();
        expect(values).toHaveLength(c.length);
        for (const [k, value] of values.entries()) expect(value).toBeCloseTo(c[k] ?? NaN, 9);
      }),
    );
  });
});

test('a product of several factors takes the levels of its degree', () => {
  const roots = [-2, -1, 0.5, 1, 3];
  const module = network((b, x) => [
    roots.slice(1).reduce((y, root) => times(b, y, affine(b, x, 1, -root)), affine(b, x, 1, -(roots[0] ?? 0))),
  ]);
  const result = merged(module);
  expect(depth(module)).toBe(5);
  expect(depth(result)).toBe(3);
  expect(products(result)).toBeLessThanOrEqual(products(module));
});

test('squares of squares stay what they are: no polynomial takes fewer products', () => {
  const module = network((b, x) => {
    let y = x;
    for (let k = 0; k < 3; k++) y = plus(b, times(b, y, y), y);
    return [y];
  });
  const result = merged(module);
  expect(products(result)).toBe(3);
  expect(depth(result)).toBeLessThanOrEqual(depth(module));
});

describe('where powers cancel', () => {
  const around = (center: number, reach: number): Sample[] =>
    Array.from(
      { length: 8 },
      (_, k) => new Map([['x', randomVector(elementCount(shape), k).map((t) => center + reach * t)]]),
    );
  const fourthPower = network((b, x) => {
    const moved = affine(b, x, 1, -100);
    return [plus(b, times(b, times(b, moved, moved), times(b, moved, x)), times(b, moved, moved))];
  });

  test('they are about the centre of the range', () => {
    const result = merged(fourthPower, around(100, 1));
    const found = result.nodes.find((node) => node.op === 'polynomial');
    expect(found?.attrs.center).toBeCloseTo(100, 0);
    expect(depth(result)).toBe(2);
  });

  test('about zero where they do not cancel', () => {
    expect(merged(fourthPower, around(0, 1)).nodes.find((node) => node.op === 'polynomial')?.attrs.center).toBe(0);
  });

  test('and elements differ, the spelling stays', () => {
    const module = network((b, x) => {
      const offsets = vector([100, -100, 50, -50, 20, -20]);
      const moved = b.add('scale-shift', [x], { factors: vector([1]), offsets }, []);
      return [plus(b, times(b, moved, moved), x)];
    });
    const far = around(0, 1).map(
      (sample) =>
        new Map([
          ['x', (sample.get('x') ?? new Float64Array()).map((t, e) => t - ([100, -100, 50, -50, 20, -20][e] ?? 0))],
        ]),
    );
    expect(merged(module, far).nodes.map(({ op }) => op)).toContain('multiply');
    expect(merged(module).nodes.map(({ op }) => op)).not.toContain('multiply');
  });
});
