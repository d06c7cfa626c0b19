/** Our cryptography and SEAL's on each other's bytes: keys, encryption and decryption, on every ring and several chains. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HepcError, InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { seededRandom } from '../../../../ir/random.ts';
import type { MadeKeys, PublicCipher, SecretCipher } from '../../../../runtime/base/cryptography.ts';
import { KernelCryptography } from '../../../../runtime/cipher/kernel-cryptography.ts';
import { inspectSecretKey } from '../../../../runtime/cipher/secret-key.ts';
import {
  inspectCiphertext,
  inspectGaloisKeys,
  inspectPublicKey,
  inspectRelinKeys,
} from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import { ciphertextFields } from '../../../../runtime/seal/bytes/saved-format.ts';
import { liveHandles } from '../../../../runtime/seal/library/handles.ts';
import { instantiateSeal, type Seal } from '../../../../runtime/seal/library/module.ts';
import { SealCryptography } from '../../../../runtime/seal/seal-cryptography.ts';
import { isNightly } from '../../../support/setup/suite.ts';
import { nttPrimes } from '../../../../compiler/parameters/primes.ts';
import type { PolyModulusDegree } from '../../../../ir/parameters.ts';
import { SealOperations } from './seal-operations.ts';

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});
afterAll(() => {
  expect(liveHandles()).toBe(0);
});

function chain(n: PolyModulusDegree, specialBits: number, ...bits: readonly number[]): Parameters {
  const [specialPrime = 0, ...primes] = nttPrimes([specialBits, ...bits], n) ?? [];
  return { polyModulusDegree: n, primes, specialPrimes: [specialPrime] };
}

/** σ² = 10.5 for each of n coefficients, of which a slot sees half: six deviations, and the rounding of encoding. */
function freshBound(n: number, scale: number): number {
  return (6 * Math.sqrt((n / 2) * (10.5 + 1 / 6))) / scale;
}

/** Encryption under the public key ends in a division: (1 + |s|²)/12 for each coefficient, s of 2n/3 ones. */
function publicBound(n: number, scale: number): number {
  return (6 * Math.sqrt((n / 2) * ((1 + (2 * n) / 3) / 12 + 1 / 6)) * 3) / scale;
}

function slotsOf(n: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
}

function largestDifference(x: Float64Array, y: Float64Array): number {
  return x.reduce((most, value, s) => Math.max(most, Math.abs(value - (y[s] ?? NaN))), 0);
}

function finished<T>(generator: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = generator.next();
    if (done === true) return value;
  }
}

const steps = [0, 1, 7];
const chains = [
  chain(4096, 37, 36),
  chain(4096, 36, 36, 30),
  chain(8192, 48, 48, 30, 44, 30),
  chain(16384, 48, 44),
  chain(32768, 48, 48),
  ...(isNightly
    ? [
        chain(16384, 48, 48, 44, 44),
        chain(16384, 36, 36, 25, 31, 31, 31, 31, 31, 31, 31),
        chain(32768, 48, ...Array<number>(14).fill(44)),
      ]
    : []),
];

