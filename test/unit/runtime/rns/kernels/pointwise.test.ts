/** Kernels of one operation for each element, against integers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { draws, drawLimb, expectLimb, fullLimb, integer, KernelLimbs, largestPrime, ranges } from './kernel-limbs.ts';

const n = 20;
const limbs = await KernelLimbs.open(n, 3);
const before = Array.from({ length: n }, (_, i) => 0.5 + i);

const reference = {
  add: (x: bigint, y: bigint) => x + y,
  multiply: (x: bigint, y: bigint) => x * y,
} as const;

describe.each(['add', 'multiply'] as const)('%s', (name) => {
  const expected =
    (x: readonly number[], y: readonly number[]) =>
    (i: number): bigint =>
      reference[name](integer(x, i), integer(y, i));

  test('is exact and balanced, in its range alone', () => {
    fc.assert(
      fc.property(draws, ranges(n), (draw, range) => {
        const x = drawLimb(draw, 'x', n);
        const y = drawLimb(draw, 'y', n);
        limbs.setPrime(draw.q);
        limbs.write(0, x);
        limbs.write(1, y);
        limbs.write(2, before);
        limbs.kernels[name](limbs.at(0), limbs.at(1), limbs.at(2), limbs.prime, range.from, range.to);
        expectLimb(limbs.read(2), draw.q, expected(x, y), range, before);
        expect(limbs.read(0)).toEqual(x);
        expect(limbs.read(1)).toEqual(y);
      }),
    );
  });

  test.each([
    { operands: [0, 1], target: 0 },
    { operands: [0, 1], target: 1 },
    { operands: [0, 0], target: 0 },
  ] as const)('of limbs $operands into limb $target', ({ operands: [a, b], target }) => {
    fc.assert(
      fc.property(draws, ranges(n), (draw, range) => {
        const values = ['x', 'y'].map((label) => drawLimb(draw, label, n));
        limbs.setPrime(draw.q);
        values.forEach((limb, k) => {
          limbs.write(k, limb);
        });
        limbs.kernels[name](limbs.at(a), limbs.at(b), limbs.at(target), limbs.prime, range.from, range.to);
        expectLimb(limbs.read(target), draw.q, expected(values[a] ?? [], values[b] ?? []), range, values[target] ?? []);
      }),
    );
  });

  test.each([
    [1, 1],
    [1, -1],
    [-1, -1],
  ] as const)('of the largest residues, signs %i and %i', (sign, other) => {
    const x = fullLimb(largestPrime, n, sign);
    const y = fullLimb(largestPrime, n, other);
    limbs.setPrime(largestPrime);
    limbs.write(0, x);
    limbs.write(1, y);
    limbs.kernels[name](limbs.at(0), limbs.at(1), limbs.at(2), limbs.prime, 0, n);
    expectLimb(limbs.read(2), largestPrime, expected(x, y), { from: 0, to: n }, before);
  });

  // Rounding a quotient goes wrong by more than a half for one product in a few hundred.
  test('of many residues modulo the largest prime', async () => {
    const size = 4096;
    const many = await KernelLimbs.open(size, 2);
    const x = drawLimb({ q: largestPrime, seed: 1 }, 'x', size);
    const y = drawLimb({ q: largestPrime, seed: 1 }, 'y', size);
    many.setPrime(largestPrime);
    many.write(0, x);
    many.write(1, y);
    many.kernels[name](many.at(0), many.at(1), many.at(1), many.prime, 0, size);
    expectLimb(many.read(1), largestPrime, expected(x, y), { from: 0, to: size }, y);
  });
});

describe('sum', async () => {
  const most = 64;
  // More elements than are added at once, and a few.
  const size = 44;
  const many = await KernelLimbs.open(size, most + 1, 8 * most);

  /** Runs on limbs, and compares the sum with integers. */
  function check(
    q: number,
    summands: readonly (readonly number[])[],
    { target = most, range = { from: 0, to: size } }: { target?: number; range?: { from: number; to: number } } = {},
  ): void {
    const untouched = summands[target] ?? Array.from({ length: size }, (_, i) => 0.5 + i);
    many.setPrime(q);
    many.write(most, untouched);
    summands.forEach((limb, k) => {
      many.write(k, limb);
    });
    const addresses = summands.map((_, k) => many.at(k));
    many.addresses(many.at(most + 1), addresses);
    many.kernels.sum(many.at(most + 1), summands.length, many.at(target), many.prime, range.from, range.to);
    const expected = (i: number): bigint => summands.reduce((sum, limb) => sum + integer(limb, i), 0n);
    expectLimb(many.read(target), q, expected, range, untouched);
    // One representative alone, whichever way it was added.
    for (let i = range.from; i < range.to; i++) expect(Math.abs(many.read(target)[i] ?? NaN)).toBeLessThan(q / 2);
  }

  test('is exact and balanced, in its range alone, into one of its operands too', () => {
    fc.assert(
      fc.property(
        draws,
        ranges(size),
        fc.integer({ min: 1, max: most }),
        fc.nat(most),
        (draw, range, count, target) => {
          const summands = Array.from({ length: count }, (_, k) => drawLimb(draw, k, size));
          check(draw.q, summands, { target: target < count ? target : most, range });
        },
      ),
    );
  });

  test.each([1, 2, 14, 15, 16, 29, 30, 43, 44, most])('of %i of the largest residues', (count) => {
    for (const sign of [1, -1] as const)
      check(
        largestPrime,
        Array.from({ length: count }, () => fullLimb(largestPrime, size, sign)),
      );
  });
});

describe.each([
  { name: 'addProduct', sign: 1n },
  { name: 'subtractProduct', sign: -1n },
] as const)('$name', ({ name, sign }) => {
  test('is exact and balanced, whichever limbs are the same', () => {
    fc.assert(
      fc.property(draws, fc.nat(2), fc.nat(2), (draw, a, b) => {
        const values = ['x', 'y', 'z'].map((label) => drawLimb(draw, label, n));
        limbs.setPrime(draw.q);
        values.forEach((limb, k) => {
          limbs.write(k, limb);
        });
        limbs.kernels[name](limbs.at(0), limbs.at(a), limbs.at(b), limbs.prime);
        const [x = [], y = [], target = []] = [values[a], values[b], values[0]];
        const expected = (i: number): bigint => integer(target, i) + sign * integer(x, i) * integer(y, i);
        expectLimb(limbs.read(0), draw.q, expected, { from: 0, to: n }, target);
      }),
    );
  });
});

test('addMultiple is exact and balanced', () => {
  fc.assert(
    fc.property(draws, fc.nat(n - 1), (draw, place) => {
      const [x, target] = ['x', 'y'].map((label) => drawLimb(draw, label, n)) as [number[], number[]];
      const [factor = 0] = drawLimb(draw, 'factor', n).slice(place);
      limbs.setPrime(draw.q);
      limbs.write(0, x);
      limbs.write(1, target);
      limbs.kernels.addMultiple(limbs.at(1), limbs.at(0), factor, limbs.prime);
      const expected = (i: number): bigint => integer(target, i) + BigInt(factor) * integer(x, i);
      expectLimb(limbs.read(1), draw.q, expected, { from: 0, to: n }, target);
    }),
  );
});
