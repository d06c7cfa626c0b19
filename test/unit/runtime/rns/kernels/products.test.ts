/** Products of ciphertexts and sums of products with plaintexts, against integers. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import { partialSumBytes } from '../../../../../runtime/rns/memory/layout.ts';
import { randomLimb } from '../../../../support/simd.ts';
import {
  type Draw,
  draws,
  drawLimb,
  expectLimb,
  fullLimb,
  integer,
  KernelLimbs,
  largestPrime,
  lopsidedPairs,
  ranges,
} from './kernel-limbs.ts';

const n = 20;
const maxCount = 200;
const limbCount = 3 * maxCount + 2;
const limbs = await KernelLimbs.open(n, limbCount, 24 * maxCount + partialSumBytes);
const whole = { from: 0, to: n };
const before = Array.from({ length: n }, (_, i) => 0.5 + i);

/** Limbs of a term: polynomials 0 and 1, plaintext. */
type Term = readonly [number, number, number];

const ownLimbs = (count: number): Term[] => Array.from({ length: count }, (_, k) => [3 * k, 3 * k + 1, 3 * k + 2]);

describe('multiplyAccumulate', () => {
  /** Writes the limbs and runs; compares the sums with integers. */
  function check(
    q: number,
    values: readonly (readonly number[])[],
    terms: readonly Term[],
    [target0, target1]: readonly [number, number] = [limbCount - 2, limbCount - 1],
    range = whole,
  ): void {
    limbs.setPrime(q);
    limbs.write(limbCount - 2, before);
    limbs.write(limbCount - 1, before);
    values.forEach((limb, k) => {
      limbs.write(k, limb);
    });
    const records = terms.flatMap((term) => term.map((k) => limbs.at(k)));
    limbs.addresses(limbs.at(limbCount), records);
    limbs.kernels.multiplyAccumulate(
      limbs.at(limbCount),
      terms.length,
      limbs.at(limbCount) + 24 * maxCount,
      limbs.at(target0),
      limbs.at(target1),
      limbs.prime,
      range.from,
      range.to,
    );
    const limb = (k: number): readonly number[] => values[k] ?? before;
    for (const [poly, target] of [target0, target1].entries()) {
      const sum = (i: number): bigint =>
        terms.reduce((s, term) => s + integer(limb(term[poly] ?? NaN), i) * integer(limb(term[2]), i), 0n);
      expectLimb(limbs.read(target), q, sum, range, limb(target));
    }
  }

  const drawValues = (draw: Draw, count: number): number[][] =>
    Array.from({ length: 3 * count }, (_, k) => drawLimb(draw, k, n));

  test('is exact and balanced, in its range alone', () => {
    fc.assert(
      fc.property(draws, ranges(n), fc.integer({ min: 0, max: 60 }), (draw, range, count) => {
        check(draw.q, drawValues(draw, count), ownLimbs(count), undefined, range);
      }),
    );
  });

  test.each([1, 2, 23, 24, 25, 48, 49, 63, 64, maxCount])('%i terms', (count) => {
    const draw = { q: largestPrime, seed: count };
    check(draw.q, drawValues(draw, count), ownLimbs(count));
  });

  test.each([1, 24, 25, maxCount])('%i terms of the largest residues, all of one sign', (count) => {
    for (const sign of [1, -1] as const) {
      const values = Array.from({ length: count }, () => [
        fullLimb(largestPrime, n, sign),
        fullLimb(largestPrime, n, -1),
        fullLimb(largestPrime, n, 1),
      ]).flat();
      check(largestPrime, values, ownLimbs(count));
    }
  });

  test.each([24, 25, 64, maxCount])('%i terms with the largest low parts, all of one sign', (count) => {
    const values = Array.from({ length: count }, (_, k) => {
      const { x, y } = lopsidedPairs(k, n);
      return [x, x.map((value) => -value), y];
    }).flat();
    check(largestPrime, values, ownLimbs(count));
  });

  test('limbs longer than a block', async () => {
    const [n, count] = [2 * 1024 + 6, 31];
    const long = await KernelLimbs.open(n, 3 * count + 2, 24 * count + partialSumBytes);
    const random = seededRandom(7);
    long.setPrime(largestPrime);
    const values = Array.from({ length: 3 * count }, () => [...randomLimb(random, n, largestPrime)]);
    for (const [k, limb] of values.entries()) long.write(k, limb);
    const records = long.at(3 * count + 2);
    long.addresses(
      records,
      ownLimbs(count)
        .flat()
        .map((k) => long.at(k)),
    );
    const [first, second] = [long.at(3 * count), long.at(3 * count + 1)];
    const range = { from: 2, to: n - 2 };
    const partials = records + 24 * count;
    long.kernels.multiplyAccumulate(records, count, partials, first, second, long.prime, range.from, range.to);
    for (const poly of [0, 1]) {
      const sum = (i: number): bigint =>
        ownLimbs(count).reduce(
          (s, term) => s + integer(values[term[poly] ?? NaN] ?? [], i) * integer(values[term[2]] ?? [], i),
          0n,
        );
      expectLimb(
        long.read(3 * count + poly),
        largestPrime,
        sum,
        range,
        Array.from({ length: n }, () => 0),
      );
    }
  });

  test('of no terms is zero', () => {
    check(largestPrime, [], []);
    expect(limbs.read(limbCount - 1)).toEqual(Array.from({ length: n }, () => 0));
  });

  test('terms may share limbs, and targets may be operands', () => {
    const count = 30;
    const sharing = fc.array(fc.tuple(fc.nat(5), fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: count });
    const targets = fc.tuple(fc.nat(5), fc.nat(5)).filter(([a, b]) => a !== b);
    fc.assert(
      fc.property(draws, sharing, targets, ranges(n), (draw, terms, pair, range) => {
        check(draw.q, drawValues(draw, 2), terms, pair, range);
      }),
    );
  });
});