describe.each(chains)('$polyModulusDegree slots, $primes.length primes', (parameters) => {
  const { polyModulusDegree: n, primes } = parameters;
  const top = primes.length - 1;
  const levels = top > 3 ? [0, 3, top] : [...primes.keys()];
  const scale = 2 ** 24;
  const needs = { parameters, rotationSteps: steps, needsRelinKeys: true };
  let ours: KernelCryptography;
  let theirs: SealCryptography;
  let operations: SealOperations;
  let made: { readonly ours: MadeKeys; readonly seals: MadeKeys };
  const sealCiphers = new Map<string, SecretCipher>();

  beforeAll(async () => {
    ours = await KernelCryptography.open(parameters);
    theirs = new SealCryptography(seal, parameters);
    operations = new SealOperations(seal, parameters);
    made = { ours: finished(ours.generateKeys(needs)), seals: finished(theirs.generateKeys(needs)) };
  }, 120_000);
  afterAll(() => {
    ours.close();
    for (const cipher of sealCiphers.values()) cipher.close();
    operations.close();
  });

  /** Both ciphers under one set of keys. SEAL's is kept, for it takes a second to build. */
  function withCiphers(whose: 'ours' | 'seals', use: (us: SecretCipher, seals: SecretCipher) => void): void {
    const us = ours.openSecret(made[whose].secretKey);
    const seals = sealCiphers.get(whose) ?? theirs.openSecret(made[whose].secretKey);
    sealCiphers.set(whose, seals);
    try {
      use(us, seals);
    } finally {
      us.close();
    }
  }

  test('keys are such as SEAL makes', () => {
    const { secretKey, publicKey, evaluation } = made.ours;
    const [relinKeys = new Uint8Array(), galoisKeys = new Uint8Array()] = evaluation;
    expect(inspectSecretKey(secretKey, parameters)).toEqual([]);
    expect(inspectPublicKey(publicKey, parameters)).toEqual([]);
    expect(inspectRelinKeys(relinKeys, parameters)).toEqual([]);
    expect(inspectGaloisKeys(galoisKeys, parameters, steps)).toEqual([]);
  });

  test.each(['ours', 'seals'] as const)('each decrypts what the other encrypts, under keys of %s', (whose) => {
    withCiphers(whose, (us, seals) => {
      for (const level of levels) {
        const slots = slotsOf(n, level);
        const byUs = us.encrypt(slots, level, scale);
        const bySeal = seals.encrypt(slots, level, scale);
        expect(inspectCiphertext(byUs, parameters, { level, scale, seeded: true }, 'it')).toEqual([]);
        expect(largestDifference(seals.decrypt(byUs, 'it'), slots)).toBeLessThan(freshBound(n, scale));
        for (const saved of [byUs, bySeal].map((each) => operations.expand(each))) {
          const decrypted = us.decrypt(saved, 'it');
          expect(largestDifference(decrypted, slots)).toBeLessThan(freshBound(n, scale));
          expect(largestDifference(decrypted, seals.decrypt(saved, 'it'))).toBeLessThan(n * 2 ** -52);
        }
      }
    });
  });

  test('the noise of encryption is SEAL’s', () => {
    withCiphers('ours', (us, seals) => {
      const slots = slotsOf(n, 1);
      const varianceOf = (cipher: SecretCipher): number => {
        const errors = us
          .decrypt(operations.expand(cipher.encrypt(slots, 0, scale)), 'it')
          .map((x, s) => x - (slots[s] ?? 0));
        return (errors.reduce((sum, x) => sum + x * x, 0) / errors.length) * scale ** 2;
      };
      // n/2 squares, each of relative variance 2: six deviations of their mean.
      const expected = (n / 2) * (10.5 + 1 / 6);
      for (const variance of [varianceOf(us), varianceOf(seals)])
        expect(Math.abs(variance / expected - 1)).toBeLessThan(6 * Math.sqrt(4 / n));
    });
  });

  test.each(['ours', 'seals'] as const)('each encrypts under the public key of %s', (whose) => {
    const { publicKey } = made[whose];
    const ciphers: PublicCipher[] = [ours.openPublic(publicKey), theirs.openPublic(publicKey)];
    withCiphers(whose, (us, seals) => {
      for (const level of levels) {
        const slots = slotsOf(n, level);
        for (const cipher of ciphers) {
          const saved = cipher.encrypt(slots, level, scale);
          expect(inspectCiphertext(saved, parameters, { level, scale, seeded: false }, 'it')).toEqual([]);
          for (const decrypted of [us.decrypt(saved, 'it'), seals.decrypt(saved, 'it')])
            expect(largestDifference(decrypted, slots)).toBeLessThan(publicBound(n, scale));
        }
      }
    });
    for (const cipher of ciphers) cipher.close();
  });

  /** The median of what slots are off, times the scale: the few slots near one, which differ by the key, do not count. */
  function noiseOf(saved: Uint8Array, expected: Float64Array, cipher: SecretCipher): number {
    const errors = cipher.decrypt(saved, 'it').map((x, s) => Math.abs(x - (expected[s] ?? NaN)));
    return (errors.sort()[errors.length / 2] ?? NaN) * scale;
  }

  test('SEAL rotates, conjugates and relinearises with our keys as with its own', () => {
    const noises = (['ours', 'seals'] as const).map((whose) => {
      const { evaluation } = made[whose];
      const [relinKeys = new Uint8Array(), galoisKeys = new Uint8Array()] = evaluation;
      const found: number[] = [];
      withCiphers(whose, (us, seals) => {
        const slots = slotsOf(n, 5);
        const fresh = operations.expand(us.encrypt(slots, top, scale));
        for (const step of steps) {
          const expected = slots.map((_, s) => slots[(s + step) % slots.length] ?? NaN);
          found.push(noiseOf(operations.rotate(fresh, galoisKeys, step), expected, us));
        }
        if (top === 0) return;
        const squares = slots.map((x) => x * x);
        const square = operations.square(fresh);
        const decrypted = us.decrypt(square, 'it');
        expect(largestDifference(decrypted, seals.decrypt(square, 'it'))).toBeLessThan(n * 2 ** -52);
        found.push(noiseOf(square, squares, us), noiseOf(operations.relinearize(square, relinKeys), squares, us));
      });
      return found;
    });
    const [ours = [], seals = []] = noises;
    expect(ours.length).toBe(seals.length);
    ours.forEach((noise, i) => {
      expect(Math.abs(Math.log2(noise / (seals[i] ?? NaN)))).toBeLessThan(0.5);
    });
  });
});

