/** ChaCha20 by RFC 8439, and what is drawn from it: fixed seeds, so that statistics are the same in every run. */
import { createCipheriv } from 'node:crypto';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { isPrime } from '../../../../../ir/maths/modular.ts';
import { KernelLimbs, draws } from './kernel-limbs.ts';
import { balanced } from '../../../../support/simd.ts';

const n = 4096;
const seedBytes = 48;
const workBytes = 8192;
let limbs: KernelLimbs;
let bytes: Uint8Array;
let seed: number;
let work: number;
let target: number;

beforeAll(async () => {
  limbs = await KernelLimbs.open(n, 4, seedBytes + workBytes);
  bytes = new Uint8Array(limbs.memory.buffer);
  seed = limbs.at(4);
  work = seed + seedBytes;
  target = limbs.at(0);
});

function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
}

function setSeed(key: Uint8Array, nonce: Uint8Array): void {
  bytes.set(key, seed);
  bytes.set(nonce, seed + 32);
}

/** Key and nonce number `k`. */
function numbered(k: number): { key: Uint8Array; nonce: Uint8Array } {
  const key = Uint8Array.from({ length: 32 }, (_, i) => (i * 37 + k * 101) % 256);
  return { key, nonce: Uint8Array.from({ length: 12 }, (_, i) => (i === 0 ? k % 256 : 0)) };
}

/** The stream by another implementation. */
function stream({ key, nonce }: { key: Uint8Array; nonce: Uint8Array }, counter: number, length: number): Uint8Array {
  const iv = new Uint8Array(16);
  new DataView(iv.buffer).setUint32(0, counter, true);
  iv.set(nonce, 4);
  return createCipheriv('chacha20', key, iv).update(new Uint8Array(length));
}

describe('ChaCha20', () => {
  const rfcKey = Uint8Array.from({ length: 32 }, (_, i) => i);

  test('the block of RFC 8439, section 2.3.2', () => {
    setSeed(rfcKey, hex('000000090000004a00000000'));
    limbs.kernels.chacha20(seed, 1, target, 1);
    expect(Buffer.from(bytes.subarray(target, target + 64)).toString('hex')).toBe(
      '10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e' +
        'd2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e',
    );
  });

  test('two blocks of RFC 8439, appendix A.1, vectors 1 and 2', () => {
    setSeed(new Uint8Array(32), new Uint8Array(12));
    limbs.kernels.chacha20(seed, 0, target, 1);
    expect(Buffer.from(bytes.subarray(target, target + 128)).toString('hex')).toBe(
      '76b8e0ada0f13d90405d6ae55386bd28bdd219b8a08ded1aa836efcc8b770dc7' +
        'da41597c5157488d7724e03fb8d84a376a43b8f41518a11cc387b669b2ee6586' +
        '9f07e7be5551387a98ba977c732d080dcb0f29a048e3656912c6533e32ee7aed' +
        '29b721769ce64e43d57133b074d839d531ed1f28510afb45ace10a1f4b794d6f',
    );
  });

  test('any key, nonce and counter, as OpenSSL has it', () => {
    const of = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
    fc.assert(
      fc.property(of(32), of(12), fc.nat(2 ** 31), fc.integer({ min: 1, max: 9 }), (key, nonce, counter, groups) => {
        setSeed(key, nonce);
        limbs.kernels.chacha20(seed, counter, target, groups);
        const expected = stream({ key, nonce }, counter, 256 * groups);
        expect(Buffer.compare(bytes.subarray(target, target + 256 * groups), expected)).toBe(0);
      }),
    );
  });
});

