import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { Constant, indexConstant, vector } from '../../../../ir/constant.ts';
import {
  activationFunction,
  type ActivationKind,
  activationPieces,
  isAffineOn,
} from '../../../../ir/interpret/activations.ts';
import { erfc } from '../../../../ir/interpret/erf.ts';
import { evaluatePolynomial } from '../../../../ir/interpret/polynomial.ts';
import { evaluateAll, evaluateTensor, TensorInterpreter } from '../../../../ir/interpret/tensor.ts';
import { TensorBuilder } from '../../../../ir/tensor/ops.ts';

describe('erfc', () => {
  // Values of the table in Abramowitz & Stegun 7.1 and of DLMF, to 16 digits.
  test.each([
    [0, 1],
    [0.5, 0.4795001221869535],
    [1, 0.15729920705028513],
    [2, 0.004677734981047266],
    [2.5, 0.0004069520174449589],
    [3, 2.209049699858544e-5],
    [5, 1.5374597944280349e-12],
    [10, 2.088487583762545e-45],
    [-1, 1.8427007929497148],
    [-3, 1.9999779095030015],
  ])('erfc(%f)', (x, want) => {
    expect(Math.abs(erfc(x) - want)).toBeLessThanOrEqual(1e-14 * want + 2.3e-16);
  });

  test('series and continued fraction meet', () => {
    const below = erfc(2.5 - 1e-12);
    const above = erfc(2.5 + 1e-12);
    expect(below - above).toBeGreaterThan(0);
    expect(below - above).toBeLessThan(1e-14);
  });
});

describe('activations', () => {
  // Computed from the definitions of the ONNX operators at x = −1.5 and x = 0.75.
  const cases: [ActivationKind, number[], number, number][] = [
    ['relu', [], 0, 0.75],
    ['leaky-relu', [0.1], -0.15, 0.75],
    ['prelu', [0.25], -0.375, 0.75],
    ['sigmoid', [], 0.18242552380635635, 0.679178699175393],
    ['tanh', [], -0.9051482536448664, 0.6351489523872873],
    ['gelu', [], -0.10021080190328713, 0.5800294857173488],
    ['gelu-tanh', [], -0.10042842301976707, 0.5799605551656203],
    ['silu', [], -0.27363828570953453, 0.5093840243815447],
    ['hard-swish', [], -0.375, 0.46875],
    ['hard-sigmoid', [0.2, 0.5], 0.2, 0.65],
    ['elu', [1.5], -1.1653047597773554, 0.75],
    ['softplus', [], 0.2014132779827524, 1.1368710061148999],
    ['clip', [-1, 0.5], -1, 0.5],
    ['abs', [], 1.5, 0.75],
    ['sign', [], -1, 1],
    ['step', [], 0, 1],
  ];
  test.each(cases)('%s', (kind, parameters, atNegative, atPositive) => {
    const f = activationFunction({ kind, parameters });
    expect(f(-1.5)).toBeCloseTo(atNegative, 14);
    expect(f(0.75)).toBeCloseTo(atPositive, 14);
  });

  const piecewise: [ActivationKind, number[]][] = [
    ['relu', []],
    ['leaky-relu', [0.1]],
    ['prelu', [0.25]],
    ['hard-swish', []],
    ['hard-sigmoid', [0.2, 0.5]],
    ['hard-sigmoid', [-0.3, 0.4]],
    ['hard-sigmoid', [0, 0.4]],
    ['clip', [-1, 0.5]],
    ['abs', []],
    ['sign', []],
    ['step', []],
  ];
  test.each(piecewise)('%s is the same by its pieces', (kind, parameters) => {
    const f = activationFunction({ kind, parameters });
    const { breaks = [], parts = [] } = activationPieces({ kind, parameters }) ?? {};
    expect(parts.length).toBe(breaks.length + 1);
    expect(breaks).toEqual([...breaks].sort((a, b) => a - b));
    for (let x = -5.03; x < 5; x += 0.1) {
      const part = parts[breaks.filter((at) => at <= x).length] ?? [];
      expect(evaluatePolynomial('power', part, x)).toBeCloseTo(f(x), 13);
    }
  });

  test('a step is affine up to its jump, and not with it', () => {
    const step = { kind: 'step' as const, parameters: [] };
    expect([isAffineOn(step, 0, -1, -0.1), isAffineOn(step, 0, -1, 0), isAffineOn(step, 0, -1, 1)]).toEqual([
      true,
      false,
      false,
    ]);
    const relu = { kind: 'relu' as const, parameters: [] };
    expect([isAffineOn(relu, 0, -1, 0), isAffineOn(relu, 0, 0, 1), isAffineOn(relu, 0, -1, 1)]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('prelu takes one slope for each index of the first axis', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [2, 2] }, []);
    const y = builder.add('activation', [x], { kind: 'prelu', parameters: [0.5, 2] }, []);
    builder.add('output', [y], { name: 'y' }, []);
    const got = evaluateTensor(builder.build('m'), new Map([['x', Float64Array.of(-1, 1, -1, 3)]]));
    expect(got.get('y')).toEqual(Float64Array.of(-0.5, 1, -2, 3));
  });
});

