/** Refreshes on random rings and chains: exact to the noise of the encryptions, and masks that hide. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nttPrimes } from '../../../../compiler/parameters/primes.ts';
import { HepcError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Parameters, PolyModulusDegree } from '../../../../ir/parameters.ts';
import { seededRandom } from '../../../../ir/random.ts';
import type { MadeKeys, PublicCipher, SecretCipher } from '../../../../runtime/base/cryptography.ts';
import { KernelCryptography } from '../../../../runtime/cipher/kernel-cryptography.ts';
import { KernelRoom } from '../../../../runtime/cipher/kernel-room.ts';
import { freshMaskSeed, Masks } from '../../../../runtime/refresh/masks.ts';
import { inspectCiphertext } from '../../../../runtime/seal/bytes/inspect-bytes.ts';
import {
  ciphertextFields,
  levelOfSaved,
  scaleOfSaved,
  seedLength,
} from '../../../../runtime/seal/bytes/saved-format.ts';
import { ciphertextWithoutResidues } from '../../../../runtime/seal/bytes/write-heads.ts';
import { casesOf } from '../../../support/setup/suite.ts';

function chainOf(n: PolyModulusDegree, specials: readonly number[], bits: readonly number[]): Parameters {
  const found = nttPrimes([...specials, ...bits], n) ?? [];
  return {
    polyModulusDegree: n,
    primes: found.slice(specials.length),
    specialPrimes: found.slice(0, specials.length),
  };
}

interface Bench {
  readonly parameters: Parameters;
  readonly keys: MadeKeys;
  readonly secret: SecretCipher;
  readonly public: PublicCipher;
  readonly masks: Masks;
  readonly room: KernelRoom;
}

const opened: { close(): void }[] = [];
afterAll(() => {
  for (const each of opened) each.close();
});

async function benchOf(parameters: Parameters): Promise<Bench> {
  const cryptography = await KernelCryptography.open(parameters);
  const masks = await Masks.open(parameters);
  const room = await KernelRoom.open(parameters);
  opened.push(masks, cryptography, room);
  const making = cryptography.generateKeys({ parameters, rotationSteps: [], needsRelinKeys: false });
  let made = making.next();
  while (made.done !== true) made = making.next();
  const keys = made.value;
  const [secret, others] = [cryptography.openSecret(keys.secretKey), cryptography.openPublic(keys.publicKey)];
  return { parameters, keys, secret, public: others, masks, room };
}

function slotsOf(n: number, seed: number): Float64Array {
  const random = seededRandom(seed);
  return Float64Array.from({ length: n / 2 }, () => 2 * random.uniform() - 1);
}

/** What becomes of a ciphertext: masked, refreshed to a level, unmasked. */
function refreshed(bench: Bench, ciphertexts: readonly Uint8Array[], level: number): Uint8Array[] {
  const seed = freshMaskSeed();
  const masked = bench.masks.mask(ciphertexts, bench.keys.publicKey, seed);
  const answers = masked.map((each) => bench.secret.refresh(each, level, 'a ciphertext'));
  for (const [k, answer] of answers.entries()) bench.masks.unmask(answer, k, seed);
  return answers;
}

/** The slots of a ciphertext whose second polynomial is a seed. */
function slotsIn({ secret, room, parameters }: Bench, seeded: Uint8Array): Float64Array {
  const level = levelOfSaved(seeded);
  const bytes = ciphertextWithoutResidues(parameters, { level, size: 2, scale: scaleOfSaved(seeded) });
  const limbs = 8 * parameters.polyModulusDegree * (level + 1);
  const from = ciphertextFields.residues;
  bytes.set(seeded.subarray(from, from + limbs), from);
  room.expandSealSeed(seeded.subarray(seeded.length - seedLength), level + 1);
  bytes.set(room.bytes.subarray(room.residues(0), room.residues(0) + limbs), from + limbs);
  return secret.decrypt(bytes, 'it');
}

/** Of the rounding of an encryption under the public key, which |s(ζ)|² makes larger at some slots, and a symmetric encryption. */
function noiseDeviation(n: number, scale: number): number {
  return Math.sqrt((n / 24) * (1 + (2 * n) / 3) + (n / 2) * 10.5) / scale;
}

function deviation(x: Float64Array, y: Float64Array): number {
  return Math.sqrt(x.reduce((sum, value, s) => sum + (value - (y[s] ?? NaN)) ** 2, 0) / x.length);
}

/** Residues of polynomial 0 modulo a prime, as parts of it. */
function parts(ciphertext: Uint8Array, { polyModulusDegree: n, primes }: Parameters, prime: number): Float64Array {
  const view = new DataView(ciphertext.buffer, ciphertext.byteOffset);
  const from = ciphertextFields.residues + 8 * n * prime;
  const q = primes[prime] ?? NaN;
  return Float64Array.from({ length: n }, (_, i) => Number(view.getBigUint64(from + 8 * i, true)) / q);
}

