/** Keys of several special primes: what stands in them, by the kernels that read them, and the secret key. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Parameters, productOf } from '../../../../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../../../../ir/ckks/switching-keys.ts';
import type { MadeKeys } from '../../../../runtime/base/cryptography.ts';
import { KernelCryptography } from '../../../../runtime/cipher/kernel-cryptography.ts';
import {
  inspectSwitchingKeys,
  type KeySection,
  keySections,
  type PlacedKey,
  streamSeedBytes,
  writeStreamSeed,
} from '../../../../runtime/cipher/key-format.ts';
import { inspectSecretKey } from '../../../../runtime/cipher/secret-key.ts';
import { inspectPublicKey } from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import { limbStride } from '../../../../runtime/rns/memory/layout.ts';
import { balanced, limbView, openSimd, primesFor } from '../../../support/simd.ts';

const n = 4096;
const [p1 = 0, p2 = 0, ...large] = primesFor(n, 48, 4);
const parameters: Parameters = {
  polyModulusDegree: n,
  primes: [...large, ...primesFor(n, 31, 3)],
  specialPrimes: [p1, p2],
};
const needs: EvaluationKeyNeeds = {
  parameters,
  rotationSteps: [0, 3],
  needsRelinKeys: true,
  keyLevels: { rotations: [4, 1], relinearization: 3 },
};
const sections = keySections(needs);
const workBytes = 8192;

let ours: KernelCryptography;
let made: MadeKeys;

beforeAll(async () => {
  ours = await KernelCryptography.open(parameters);
  made = finished(ours.generateKeys(needs));
});
afterAll(() => {
  ours.close();
});

function finished<T>(generator: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = generator.next();
    if (done === true) return value;
  }
}

/** The coefficients of the secret, from its file. */
function secretOf(secretKey: Uint8Array): number[] {
  const ternary = [0, 1, NaN, -1];
  return Array.from({ length: n }, (_, i) => ternary[((secretKey[16 + (i >> 2)] ?? 0) >> (2 * (i & 3))) & 3] ?? NaN);
}

/** s(X^element), or s² where that is 0, as integers. */
function switchedOf(secret: readonly number[], element: number): number[] {
  const result = Array<number>(n).fill(0);
  const add = (power: number, value: number): void => {
    const sign = Math.floor(power / n) % 2 === 0 ? 1 : -1;
    result[power % n] = (result[power % n] ?? 0) + sign * value;
  };
  if (element !== 0) {
    secret.forEach((x, i) => {
      add(i * element, x);
    });
    return result;
  }
  const ones = [...secret.entries()].filter(([, x]) => x !== 0);
  for (const [i, x] of ones) for (const [j, y] of ones) add(i + j, x * y);
  return result;
}

