/** The inner product of a key switch and what its division ends in, against integers. */
import fc from 'fast-check';
import { describe, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import {
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
const whole = { from: 0, to: n };
const before = Array.from({ length: n }, (_, i) => 0.5 + i);

describe('inner', () => {
  const maxCount = 60;
  /** Digits of the key beyond those of the value. */
  const maxSpare = 3;
  const targets = maxCount;
  const keyBytes = 32 * (maxCount + maxSpare) * (n / 2);
  const limbs = KernelLimbs.open(n, maxCount + 3, 8 * maxCount + 4 * n + keyBytes + 32);

  interface Case {
    readonly q: number;
    readonly digits: readonly (readonly number[])[];
    /** Polynomials 0 and 1 of each digit of the key; there may be more than digits. */
    readonly key: readonly (readonly [readonly number[], readonly number[]])[];
    /** Words of a permutation. */
    readonly permutation?: readonly number[];
    /** A limb that is read through the permutation, and what it is multiplied with. */
    readonly added?: { readonly addend: readonly number[]; readonly factor: number };
    readonly range?: { readonly from: number; readonly to: number };
  }

  async function check({ q, digits, key, permutation, added, range = whole }: Case): Promise<void> {
    const table = await limbs;
    table.setPrime(q);
    const [target0, target1] = [targets, targets + 1];
    table.write(target0, before);
    table.write(target1, before);
    digits.forEach((limb, k) => {
      table.write(k, limb);
    });
    const keyAddress = table.at(maxCount + 3);
    const stride = 32 * key.length;
    const doubles = new Float64Array(table.memory.buffer, keyAddress, (stride / 8) * (n / 2));
    for (const [k, polynomials] of key.entries()) {
      for (let i = 0; i < n; i++) {
        const place = ((i >> 1) * stride) / 8 + 4 * k + (i & 1);
        doubles[place] = polynomials[0][i] ?? NaN;
        doubles[place + 2] = polynomials[1][i] ?? NaN;
      }
    }
    const digitWords = keyAddress + keyBytes;
    table.addresses(
      digitWords,
      digits.map((_, k) => table.at(k)),
    );
    const permutationWords = digitWords + 8 * maxCount;
    if (permutation !== undefined) table.words(permutationWords, permutation);
    const factor = permutationWords + 4 * n;
    if (added !== undefined) {
      table.write(maxCount + 2, added.addend);
      new Float64Array(table.memory.buffer, factor, 2).set([added.factor, added.factor / q]);
    }
    table.kernels.inner(
      digitWords,
      digits.length,
      keyAddress,
      stride,
      permutation === undefined ? 0 : permutationWords,
      added === undefined ? 0 : table.at(maxCount + 2),
      added === undefined ? 0 : factor,
      table.at(target0),
      table.at(target1),
      table.prime,
      0,
      range.from,
      range.to,
    );
    const source = (i: number): number => {
      const word = permutation?.[i >> 1];
      return word === undefined ? i : 2 * (word >> 4) + ((i & 1) ^ (word & 1));
    };
    for (const [poly, target] of [target0, target1].entries()) {
      const first = (i: number): bigint =>
        added === undefined || poly === 1 ? 0n : integer(added.addend, source(i)) * BigInt(added.factor);
      const sum = (i: number): bigint =>
        digits.reduce((s, digit, k) => s + integer(digit, source(i)) * integer(key[k]?.[poly] ?? [], i), first(i));
      expectLimb(table.read(target), q, sum, range, before);
    }
  }

  test('is exact and balanced, in its range alone, with any permutation of pairs and none', async () => {
    const sizes = fc.record({
      count: fc.integer({ min: 0, max: maxCount }),
      spare: fc.integer({ min: 0, max: maxSpare }),
      permuted: fc.boolean(),
      hasAddend: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(draws, sizes, ranges(n), async (draw, { count, spare, permuted, hasAddend }, range) => {
        const random = seededRandom(draw.seed).fork('permutation');
        const limit = (draw.q - 1) / 2;
        const permutation = [...random.permutation(n / 2)].map((pair) => 16 * pair + random.integer(0, 1));
        const limbsOf = (label: string, size: number): number[][] =>
          Array.from({ length: size }, (_, k) => drawLimb(draw, `${label} ${k}`, n));
        const k1 = limbsOf('k1', count + spare);
        await check({
          q: draw.q,
          digits: limbsOf('digit', count),
          key: limbsOf('k0', count + spare).map((k0, k) => [k0, k1[k] ?? []]),
          ...(permuted ? { permutation } : {}),
          ...(hasAddend && count > 0
            ? { added: { addend: drawLimb(draw, 'addend', n), factor: limit * random.integer(-1, 1) } }
            : {}),
          range,
        });
      }),
    );
  });

  test.each([24, 25, maxCount])('%i digits with the largest low parts, all of one sign', async (count) => {
    const pairs = Array.from({ length: count }, (_, k) => lopsidedPairs(k, n));
    const key = pairs.map(({ y }) => [y, y.map((value) => -value)] as const);
    await check({ q: largestPrime, digits: pairs.map(({ x }) => x), key });
  });

  test.each([1, 24, 25, maxCount])('%i digits of the largest residues, all of one sign', async (count) => {
    const largest = fullLimb(largestPrime, n, 1);
    const smallest = fullLimb(largestPrime, n, -1);
    const digits = Array.from({ length: count }, () => largest);
    const key = digits.map(() => [largest, smallest] as const);
    await check({ q: largestPrime, digits, key });
    await check({ q: largestPrime, digits, key, added: { addend: largest, factor: (largestPrime - 1) / 2 } });
  });
});

describe('divide', () => {
  const limbs = KernelLimbs.open(n, 4, 16);
  /** With an addend or without, into limb 3, which is no operand, or one that is. */
  const divisions = [
    [false, 3],
    [true, 3],
    [true, 0],
    [true, 1],
    [true, 2],
  ] as const;

  async function check(
    q: number,
    [x, y, addend]: readonly (readonly number[])[],
    factor: number,
    { from, to } = whole,
  ): Promise<void> {
    const table = await limbs;
    table.setPrime(q);
    const factorAddress = table.at(4);
    new Float64Array(table.memory.buffer, factorAddress, 2).set([factor, factor / q]);
    const quotient = (i: number): bigint => (integer(x ?? [], i) - integer(y ?? [], i)) * BigInt(factor);
    const sum = (i: number): bigint => quotient(i) + integer(addend ?? [], i);
    for (const [added, target] of divisions) {
      const operands = [x ?? [], y ?? [], addend ?? [], before];
      operands.forEach((limb, k) => {
        table.write(k, limb);
      });
      const addendAddress = added ? table.at(2) : 0;
      table.kernels.divide(
        table.at(0),
        table.at(1),
        factorAddress,
        addendAddress,
        0,
        table.at(target),
        table.prime,
        from,
        to,
      );
      expectLimb(table.read(target), q, added ? sum : quotient, { from, to }, operands[target] ?? []);
    }
  }

  test('is exact and balanced, in its range alone, whether the target is an operand or not', async () => {
    await fc.assert(
      fc.asyncProperty(draws, ranges(n), async (draw, range) => {
        const [factor = NaN] = drawLimb(draw, 'factor', 1);
        const limit = (draw.q - 1) / 2;
        const values = ['x', 'y', 'addend'].map((label) => drawLimb(draw, label, n));
        await check(draw.q, values, Math.max(-limit, Math.min(limit, factor)), range);
      }),
    );
  });

  test('of the largest residues, for all signs', async () => {
    for (let signs = 0; signs < 16; signs++) {
      const sign = (k: number): 1 | -1 => (((signs >> k) & 1) === 0 ? 1 : -1);
      const values = [0, 1, 2].map((k) => fullLimb(largestPrime, n, sign(k)));
      await check(largestPrime, values, (sign(3) * (largestPrime - 1)) / 2);
    }
  });
});

describe('addPermuted', () => {
  const limbs = KernelLimbs.open(n, 2, 16 + 2 * n);

  test('adds a multiple of what a permutation reads, in its range alone', async () => {
    const table = await limbs;
    fc.assert(
      fc.property(draws, ranges(n), fc.nat(), (draw, range, seed) => {
        const random = seededRandom(seed);
        table.setPrime(draw.q);
        const [x, sum] = ['x', 'sum'].map((label) => drawLimb(draw, label, n)) as [number[], number[]];
        const [drawn = NaN] = drawLimb(draw, 'factor', 1);
        const limit = (draw.q - 1) / 2;
        const factor = Math.max(-limit, Math.min(limit, drawn));
        table.write(0, x);
        table.write(1, sum);
        new Float64Array(table.memory.buffer, table.at(2), 2).set([factor, factor / draw.q]);
        const words = [...random.permutation(n / 2)].map((pair) => 16 * pair + random.integer(0, 1));
        const permutation = table.at(2) + 16;
        table.words(permutation, words);
        const source = (i: number): number => 2 * ((words[i >> 1] ?? 0) >> 4) + ((i & 1) ^ ((words[i >> 1] ?? 0) & 1));
        const { from, to } = range;
        table.kernels.addPermuted(table.at(0), permutation, table.at(2), table.at(1), table.prime, from, to);
        const expected = (i: number): bigint => integer(sum, i) + BigInt(factor) * integer(x, source(i));
        expectLimb(table.read(1), draw.q, expected, range, sum);
      }),
    );
  });
});
