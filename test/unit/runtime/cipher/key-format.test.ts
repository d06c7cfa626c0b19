/** Sections of evaluation keys of several special primes: where things are, and what is refused. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Parameters } from '../../../../ir/parameters.ts';
import { type EvaluationKeyNeeds, keyDigitsAt, savedKeyBytes } from '../../../../ir/ckks/switching-keys.ts';
import {
  inspectSwitchingKeys,
  keySections,
  type KeySection,
  seedBytes,
  streamSeedBytes,
  writeHeads,
  writeStreamSeed,
} from '../../../../runtime/cipher/key-format.ts';
import { primesFor } from '../../../support/simd.ts';

const [p = 0, q = 0, ...primes] = primesFor(4096, 30, 6);
const parameters: Parameters = { polyModulusDegree: 4096, primes, specialPrimes: [p, q] };
const needs: EvaluationKeyNeeds = {
  parameters,
  rotationSteps: [0, 1, 5],
  needsRelinKeys: true,
  keyLevels: { rotations: [1, 3, 0], relinearization: 2 },
};

const sections = keySections(needs);

/** Sections as a client writes them, residues left zero. */
function written(): { bytes: Uint8Array; expected: KeySection; what: string }[] {
  let seed = 0;
  return [sections.relinearization, sections.rotations].map((expected, i) => {
    const section = expected ?? { keys: [], bytes: 0 };
    const bytes = new Uint8Array(section.bytes);
    writeHeads(bytes, section);
    for (const { seedOffset } of section.keys) bytes.fill(++seed, seedOffset, seedOffset + seedBytes);
    return { bytes, expected: section, what: i === 0 ? 'relinearisation' : 'rotations' };
  });
}

function messagesOf(change: (all: ReturnType<typeof written>) => void): string[] {
  const all = written();
  change(all);
  return inspectSwitchingKeys(all).map(({ code, message }) => `${code} ${message}`);
}

test('digits and primes of the level of each key, residues one after another', () => {
  const keys = [...(sections.relinearization?.keys ?? []), ...(sections.rotations?.keys ?? [])];
  expect(keys.map(({ element, level }) => [element, level])).toEqual([
    [0, 2],
    [8191, 1],
    [3, 3],
    [243, 0],
  ]);
  for (const key of keys) {
    expect(key.digits).toEqual(keyDigitsAt(parameters, key.level));
    expect(key.primes).toEqual([...primes.keys()].slice(0, key.level + 1).concat([4, 5]));
    const limbs = key.digits.flatMap((_, d) => key.primes.map((__, j) => key.residuesOffset(d, j)));
    limbs.forEach((at, i) => {
      expect(at).toBe(key.residuesOffset(0, 0) + i * key.limbBytes);
    });
    expect(limbs.length * key.limbBytes).toBe(savedKeyBytes(parameters, key.level));
    expect(key.residuesOffset(0, 0) % 16).toBe(0);
  }
  expect(sections.rotations?.bytes).toBe(keys[3]?.residuesOffset(1, 0));
});

test('kernels get the seed, the digit and the place of the prime among all', () => {
  const [rotations] = written().slice(1);
  const [key] = sections.rotations?.keys ?? [];
  if (rotations === undefined || key === undefined) throw new Error('no keys');
  const target = new Uint8Array(streamSeedBytes + 16).fill(255);
  writeStreamSeed(target.subarray(16), rotations.bytes, key, 0, 2);
  expect([...target.subarray(16, 48)]).toEqual(Array(32).fill(2));
  expect([...new Uint32Array(target.buffer, 48)]).toEqual([0, 4, 0, 0]);
});

test('what a client writes is accepted', () => {
  expect(messagesOf(() => undefined)).toEqual([]);
});

test.each<{ name: string; change: (all: ReturnType<typeof written>) => void; message: RegExp }>([
  {
    name: 'truncated',
    change: ([relin]) => relin && (relin.bytes = relin.bytes.subarray(1)),
    message: /H653 relinearisation is malformed: it has \d+ bytes; .* takes \d+/,
  },
  {
    name: 'extended',
    change: ([relin]) => relin && (relin.bytes = new Uint8Array([...relin.bytes, 0])),
    message: /H653 relinearisation .* bytes/,
  },
  { name: 'another magic', change: ([relin]) => relin?.bytes.fill(1, 0, 1), message: /H653 .*does not begin/ },
  { name: 'another version', change: ([relin]) => relin?.bytes.fill(2, 4, 5), message: /H653 .*version 2; expected 1/ },
  {
    name: 'another number of keys',
    change: ([, all]) => all?.bytes.fill(9, 8, 9),
    message: /H653 .*9 keys; expected 3/,
  },
  {
    name: 'another element',
    change: ([, all]) => all?.bytes.fill(5, 16, 17),
    message: /H653 the Galois key of step 0 .*Galois element \d+; expected 8191/,
  },
  {
    name: 'another level',
    change: ([, all]) => all?.bytes.fill(3, 20, 21),
    message: /H653 the Galois key of step 0 .*level 3 with 1 digits and 4 primes; expected level 1 with 1 and 4/,
  },
  { name: 'a reserved byte', change: ([, all]) => all?.bytes.fill(1, 79, 80), message: /H653 .*reserved field/ },
  {
    name: 'a seed twice',
    change: ([relin, all]) => relin?.bytes.set(all?.bytes.subarray(32, 64) ?? [], 32),
    message: /H654 the Galois key of step 0 has the seed of the relinearisation key/,
  },
])('$name is refused', ({ change, message }) => {
  expect(messagesOf(change).join('\n')).toMatch(message);
});

test('keys of another level set are refused', () => {
  const other = keySections({ ...needs, keyLevels: { rotations: [3, 1, 0], relinearization: 2 } });
  const [, rotations] = written();
  if (rotations === undefined || other.rotations === undefined) throw new Error('no keys');
  const [problem] = inspectSwitchingKeys([{ ...rotations, expected: other.rotations }]);
  expect(problem?.code).toBe('H653');
});

test('any changed byte of a head is noticed', () => {
  fc.assert(
    fc.property(fc.nat(1), fc.nat(79), fc.integer({ min: 1, max: 255 }), (which, at, by) => {
      const all = written();
      const bytes = all[which]?.bytes ?? new Uint8Array();
      bytes[at] = ((bytes[at] ?? 0) + by) % 256;
      // A seed may be anything but another's.
      const isSeed = at >= 32 && at < 64;
      expect(inspectSwitchingKeys(all).length).toBe(isSeed ? 0 : 1);
    }),
  );
});
