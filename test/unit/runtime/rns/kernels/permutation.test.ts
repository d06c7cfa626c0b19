/** The automorphisms in the transformed domain, against a(X^g) on coefficients. */
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { seededRandom } from '../../../../../ir/random.ts';
import type { Kernels } from '../../../../../runtime/rns/kernels/kernels.ts';
import { limbStride } from '../../../../../runtime/rns/memory/layout.ts';
import { openPrimes, primesFor, randomLimb, readLimb, reverseBits, writeLimb } from '../../../../support/simd.ts';
import { ranges } from './kernel-limbs.ts';

const sizes = [16, 64, 1024, 65536];

describe.each(sizes)('n = %i', (n) => {
  const bits = Math.log2(n);
  const [q = NaN] = primesFor(n, 45, 1);
  const elements = fc.nat({ max: n - 1 }).map((k) => 2 * k + 1);
  let kernels: Kernels;
  let memory: WebAssembly.Memory;
  let prime: number;
  let limb: (k: number) => number;
  let permutation: number;

  beforeAll(async () => {
    const opened = await openPrimes(n, [q], 4 * limbStride(n));
    ({ kernels, memory } = opened);
    prime = opened.records[0] ?? NaN;
    limb = (k) => opened.heap + k * limbStride(n);
    permutation = limb(3);
  });

  const words = (): Uint32Array => new Uint32Array(memory.buffer, permutation, n / 2);
  /** The element that each one comes from, as the words say. */
  const sources = (): number[] => {
    return [...words()].flatMap((word) => {
      const pair = word >> 4;
      const swap = word & 15;
      return [2 * pair + swap, 2 * pair + 1 - swap];
    });
  };

  test('a permutation takes entry j from where ψ has the exponent g·(2·rev(j) + 1)', () => {
    fc.assert(
      fc.property(elements, (element) => {
        kernels.fillPermutation(permutation, element, n);
        const expected = Array.from({ length: n }, (_, j) => {
          const exponent = (element * (2 * reverseBits(j, bits) + 1)) % (2 * n);
          return reverseBits((exponent - 1) / 2, bits);
        });
        expect(sources()).toEqual(expected);
      }),
      { numRuns: n > 1024 ? 5 : 40 },
    );
  });

  test('permuting a transform is the automorphism of its coefficients', () => {
    fc.assert(
      fc.property(elements, fc.nat(), (element, seed) => {
        const coefficients = randomLimb(seededRandom(seed), n, q);
        const image = new Float64Array(n);
        for (const [k, x] of coefficients.entries()) {
          const exponent = (k * element) % (2 * n);
          image[exponent % n] = exponent < n ? x : -x;
        }
        writeLimb(memory, limb(0), coefficients);
        kernels.forward(limb(0), prime);
        kernels.fillPermutation(permutation, element, n);
        kernels.permute(limb(0), limb(1), permutation, 0, n);
        kernels.inverse(limb(1), prime);
        // A zero may have a sign on either side.
        expect(readLimb(memory, limb(1), n).map((x) => x + 0)).toEqual(image.map((x) => x + 0));
      }),
      { numRuns: n > 1024 ? 5 : 40 },
    );
  });

  test('permute writes its range alone', () => {
    const source = Float64Array.from({ length: n }, (_, i) => i + 1);
    fc.assert(
      fc.property(elements, ranges(n), (element, { from, to }) => {
        writeLimb(memory, limb(0), source);
        writeLimb(memory, limb(1), new Float64Array(n));
        kernels.fillPermutation(permutation, element, n);
        kernels.permute(limb(0), limb(1), permutation, from, to);
        const expected = sources().map((j, i) => (i >= from && i < to ? j + 1 : 0));
        expect([...readLimb(memory, limb(1), n)]).toEqual(expected);
      }),
      { numRuns: n > 1024 ? 5 : 40 },
    );
  });
});