describe('products of ciphertexts', () => {
  function run(limbs: KernelLimbs, q: number, values: readonly (readonly number[])[], range = whole): void {
    const before = Array.from({ length: limbs.n }, (_, i) => 0.5 + i);
    limbs.setPrime(q);
    values.forEach((limb, k) => {
      limbs.write(k, limb);
    });
    const [a0 = [], a1 = [], b0 = [], b1 = []] = values;
    const expectProducts = (c0: readonly number[], c1: readonly number[]): void => {
      expectLimb(limbs.read(4), q, (i) => integer(a0, i) * integer(c0, i), range, before);
      const middle = (i: number): bigint => integer(a0, i) * integer(c1, i) + integer(a1, i) * integer(c0, i);
      expectLimb(limbs.read(5), q, middle, range, before);
      expectLimb(limbs.read(6), q, (i) => integer(a1, i) * integer(c1, i), range, before);
    };
    const clear = (): void => {
      for (const k of [4, 5, 6]) limbs.write(k, before);
    };
    const at = (k: number): number => limbs.at(k);
    clear();
    limbs.kernels.tensor(at(0), at(1), at(2), at(3), at(4), at(5), at(6), limbs.prime, range.from, range.to);
    expectProducts(b0, b1);
    clear();
    limbs.kernels.square(at(0), at(1), at(4), at(5), at(6), limbs.prime, range.from, range.to);
    expectProducts(a0, a1);
    for (const [k, limb] of values.entries()) expect(limbs.read(k)).toEqual(limb);
  }

  test('tensor and square are exact and balanced, in their range alone', () => {
    fc.assert(
      fc.property(draws, ranges(n), (draw, range) => {
        run(
          limbs,
          draw.q,
          [0, 1, 2, 3].map((k) => drawLimb(draw, k, n)),
          range,
        );
      }),
    );
  });

  test('of the largest residues, for all signs', () => {
    for (let signs = 0; signs < 16; signs++) {
      const values = [0, 1, 2, 3].map((k) => fullLimb(largestPrime, n, ((signs >> k) & 1) === 0 ? 1 : -1));
      run(limbs, largestPrime, values);
    }
  });

  // Rounding a quotient goes wrong by more than a half for one product in a few hundred.
  test('of many residues modulo the largest prime', async () => {
    const n = 4096;
    const values = [0, 1, 2, 3].map((k) => drawLimb({ q: largestPrime, seed: 1 }, k, n));
    run(await KernelLimbs.open(n, 7), largestPrime, values, { from: 0, to: n });
  });
});