describe('uniform limbs', () => {
  /** By the definition: words of the stream, and from word n on those that take the place of rejected ones. */
  function expected(stream64: BigUint64Array, q: number): { values: number[]; rejected: number } {
    const modulus = BigInt(q);
    const bound = 2n ** 64n - (2n ** 64n % modulus);
    let next = n;
    const values = Array.from(stream64.subarray(0, n), (word) => {
      let accepted = word;
      while (accepted >= bound) accepted = stream64[next++] ?? 0n;
      return balanced(accepted, q);
    });
    return { values, rejected: next - n };
  }

  function words(k: number): BigUint64Array {
    return new BigUint64Array(stream(numbered(k), 0, 8 * n + 4096).slice().buffer);
  }

  function expand(k: number, stride: number): number[] {
    const { key, nonce } = numbered(k);
    setSeed(key, nonce);
    limbs.kernels.expandUniform(seed, target, stride, limbs.prime, work);
    const doubles = new Float64Array(limbs.memory.buffer, target, (n / 2) * (stride / 8));
    return Array.from({ length: n }, (_, i) => doubles[(i >> 1) * (stride / 8) + (i & 1)] ?? NaN);
  }

  test('the words of the stream modulo any prime', () => {
    fc.assert(
      fc.property(draws, fc.constantFrom(16, 32, 64), ({ q, seed: k }, stride) => {
        limbs.setPrime(q);
        expect(expand(k, stride)).toEqual(expected(words(k), q).values);
      }),
      { numRuns: 40 },
    );
  });

  test('words that are rejected are replaced', () => {
    // Almost 2^48 − 2^32: what is left over of 2^64 is nearly a prime.
    let q = 2 ** 48 - 2 ** 32 + 2 ** 17 + 1;
    while (!isPrime(BigInt(q))) q += 2;
    limbs.setPrime(q);
    let rejected = 0;
    for (let k = 0; k < 60; k++) {
      const wanted = expected(words(k), q);
      rejected += wanted.rejected;
      expect(expand(k, 16)).toEqual(wanted.values);
    }
    // 60·4096 words with a chance of 2^−16 each.
    expect(rejected).toBeGreaterThan(0);
  });
});

describe('secrets and errors', () => {
  const draws64 = 64;

  /** Numbers of occurrences of each value from −most to most in `draws64` limbs. */
  function histogram(sample: 'sampleTernary' | 'sampleError', most: number): { counts: number[]; all: Float64Array[] } {
    const counts = Array<number>(2 * most + 1).fill(0);
    const all = Array.from({ length: draws64 }, (_, k) => {
      const { key, nonce } = numbered(k);
      setSeed(key, nonce);
      limbs.kernels[sample](seed, target, n, work);
      const values = Float64Array.from(limbs.read(0));
      for (const x of values) counts[x + most] = (counts[x + most] ?? 0) + 1;
      return values;
    });
    expect(counts).toHaveLength(2 * most + 1);
    return { counts, all };
  }

  /** Σ (count − expected)² / expected over values that are expected at least ten times. */
  function chiSquare(counts: readonly number[], chances: readonly number[]): { value: number; classes: number } {
    const total = draws64 * n;
    let value = 0;
    let classes = 0;
    counts.forEach((count, i) => {
      const wanted = total * (chances[i] ?? 0);
      if (wanted < 10) return;
      value += (count - wanted) ** 2 / wanted;
      classes++;
    });
    return { value, classes };
  }

  /** The correlation of elements `lag` apart, in units of its standard deviation. */
  function correlation(all: readonly Float64Array[], lag: number): number {
    let [sum, squares, terms] = [0, 0, 0];
    for (const values of all)
      for (let i = 0; i + lag < n; i++) {
        sum += (values[i] ?? NaN) * (values[i + lag] ?? NaN);
        squares += (values[i] ?? NaN) ** 2;
        terms++;
      }
    return sum / (squares / terms) / Math.sqrt(terms);
  }

  const third = 1 / 3;
  const binomial = Array.from({ length: 43 }, (_, i) => choose(42, i) / 2 ** 42);

  test.each([
    { sample: 'sampleTernary', most: 1, chances: [third, third, third], variance: 2 / 3 },
    { sample: 'sampleError', most: 21, chances: binomial, variance: 10.5 },
  ] as const)(
    '$sample: mean, variance, chances, and no element knows of another',
    ({ sample, most, chances, variance }) => {
      const { counts, all } = histogram(sample, most);
      const total = draws64 * n;
      const moment = (power: number): number =>
        counts.reduce((sum, count, i) => sum + count * (i - most) ** power, 0) / total;
      // Five standard deviations: chance one in a million, and the seeds are fixed.
      expect(Math.abs(moment(1))).toBeLessThan(5 * Math.sqrt(variance / total));
      const fourth = chances.reduce((sum, chance, i) => sum + chance * (i - most) ** 4, 0);
      expect(Math.abs(moment(2) - variance)).toBeLessThan(5 * Math.sqrt((fourth - variance ** 2) / total));
      const { value, classes } = chiSquare(counts, chances);
      expect(value).toBeLessThan(classes - 1 + 5 * Math.sqrt(2 * (classes - 1)));
      // Lanes of a vector, blocks of a group, groups.
      for (const lag of [1, 2, 3, 4, 8, 16, 24, 32, 64]) expect(Math.abs(correlation(all, lag))).toBeLessThan(5);
    },
  );

  test('by the definition, word by word', () => {
    const { key, nonce } = numbered(7);
    setSeed(key, nonce);
    const raw = new BigUint64Array(stream({ key, nonce }, 0, 8 * n).slice().buffer);
    limbs.kernels.sampleTernary(seed, target, n, work);
    expect(limbs.read(0)).toEqual(Array.from(raw, (word) => Number((3n * word) >> 64n) - 1));
    limbs.kernels.sampleError(seed, target, n, work);
    const ones = (x: bigint): number => (x & 0x1fffffn).toString(2).replaceAll('0', '').length;
    expect(limbs.read(0)).toEqual(Array.from(raw, (word) => ones(word) - ones(word >> 32n)));
  });

  function choose(all: number, k: number): number {
    let value = 1;
    for (let i = 1; i <= k; i++) value = (value * (all - k + i)) / i;
    return value;
  }
});