describe('one cryptography', () => {
  const parameters = chain(4096, 37, 36, 30);
  const scale = 2 ** 28;
  let ours: KernelCryptography;
  let keys: MadeKeys;

  beforeAll(async () => {
    ours = await KernelCryptography.open(parameters);
    keys = finished(ours.generateKeys({ parameters, rotationSteps: [1], needsRelinKeys: false }));
  });
  afterAll(() => {
    ours.close();
  });

  test('any slots at any level and scale come back', () => {
    const operations = new SealOperations(seal, parameters);
    const cipher = ours.openSecret(keys.secretKey);
    const value = fc.oneof(fc.double({ min: -1, max: 1, noNaN: true }), fc.constantFrom(0, -0, 1, -1, 1e-300));
    fc.assert(
      fc.property(
        fc.array(value, { minLength: 1, maxLength: 64 }),
        fc.integer({ min: 10, max: 34 }),
        fc.nat(1),
        (row, bits, level) => {
          const slots = Float64Array.from({ length: 2048 }, (_, s) => row[s % row.length] ?? 0);
          const saved = operations.expand(cipher.encrypt(slots, level, 2 ** bits));
          expect(largestDifference(cipher.decrypt(saved, 'it'), slots)).toBeLessThan(freshBound(4096, 2 ** bits));
        },
      ),
      { numRuns: 20 },
    );
    cipher.close();
    operations.close();
  });

  test('no two encryptions share randomness', () => {
    const cipher = ours.openSecret(keys.secretKey);
    const slots = new Float64Array(2048);
    const [a, b] = [cipher.encrypt(slots, 0, scale), cipher.encrypt(slots, 0, scale)];
    expect(Buffer.compare(a.subarray(-64), b.subarray(-64))).not.toBe(0);
    expect(a.filter((byte, i) => byte === b[i]).length / a.length).toBeLessThan(0.6);
    cipher.close();
  });

  test('a residue that is not below its prime is found', () => {
    const operations = new SealOperations(seal, parameters);
    const cipher = ours.openSecret(keys.secretKey);
    const saved = operations.expand(cipher.encrypt(new Float64Array(2048), 1, scale));
    operations.close();
    const at = ciphertextFields.residues + 8 * (3 * 4096 + 17);
    new DataView(saved.buffer).setBigUint64(at, BigInt(parameters.primes[1] ?? 0), true);
    const found = (): unknown => cipher.decrypt(saved, 'output 3');
    expect(found).toThrow(HepcError);
    expect(found).toThrow(/H613.*output 3 has a residue .* coefficient 17/s);
    cipher.close();
  });

  test('slots that do not fit are an error of ours', () => {
    const cipher = ours.openSecret(keys.secretKey);
    for (const value of [2 ** 60, NaN, Infinity])
      expect(() => cipher.encrypt(new Float64Array(2048).fill(value), 0, scale)).toThrow(InternalError);
    cipher.close();
  });

  test('keys are yielded one by one, and others may use the kernels meanwhile', () => {
    const needs = { parameters, rotationSteps: [1, 2], needsRelinKeys: true };
    const [first, second] = [ours.generateKeys(needs), ours.generateKeys(needs)];
    const cipher = ours.openSecret(keys.secretKey);
    const fractions: number[] = [];
    const made: MadeKeys[] = [];
    for (const generator of Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? first : second))) {
      const { done, value } = generator.next();
      if (done === true) made.push(value);
      else fractions.push(value);
      cipher.encrypt(new Float64Array(2048), 0, scale);
    }
    expect(fractions).toEqual([0, 0, 1 / 3, 1 / 3, 2 / 3, 2 / 3, 1, 1]);
    const operations = new SealOperations(seal, parameters);
    const slots = slotsOf(4096, 3);
    for (const { secretKey, evaluation } of made) {
      const own = ours.openSecret(secretKey);
      const rotated = operations.rotate(own.encrypt(slots, 1, scale), evaluation[1] ?? new Uint8Array(), 2);
      const expected = slots.map((_, s) => slots[(s + 2) % 2048] ?? NaN);
      expect(largestDifference(own.decrypt(rotated, 'it'), expected)).toBeLessThan(2 ** -8);
      own.close();
    }
    operations.close();
  });

  test('of two ciphers the last one is good, whatever becomes of the other', () => {
    const slots = slotsOf(4096, 9);
    const first = ours.openSecret(keys.secretKey);
    const second = ours.openSecret(keys.secretKey);
    expect(() => first.encrypt(slots, 0, scale)).toThrow(InternalError);
    first.close();
    const publicCipher = ours.openPublic(keys.publicKey);
    const saved = publicCipher.encrypt(slots, 1, scale);
    publicCipher.close();
    expect(() => publicCipher.encrypt(slots, 1, scale)).toThrow(InternalError);
    expect(largestDifference(second.decrypt(saved, 'it'), slots)).toBeLessThan(publicBound(4096, scale));
    second.close();
  });

  test('what is closed is not used, and its memory is overwritten', async () => {
    const closed = await KernelCryptography.open(parameters);
    const cipher = closed.openSecret(keys.secretKey);
    const generator = closed.generateKeys({ parameters, rotationSteps: [1, 2], needsRelinKeys: true });
    generator.next();
    cipher.close();
    expect(() => cipher.encrypt(new Float64Array(2048), 0, scale)).toThrow(InternalError);
    closed.close();
    expect(() => closed.openSecret(keys.secretKey)).toThrow(InternalError);
    expect(() => generator.next()).toThrow(InternalError);
  });
});
