import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DiagonalMatrix } from '../../../../../passes/he/bootstrapping/complex-matrix.ts';
import {
  stageCounts,
  toCoefficientsStages,
  toSlotsStages,
} from '../../../../../passes/he/bootstrapping/transform-stages.ts';

type Complex = readonly [number, number];

function applied(diagonals: DiagonalMatrix, x: readonly Complex[]): Complex[] {
  return x.map((_, i) => {
    let [real, imaginary] = [0, 0];
    for (const [k, d] of diagonals) {
      const [a, b] = [d[2 * i] ?? 0, d[2 * i + 1] ?? 0];
      const [u, v] = x[(i + k) % x.length] ?? [0, 0];
      real += a * u - b * v;
      imaginary += a * v + b * u;
    }
    return [real, imaginary];
  });
}

/** SEAL's slots of a polynomial: its values at exp(iπ 3^j / N). */
function slotsOf(coefficients: readonly number[]): Complex[] {
  const degree = coefficients.length;
  let exponent = 1;
  return Array.from({ length: degree / 2 }, () => {
    let [real, imaginary] = [0, 0];
    for (const [k, c] of coefficients.entries()) {
      const angle = (Math.PI * ((exponent * k) % (2 * degree))) / degree;
      real += c * Math.cos(angle);
      imaginary += c * Math.sin(angle);
    }
    exponent = (3 * exponent) % (2 * degree);
    return [real, imaginary];
  });
}

function reversed(j: number, slots: number): number {
  let result = 0;
  for (let bit = 1; bit < slots; bit *= 2) result = 2 * result + ((j & bit) === 0 ? 0 : 1);
  return result;
}

/** log2 of the slots, and how many matrices. */
const shapes = fc
  .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 4 }))
  .filter(([bits, parts]) => parts <= bits);
const number = fc.double({ min: -1, max: 1, noNaN: true });

test('StC makes coefficients of real slots, in reversed order', () => {
  fc.assert(
    fc.property(shapes, fc.array(number, { minLength: 64, maxLength: 64 }), ([bits, parts], values) => {
      const slots = 2 ** bits;
      const x = values.slice(0, slots);
      const got = toCoefficientsStages(slots, parts, 0.5).reduce(
        (value, { diagonals }) => applied(diagonals, value),
        x.map((real): Complex => [real, 0]),
      );
      const coefficients = Array.from({ length: 2 * slots }, (_, k) =>
        k < slots ? (x[reversed(k, slots)] ?? 0) / 2 : 0,
      );
      for (const [j, [real, imaginary]] of slotsOf(coefficients).entries()) {
        expect(got[j]?.[0]).toBeCloseTo(real, 10);
        expect(got[j]?.[1]).toBeCloseTo(imaginary, 10);
      }
    }),
  );
});

test('CtS brings coefficients to the real parts of slots, in reversed order', () => {
  fc.assert(
    fc.property(shapes, fc.array(number, { minLength: 128, maxLength: 128 }), ([bits, parts], values) => {
      const slots = 2 ** bits;
      const coefficients = values.slice(0, 2 * slots);
      const got = toSlotsStages(slots, parts, 3).reduce(
        (value, { diagonals }) => applied(diagonals, value),
        slotsOf(coefficients),
      );
      for (const [j, [real]] of got.entries())
        expect(real).toBeCloseTo(3 * (coefficients[reversed(j, slots)] ?? 0), 10);
    }),
  );
});

test('matrices have the diagonals of their stages: fewer where forwards is backwards', () => {
  const sizes = (stages: ReturnType<typeof toSlotsStages>) =>
    stages.map(({ step, diagonals }) => [diagonals.size, step]);
  expect(stageCounts(2 ** 14, 3)).toEqual([4, 5, 5]);
  expect(sizes(toCoefficientsStages(64, 2, 1))).toEqual([
    [15, 1],
    [8, 8],
  ]);
  expect(sizes(toSlotsStages(64, 3, 1))).toEqual([
    [4, 16],
    [7, 4],
    [7, 1],
  ]);
});