describe('residues of 48 bits', () => {
  test('packed and unpacked, at any prime', () => {
    fc.assert(
      fc.property(draws, fc.constantFrom(16, 32, 96), ({ q, seed: k }, stride) => {
        limbs.setPrime(q);
        const { key, nonce } = numbered(k);
        setSeed(key, nonce);
        limbs.kernels.expandUniform(seed, target, 16, limbs.prime, work);
        const values = limbs.read(0);
        const packed = limbs.at(1);
        limbs.kernels.packResidues(target, packed, limbs.prime);
        const view = new DataView(limbs.memory.buffer, packed);
        for (const i of [0, 1, 2, n - 1]) {
          const word = view.getUint32(6 * i, true) + 2 ** 32 * view.getUint16(6 * i + 4, true);
          expect(balanced(BigInt(word), q)).toBe(values[i]);
        }
        const spread = (n / 2) * stride > 8 * n * 2 ? 16 : stride;
        expect(limbs.kernels.unpackResidues(packed, limbs.at(2), spread, limbs.prime)).toBe(-1);
        const doubles = new Float64Array(limbs.memory.buffer, limbs.at(2), (n / 2) * (spread / 8));
        expect(Array.from({ length: n }, (_, i) => doubles[(i >> 1) * (spread / 8) + (i & 1)])).toEqual(values);
      }),
      { numRuns: 40 },
    );
  });

  test('the first that is not below its prime is found', () => {
    fc.assert(
      fc.property(
        draws,
        fc.uniqueArray(fc.nat(n - 1), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        ({ q }, places, by) => {
          limbs.setPrime(q);
          const packed = limbs.at(1);
          bytes.fill(0, packed, packed + 6 * n);
          const view = new DataView(limbs.memory.buffer, packed);
          const put = (i: number, word: number): void => {
            view.setUint32(6 * i, word % 2 ** 32, true);
            view.setUint16(6 * i + 4, Math.floor(word / 2 ** 32), true);
          };
          const unpack = (): number => limbs.kernels.unpackResidues(packed, limbs.at(2), 16, limbs.prime);
          for (const i of places) put(i, q - 1);
          expect(unpack()).toBe(-1);
          for (const i of places) put(i, Math.min(2 ** 48 - 1, q + (by % (2 ** 48 - q))));
          expect(unpack()).toBe(Math.min(...places));
        },
      ),
    );
  });
});