const chains = [
  chainOf(4096, [36], [36, 36]),
  chainOf(8192, [48], [48, 48, 30, 30]),
  chainOf(8192, [44], [40, 44, 44, 44]),
  chainOf(16384, [48, 48], [48, 48, 40, 40, 40, 40, 40, 38]),
];

describe.each(chains)('N = %o', (parameters) => {
  const { polyModulusDegree: n, primes } = parameters;
  const room = primes.slice(0, 2).reduce((sum, prime) => sum + Math.log2(prime), 0);
  let bench: Bench;
  beforeAll(async () => {
    bench = await benchOf(parameters);
  });

  test('refreshes keep the polynomial, but for the noise of two encryptions', () => {
    const scales = fc.integer({ min: 20, max: Math.floor(room) - 48 });
    const levels = fc.integer({ min: 1, max: primes.length - 1 });
    const property = fc.property(
      scales,
      levels,
      fc.nat(),
      fc.integer({ min: 1, max: 3 }),
      (bits, level, seed, count) => {
        const scale = 2 ** bits;
        const slots = Array.from({ length: count }, (_, k) => slotsOf(n, seed + k));
        const before = slots.map((own) => bench.public.encrypt(own, 1, scale));
        const after = refreshed(bench, before, level);
        for (const [k, ciphertext] of after.entries()) {
          expect(inspectCiphertext(ciphertext, parameters, { level, scale, seeded: true }, 'it')).toEqual([]);
          const was = bench.secret.decrypt(before[k] ?? new Uint8Array(), 'before');
          const noise = deviation(slotsIn(bench, ciphertext), was) / noiseDeviation(n, scale);
          expect(noise).toBeGreaterThan(0.7);
          expect(noise).toBeLessThan(1.4);
        }
      },
    );
    fc.assert(property, { numRuns: casesOf({ normal: 6, nightly: 200 }) });
  });

  test('what the client sees is uniform, whatever is below the mask', () => {
    for (const bits of [20, room - 50]) {
      const before = bench.public.encrypt(slotsOf(n, 3), 1, 2 ** bits);
      const masked = bench.masks.mask([before, before], bench.keys.publicKey, freshMaskSeed());
      for (const [k, own] of masked.entries())
        for (const prime of [0, 1]) {
          const seen = parts(own, parameters, prime);
          const bins = new Float64Array(64);
          for (const part of seen) bins[Math.floor(64 * part)] = (bins[Math.floor(64 * part)] ?? 0) + 1;
          const chi2 = bins.reduce((sum, count) => sum + (count - n / 64) ** 2 / (n / 64), 0);
          // 63 degrees of freedom: six deviations.
          expect(chi2).toBeLessThan(63 + 6 * Math.sqrt(126));
          const other = parts(k === 0 ? before : (masked[0] ?? before), parameters, prime);
          const correlation = seen.reduce((sum, part, i) => sum + (part - 0.5) * ((other[i] ?? 0) - 0.5), 0) / (n / 12);
          expect(Math.abs(correlation)).toBeLessThan(6 / Math.sqrt(n));
        }
    }
  });

  test('the second polynomial is fresh each time', () => {
    const before = bench.public.encrypt(slotsOf(n, 3), 1, 2 ** 24);
    const seed = freshMaskSeed();
    const second = (bytes: Uint8Array): Uint8Array => bytes.subarray(ciphertextFields.residues + 16 * n);
    const once = bench.masks.mask([before], bench.keys.publicKey, seed).map(second);
    const twice = bench.masks.mask([before], bench.keys.publicKey, seed).map(second);
    expect(once).not.toEqual(twice);
    expect(once).not.toEqual([second(before)]);
  });

  test('another seed, or the number of another ciphertext, takes no mask off', () => {
    const slots = slotsOf(n, 5);
    const before = bench.public.encrypt(slots, 1, 2 ** 24);
    const [seed, other] = [freshMaskSeed(), freshMaskSeed()];
    for (const [number, by] of [
      [1, seed],
      [0, other],
    ] as const) {
      const [masked = before] = bench.masks.mask([before], bench.keys.publicKey, seed);
      const answer = bench.secret.refresh(masked, primes.length - 1, 'it');
      bench.masks.unmask(answer, number, by);
      expect(deviation(slotsIn(bench, answer), slots)).toBeGreaterThan(2 ** 20);
    }
  });
});

test('residues that are not below their primes are refused on both sides', async () => {
  const bench = await benchOf(chains[0] ?? chainOf(4096, [36], [36, 36]));
  const spoilt = (bytes: Uint8Array): Uint8Array => bytes.slice().fill(255, ciphertextFields.residues, 200);
  const before = bench.public.encrypt(slotsOf(4096, 1), 1, 2 ** 20);
  const seed = freshMaskSeed();
  const [masked = before] = bench.masks.mask([before], bench.keys.publicKey, seed);
  expect(() => bench.secret.refresh(spoilt(masked), 1, 'the message')).toThrow(HepcError);
  const answer = bench.secret.refresh(masked, 1, 'the message');
  expect(() => {
    bench.masks.unmask(spoilt(answer), 0, seed);
  }).toThrow(HepcError);
});
