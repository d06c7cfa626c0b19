/** Conversions from a few primes to another, against integers; and inverse transforms times a constant. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { modularPower } from '../../../../../ir/maths/modular.ts';
import { productOf } from '../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import { balanced, openPrimes, primesFor, randomLimb, readLimb, writeLimb } from '../../../../support/simd.ts';
import { expectLimb, KernelLimbs, ranges } from './kernel-limbs.ts';

const n = 20;
const most = 8;
const before = Array.from({ length: n }, (_, i) => 0.5 + i);
/** Of any n that divides 2^12: enough of each size for all sources and the target. */
const candidates = [25, 36, 47, 48].flatMap((bits) => primesFor(2048, bits, 3));
const limbs = KernelLimbs.open(n, most + 1, 16 * (most + 1));

const draws = fc.record({
  primes: fc.shuffledSubarray(candidates, { minLength: 3, maxLength: most + 1 }),
  seed: fc.nat(),
  range: ranges(n),
});

test('are residues of the integer with these residues that is closest to zero', async () => {
  const table = await limbs;
  fc.assert(
    fc.property(draws, ({ primes, seed, range }) => {
      const [target = 0, ...sources] = primes;
      const product = productOf(sources);
      const random = seededRandom(seed);
      // Close to the ends of the range as often as not, where the quotient is almost a half.
      const whole = Array.from({ length: n }, () => {
        const any = sources.reduce((x, q) => x * BigInt(q) + BigInt(random.integer(0, q - 1)), 0n) % product;
        const near = BigInt(random.integer(0, 3)) - 2n + (random.integer(0, 1) === 0 ? product / 2n : -product / 2n);
        return random.integer(0, 1) === 0 ? any - product / 2n : near;
      });
      for (const [i, q] of sources.entries()) {
        const modulus = BigInt(q);
        const others = product / modulus;
        const inverse = modularPower(others % modulus, modulus - 2n, modulus);
        table.write(
          i,
          whole.map((x) => balanced(x * inverse, q)),
        );
      }
      table.setPrime(target);
      table.write(most, before);
      const constants = table.at(most + 1);
      const doubles = new Float64Array(table.memory.buffer, constants, 2 * most + 2);
      for (const [i, q] of sources.entries()) {
        doubles[2 * i] = balanced(product / BigInt(q), target);
        doubles[2 * i + 1] = 1 / q;
      }
      doubles[2 * sources.length] = balanced(-product, target);
      const stride = table.at(1) - table.at(0);
      const { from, to } = range;
      table.kernels.convert(table.at(0), stride, sources.length, constants, table.at(most), table.prime, from, to);
      // Within some units of the last place of D of its half, either neighbour will do.
      const doubtful = product >> 48n;
      const actual = table.read(most);
      const expected = (i: number): bigint => {
        const x = whole[i] ?? 0n;
        const isDoubtful = product - 2n * (x < 0n ? -x : x) <= doubtful;
        const other = x < 0n ? x + product : x - product;
        return isDoubtful && balanced(BigInt(actual[i] ?? 0), target) === balanced(other, target) ? other : x;
      };
      expectLimb(actual, target, expected, range, before);
    }),
    { numRuns: 300 },
  );
});

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
