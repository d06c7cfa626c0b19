/** Seeds expanded as SEAL does, bit by bit: of fresh ciphertexts and of keys, rejected words among them. */
import { beforeAll, describe, expect, test } from 'vitest';
import { isPrime } from '../../../../../ir/maths/modular.ts';
import type { Parameters, PolyModulusDegree } from '../../../../../ir/parameters.ts';
import { seededRandom } from '../../../../../ir/random.ts';
import { Client } from '../../../../../runtime/client.ts';
import { LoadingRoom, loadingBytes } from '../../../../../runtime/engines/simd/bytes/loading-room.ts';
import { galoisIndexOf } from '../../../../../runtime/seal/bytes/galois-elements.ts';
import { readCiphertexts } from '../../../../../runtime/seal/bytes/ciphertext-files.ts';
import { liveHandles } from '../../../../../runtime/seal/library/handles.ts';
import { readEvaluationKeys } from '../../../../../runtime/cipher/key-files.ts';
import { instantiateSeal, type Seal } from '../../../../../runtime/seal/library/module.ts';
import {
  savedPublicKeyBytes,
  savedSwitchingKeyBytes,
  seedLength,
  switchingHeadBytes,
} from '../../../../../runtime/seal/bytes/saved-format.ts';
import { randomSample, shallowPlan } from '../../../../support/serve-plans.ts';
import { openPrimes, openSimd } from '../../../../support/simd.ts';
import { parametersOf } from '../../engines/simd/arbitrary-parameters.ts';
import { SealReference } from '../../engines/simd/seal-reference.ts';
import { expand, rawWords, rejectionBound, seedBytes } from './seed-words.ts';
import { isNightly } from '../../../../support/setup/suite.ts';

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

/** A room for one member, and what expands seeds in it. */
async function openRoom(parameters: Parameters) {
  const { polyModulusDegree: n, primes } = parameters;
  const count = primes.length + 1;
  const bytes = loadingBytes(parameters, 1) + seedBytes(n, count);
  const { context, kernels, memory, heap } = await openSimd(parameters, bytes);
  const room = new LoadingRoom(context, heap, 0);
  const residuesAt = (first: number, limbs: number): BigUint64Array =>
    new BigUint64Array(memory.buffer, room.limb(first), limbs * n).slice();
  return {
    /** The residues of limbs `first` … after an expansion to there. */
    expand: (seed: Uint8Array, limbs: number, first: number): BigUint64Array => {
      room.expand(seed, limbs, first);
      return residuesAt(first, limbs);
    },
    raw: (seed: Uint8Array, limbs: number): BigUint64Array =>
      rawWords(kernels, memory, heap + loadingBytes(parameters, 1), { n, count: limbs }, seed),
  };
}

function seedOf(label: number): Uint8Array {
  const random = seededRandom(label);
  return Uint8Array.from({ length: seedLength }, () => random.integer(0, 255));
}

/** The first index at which residues differ, −1 where none does. */
function firstDifference(got: BigUint64Array, expected: BigUint64Array): number {
  expect(got.length).toBe(expected.length);
  return got.findIndex((residue, k) => residue !== expected[k]);
}

test('fresh ciphertexts of a client', async () => {
  const plan = shallowPlan();
  const { parameters } = plan.client;
  const client = await Client.create(plan.client);
  const keys = client.generateKeys();
  const { keyId } = readEvaluationKeys(keys.evaluationKeys, plan.client);
  const samples = [1, 2, 3].map((seed) => randomSample(plan, seed));
  const { runs } = readCiphertexts(client.encrypt(samples), 'inputs', plan.client, keyId);
  client.close();
  const room = await openRoom(parameters);
  const reference = new SealReference(seal, parameters, [1]);
  try {
    for (const saved of runs.flat()) {
      const { level, residues } = reference.residuesOf(reference.load(saved));
      const got = room.expand(saved.subarray(saved.length - seedLength), level + 1, level + 1);
      expect(firstDifference(got, residues.subarray(residues.length / 2))).toBe(-1);
    }
  } finally {
    reference.close();
  }
  expect(liveHandles()).toBe(0);
});

/**
 * Primes for which words are rejected most often: one in 65536, about. The largest below a power of two hardly reject
 * any, since they almost divide 2^64; below 2^48 − 2^32 as much as a prime is left over.
 */
function primesThatReject(n: PolyModulusDegree, count: number): number[] {
  const primes: number[] = [];
  for (let q = 2 ** 48 - 2 ** 32 + 2 ** 17 + 1; primes.length < count; q += 2 * n)
    if (isPrime(BigInt(q))) primes.push(q);
  return primes.reverse();
}

function rejecting(n: PolyModulusDegree, count: number): Parameters {
  const [specialPrime = 0, ...primes] = primesThatReject(n, count + 1);
  return { polyModulusDegree: n, primes, specialPrimes: [specialPrime] };
}

