/** Conversions from a few primes to another, against integers; and inverse transforms times a constant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { modularPower } from '../../../../../ir/maths/modular.ts';
import { productOf } from '../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import { balanced, openPrimes, primesFor, randomLimb, readLimb, writeLimb } from '../../../../support/simd.ts';

const n = 32;
const most = 9;
/** Enough of each size for all sources and the target. */
const candidates = [25, 36, 47, 48].flatMap((bits) => primesFor(n, bits, 3));

const draws = fc.record({
  primes: fc.shuffledSubarray(candidates, { minLength: 2, maxLength: most + 1 }),
  seed: fc.nat(),
});

test('are residues of the integer with these residues that is closest to zero', async () => {
  await fc.assert(
    fc.asyncProperty(draws, async ({ primes, seed }) => {
      const [target = 0, ...sources] = primes;
      const product = productOf(sources);
      const random = seededRandom(seed);
      // Close to the ends of the range as often as not, where the quotient is almost a half.
      const whole = Array.from({ length: n }, () => {
        const any = sources.reduce((x, q) => x * BigInt(q) + BigInt(random.integer(0, q - 1)), 0n) % product;
        const near = BigInt(random.integer(0, 3)) - 2n + (random.integer(0, 1) === 0 ? product / 2n : -product / 2n);
        return random.integer(0, 1) === 0 ? any - product / 2n : near;
      });
      const stride = limbStride(n);
      const constants = (sources.length + 1) * stride;
      const opened = await openPrimes(n, [target], constants + 16 * (sources.length + 1));
      const { kernels, memory, heap, records } = opened;
      const terms = sources.flatMap((q, i) => {
        const others = product / BigInt(q);
        const inverse = modularPower(others % BigInt(q), BigInt(q) - 2n, BigInt(q));
        const residues = whole.map((x) => balanced(x * inverse, q));
        writeLimb(memory, heap + i * stride, residues);
        return [balanced(others, target), 1 / q];
      });
      writeLimb(memory, heap + constants, [...terms, balanced(-product, target)]);
      const result = heap + sources.length * stride;
      const [record = 0] = records;
      kernels.forwardConverted(heap, stride, sources.length, heap + constants, result, record);
      kernels.inverse(result, record);
      // Within some units of the last place of D of its half, either neighbour will do.
      const doubtful = (product >> 48n) + 1n;
      for (const [i, actual] of readLimb(memory, result, n).entries()) {
        const x = whole[i] ?? 0n;
        const isDoubtful = product - 2n * (x < 0n ? -x : x) <= doubtful;
        const other = x < 0n ? x + product : x - product;
        const allowed = (isDoubtful ? [x, other] : [x]).map((value) => balanced(value, target));
        expect(allowed).toContain(actual);
      }
    }),
    { numRuns: 200 },
  );
});

test.each([2, 3, 4])(
  'of the largest residues modulo %i primes, through all stages of the largest transform',
  async (count) => {
    const size = 2 ** 16;
    const [target = 0, ...sources] = primesFor(size, 48, count + 1);
    const product = productOf(sources);
    const stride = limbStride(size);
    const constants = (count + 1) * stride;
    const { kernels, memory, heap, records } = await openPrimes(size, [target], constants + 16 * (count + 1));
    // Long runs of one sign, which add up in the first stages, and then others.
    const signOf = (i: number, k: number): number => ((((i >> (3 * k)) ^ (i >> 13)) & 1) === 1 ? -1 : 1);
    const terms = sources.flatMap((q, k) => {
      writeLimb(
        memory,
        heap + k * stride,
        Array.from({ length: size }, (_, i) => (signOf(i, k) * (q - 1)) / 2),
      );
      return [balanced(product / BigInt(q), target), 1 / q];
    });
    writeLimb(memory, heap + constants, [...terms, balanced(-product, target)]);
    const result = heap + count * stride;
    const [record = 0] = records;
    kernels.forwardConverted(heap, stride, count, heap + constants, result, record);
    kernels.inverse(result, record);
    const valueOf = (i: number): number => {
      const signs = sources.map((_, k) => signOf(i, k));
      const quotient = Math.round(sources.reduce((sum, q, k) => sum + ((signs[k] ?? 0) * (q - 1)) / 2 / q, 0));
      const sum = sources.reduce((s, q, k) => s + BigInt(((signs[k] ?? 0) * (q - 1)) / 2) * (product / BigInt(q)), 0n);
      return balanced(sum - BigInt(quotient) * product, target);
    };
    const known = new Map<string, number>();
    for (const [i, actual] of readLimb(memory, result, size).entries()) {
      const signs = sources.map((_, k) => signOf(i, k)).join();
      const expected = known.get(signs) ?? valueOf(i);
      known.set(signs, expected);
      if (actual !== expected) expect({ i, actual }).toEqual({ i, actual: expected });
    }
    expect(known.size).toBe(2 ** count);
  },
);

test('the inverse transform times a constant is the inverse transform, and then the product', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 4, max: 12 }),
      fc.constantFrom(20, 30, 47, 48),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      async (logN, bits, drawn) => {
        const size = 2 ** logN;
        const [q = 0] = primesFor(size, bits, 1);
        const { kernels, memory, heap, records } = await openPrimes(size, [q], 3 * limbStride(size) + 16);
        const [source, plain, scaled] = [0, 1, 2].map((k) => heap + k * limbStride(size)) as [number, number, number];
        const constant = BigInt(Math.floor(drawn * q));
        writeLimb(memory, source, randomLimb(seededRandom(logN), size, q));
        const factor = balanced(constant * modularPower(BigInt(size), BigInt(q) - 2n, BigInt(q)), q);
        writeLimb(memory, heap + 3 * limbStride(size), [factor, factor / q]);
        kernels.inverseFrom(source, plain, records[0] ?? 0);
        kernels.inverseTimes(source, scaled, heap + 3 * limbStride(size), records[0] ?? 0);
        const expected = readLimb(memory, plain, size).map((x) => balanced(BigInt(x) * constant, q));
        expect(readLimb(memory, scaled, size)).toEqual(expected);
      },
    ),
    { numRuns: 40 },
  );
});