describe('polynomials', () => {
  test('powers by Horner', () => {
    expect(evaluatePolynomial('power', [1, 2, 3], 2)).toBe(17);
  });

  test('T_k(cos φ) = cos kφ', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 63 }), fc.double({ min: 0, max: Math.PI, noNaN: true }), (k, angle) => {
        const coefficients = new Float64Array(k + 1);
        coefficients[k] = 1;
        const got = evaluatePolynomial('chebyshev', coefficients, Math.cos(angle));
        expect(Math.abs(got - Math.cos(k * angle))).toBeLessThan(1e-11);
      }),
    );
  });

  test('one set of coefficients for each index of the first axis', () => {
    const builder = new TensorBuilder();
    const x = builder.add('input', [], { name: 'x', shape: [2, 2] }, []);
    const coefficients = new Constant([2, 3], Float64Array.of(0, 1, 0, 0, 0, 1));
    const attrs = { basis: 'power', coefficients, center: 1, halfWidth: 2 } as const;
    builder.add('output', [builder.add('polynomial', [x], attrs, [])], { name: 'y' }, []);
    const got = evaluateTensor(builder.build('m'), new Map([['x', Float64Array.of(3, -1, 3, 5)]]));
    expect(got.get('y')).toEqual(Float64Array.of(1, -1, 1, 4));
  });
});

test('add, multiply and several outputs; every value is available by id', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [2] }, []);
  const square = builder.add('multiply', [x, x], {}, []);
  const sum = builder.add('add', [x, square, x], {}, []);
  const swapped = builder.add('gather', [sum], { index: indexConstant([2], [1, 0]) }, []);
  builder.add('output', [swapped], { name: 'swapped' }, []);
  builder.add('output', [square], { name: 'square' }, []);
  const module = builder.build('m');
  const inputs = new Map([['x', Float64Array.of(2, -3)]]);
  const outputs = new TensorInterpreter(module).evaluate(inputs);
  expect([...outputs.keys()]).toEqual(['swapped', 'square']);
  expect(outputs.get('swapped')).toEqual(Float64Array.of(3, 8));
  expect(evaluateAll(module, inputs)[sum]).toEqual(Float64Array.of(8, 3));
});

test('a scalar scale-shift applies to every element', () => {
  const builder = new TensorBuilder();
  const x = builder.add('input', [], { name: 'x', shape: [3] }, []);
  const y = builder.add('scale-shift', [x], { factors: vector([2]), offsets: vector([1, 0, -1]) }, []);
  builder.add('output', [y], { name: 'y' }, []);
  const got = evaluateTensor(builder.build('m'), new Map([['x', Float64Array.of(1, 2, 3)]]));
  expect(got.get('y')).toEqual(Float64Array.of(3, 4, 5));
});