/** The same seeds in every run, so that it is known how many of their words are rejected. */
describe.each([
  { what: 'one prime', parameters: parametersOf(4096, [30], 30), seeds: 10, rejected: 0 },
  { what: 'small primes', parameters: parametersOf(8192, [25, 20, 31, 25], 31), seeds: 5, rejected: 0 },
  { what: 'one prime that rejects', parameters: rejecting(4096, 1), seeds: 40, rejected: 1 },
  ...(isNightly
    ? [
        { what: 'primes that reject', parameters: rejecting(8192, 5), seeds: 20, rejected: 3 },
        { what: 'many primes that reject', parameters: rejecting(32768, 6), seeds: 8, rejected: 17 },
      ]
    : []),
])('$what', ({ parameters, seeds, rejected }) => {
  test(`${seeds} seeds at every level, ${rejected} words of which are rejected`, async () => {
    const { polyModulusDegree: n, primes } = parameters;
    const top = primes.length - 1;
    const room = await openRoom(parameters);
    const reference = new SealReference(seal, parameters, [1]);
    let hits = 0;
    try {
      const fresh = primes.map((_, level) => reference.encryptSeeded(new Float64Array(n / 2), 2 ** 10, level));
      for (let k = 0; k < seeds; k++) {
        const level = top - (k % primes.length);
        const saved = fresh[level]?.slice() ?? new Uint8Array();
        const seed = seedOf(k);
        saved.set(seed, saved.length - seedLength);
        const loaded = reference.load(saved);
        const { residues } = reference.residuesOf(loaded);
        reference.free(loaded);
        const expected = residues.subarray(residues.length / 2);
        expect(firstDifference(room.expand(seed, level + 1, level + 1), expected)).toBe(-1);
        room.raw(seed, level + 1).forEach((word, i) => {
          const q = primes[Math.floor(i / n)] ?? 0;
          if (word >= rejectionBound(q)) hits++;
          // So the raw words are what they should be too.
          else if (word % BigInt(q) !== expected[i]) throw new Error(`word ${i} of seed ${k} is ${word}`);
        });
      }
    } finally {
      reference.close();
    }
    expect(hits).toBe(rejected);
    expect(liveHandles()).toBe(0);
  });
});

test.each([
  { parameters: parametersOf(4096, [36], 37), steps: [1] },
  { parameters: parametersOf(4096, [40, 25, 31], 48), steps: [1, 7, 2047] },
  ...(isNightly ? [{ parameters: rejecting(16384, 5), steps: [3, 100] }] : []),
])('seeds of keys, the special prime included: $parameters.polyModulusDegree', async ({ parameters, steps }) => {
  const { polyModulusDegree: n, primes } = parameters;
  const room = await openRoom(parameters);
  const reference = new SealReference(seal, parameters, steps);
  try {
    const partBytes = savedPublicKeyBytes(parameters);
    const compare = (saved: Uint8Array, digits: ReturnType<SealReference['relinKeyDigits']>): void => {
      expect(digits).toHaveLength(primes.length);
      for (const [digit, { residues }] of digits.entries()) {
        const end = (digit + 1) * partBytes;
        const got = room.expand(saved.subarray(end - seedLength, end), primes.length + 1, 0);
        expect(firstDifference(got, residues.subarray(residues.length / 2))).toBe(-1);
      }
    };
    const { relinKeys, galoisKeys } = reference.savedKeys;
    compare(relinKeys.subarray(switchingHeadBytes + 8), reference.relinKeyDigits());
    const byIndex = steps.map((step) => ({ step, index: galoisIndexOf(step, n) })).sort((x, y) => x.index - y.index);
    for (const [before, { step, index }] of byIndex.entries()) {
      const at = switchingHeadBytes + 8 * (index + 1) + before * savedSwitchingKeyBytes(parameters);
      compare(galoisKeys.subarray(at), reference.galoisKeyDigits(step));
    }
  } finally {
    reference.close();
  }
  expect(liveHandles()).toBe(0);
});

describe('fewer words than a block of the stream', () => {
  const n = 16;
  const count = 3;

  test('are the first of many', async () => {
    const size = 256;
    const { kernels, memory, heap } = await openPrimes(16, [], seedBytes(size, count));
    for (let k = 0; k < 20; k++) {
      const many = rawWords(kernels, memory, heap, { n: size, count }, seedOf(k));
      const few = rawWords(kernels, memory, heap, { n, count }, seedOf(k));
      expect(few).toEqual(many.subarray(0, n * count));
    }
  });

  test('a rejected one is replaced by the word after the last: 2 of 3000 seeds', async () => {
    const { kernels, memory, heap } = await openPrimes(16, [], seedBytes(n + 2, count));
    const [q = 0] = primesThatReject(4096, 1);
    const bound = rejectionBound(q);
    const records = Array.from({ length: count }, () => ({ q, n }));
    let hits = 0;
    for (let k = 0; k < 3000; k++) {
      const raw = rawWords(kernels, memory, heap, { n: n + 2, count }, seedOf(k));
      let next = n * count;
      const words = raw.subarray(0, next).map((word) => (word < bound ? word : (raw[next++] ?? 0n)));
      if (next === n * count) continue;
      hits++;
      expect(expand(kernels, memory, heap, records, seedOf(k))).toEqual(words.map((word) => word % BigInt(q)));
    }
    expect(hits).toBe(2);
  });
});