test('a key is an encryption of P·g·s’: what is left of it are errors, the same modulo every prime', async () => {
  const { context, kernels, memory, heap } = await openSimd(
    parameters,
    streamSeedBytes + workBytes + 4 * limbStride(n),
  );
  const bytes = new Uint8Array(memory.buffer);
  const [seed, work] = [heap, heap + streamSeedBytes];
  const limbs = [0, 1, 2, 3].map((k) => work + workBytes + k * limbStride(n));
  const [b = 0, a = 0, s = 0, packed = 0] = limbs;
  const all = [...parameters.primes, ...parameters.specialPrimes];
  const special = productOf(parameters.specialPrimes);
  const secret = secretOf(made.secretKey);
  const put = (limb: number, values: ArrayLike<number>, prime: number): void => {
    limbView(memory, limb, n).set(values);
    kernels.forward(limb, prime);
  };
  let digits = 0;
  const check = (section: Uint8Array, key: PlacedKey): void => {
    const switched = switchedOf(secret, key.element);
    for (const [d, { from, to }] of key.digits.entries()) {
      const errors = key.primes.map((k, j) => {
        const prime = context.primes[k] ?? 0;
        const q = all[k] ?? NaN;
        const offset = key.residuesOffset(d, j);
        bytes.set(section.subarray(offset, offset + key.limbBytes), packed);
        expect(kernels.unpackResidues(packed, b, 16, prime)).toBe(-1);
        writeStreamSeed(bytes.subarray(seed), section, key, d, j);
        kernels.expandUniform(seed, a, 16, prime, work);
        put(s, secret, prime);
        kernels.addProduct(b, a, s, prime);
        if (k >= from && k < to) {
          put(s, switched, prime);
          kernels.addMultiple(b, s, balanced(-special, q), prime);
        }
        kernels.inverse(b, prime);
        return [...limbView(memory, b, n)];
      });
      const [first = []] = errors;
      for (const other of errors) expect(other).toEqual(first);
      expect(Math.max(...first.map((x) => Math.abs(x)))).toBeLessThanOrEqual(21);
      const variance = first.reduce((sum, x) => sum + x * x, 0) / n;
      expect(Math.abs(variance / 10.5 - 1)).toBeLessThan(0.15);
      digits++;
    }
  };
  const written: readonly (KeySection | undefined)[] = [sections.relinearization, sections.rotations];
  for (const [i, section] of written.entries())
    for (const key of section?.keys ?? []) check(made.evaluation[i] ?? new Uint8Array(), key);
  // Of levels 3, 4 and 1: two large primes are a digit, three small ones another.
  expect(digits).toBe(2 + 2 + 1);
});

test('what is made is accepted, and no two keys share anything', () => {
  expect(inspectSecretKey(made.secretKey, parameters)).toEqual([]);
  expect(inspectPublicKey(made.publicKey, parameters)).toEqual([]);
  const [relinKeys = new Uint8Array(), galoisKeys = new Uint8Array()] = made.evaluation;
  const { relinearization, rotations } = sections;
  if (relinearization === undefined || rotations === undefined) throw new Error('no sections');
  const both = [
    { bytes: relinKeys, expected: relinearization, what: 'the relinearisation key' },
    { bytes: galoisKeys, expected: rotations, what: 'the Galois keys' },
  ];
  expect(inspectSwitchingKeys(both)).toEqual([]);
});

describe('the secret key', () => {
  test.each<{ name: string; change: (bytes: Uint8Array) => Uint8Array | undefined }>([
    { name: 'truncated', change: (bytes) => bytes.subarray(1) },
    { name: 'extended', change: (bytes) => new Uint8Array([...bytes, 0]) },
    { name: 'of another magic', change: (bytes) => void bytes.fill(1, 0, 1) },
    { name: 'of another version', change: (bytes) => void bytes.fill(9, 4, 5) },
    { name: 'of another ring', change: (bytes) => void bytes.fill(0x20, 9, 10) },
    { name: 'with a coefficient of −2', change: (bytes) => void bytes.fill(0b1000, 700, 701) },
  ])('$name is refused', ({ change }) => {
    const bytes = made.secretKey.slice();
    const changed = change(bytes) ?? bytes;
    expect(inspectSecretKey(changed, parameters).map(({ code }) => code)).toEqual(['H655']);
  });

  test('decrypts what is encrypted under its public key', () => {
    const scale = 2 ** 30;
    const cipher = ours.openSecret(made.secretKey);
    const publicCipher = ours.openPublic(made.publicKey);
    const slots = Float64Array.from({ length: n / 2 }, (_, s) => Math.sin(s));
    for (const level of parameters.primes.keys()) {
      const decrypted = cipher.decrypt(publicCipher.encrypt(slots, level, scale), 'it');
      const worst = decrypted.reduce((most, x, s) => Math.max(most, Math.abs(x - (slots[s] ?? NaN))), 0);
      expect(worst).toBeLessThan(2 ** -12);
    }
    cipher.close();
    publicCipher.close();
  });
});
