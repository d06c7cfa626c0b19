/** Keys as a client saves them, loaded to where operations read them, against SEAL's keys with their seeds expanded. */
import { engineProfiles } from '../../../../../../costs/profiles.ts';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { nttPrimes } from '../../../../../../compiler/parameters/primes.ts';
import { allPrimes, type Parameters } from '../../../../../../ir/parameters.ts';
import { HepcError } from '../../../../../../ir/diagnostics/diagnostic.ts';
import type { PlacedKeys } from '../../../../../../runtime/engines/simd/program/executor.ts';
import type { KeyPlan } from '../../../../../../runtime/engines/simd/program/key-plan.ts';
import { keyBlock, keyBytes, type KeyPlace, keyStride } from '../../../../../../runtime/rns/memory/layout.ts';
import {
  copyDigits,
  digitBytes,
  listDigits,
  loadDigits,
  type SavedKeys,
} from '../../../../../../runtime/engines/simd/bytes/load-keys.ts';
import { LoadingRoom, loadingBytes } from '../../../../../../runtime/engines/simd/bytes/loading-room.ts';
import {
  fillPermutations,
  permutationBytes,
  placeKeys,
} from '../../../../../../runtime/engines/simd/program/place-keys.ts';
import { alone, type Team } from '../../../../../../runtime/rns/team.ts';
import { liveHandles } from '../../../../../../runtime/seal/library/handles.ts';
import { instantiateSeal, type Seal } from '../../../../../../runtime/seal/library/module.ts';
import {
  ciphertextFields,
  savedPublicKeyBytes,
  switchingHeadBytes,
} from '../../../../../../runtime/seal/bytes/saved-format.ts';
import { seededRandom } from '../../../../../../ir/random.ts';
import {
  type KeySection,
  keySections,
  type PlacedKey,
  seedBytes,
  streamSeedBytes,
  writeHeads,
  writeStreamSeed,
} from '../../../../../../runtime/cipher/key-format.ts';
import type { EvaluationKeyNeeds } from '../../../../../../ir/ckks/switching-keys.ts';
import { parametersOf } from '../arbitrary-parameters.ts';
import { OperationBench } from '../operations/operation-bench.ts';
import { SealReference } from '../seal-reference.ts';
import { casesOf, isNightly } from '../../../../../support/setup/suite.ts';

const { largestPrimeBits } = engineProfiles.simd.capabilities;

let seal: Seal;

beforeAll(async () => {
  seal = await instantiateSeal();
});

/** The levels up to which keys are loaded. */
interface Levels {
  readonly relinearization: number | undefined;
  /** By step; the client has these keys and perhaps others. */
  readonly rotations: ReadonlyMap<number, number>;
}

function planOf({ relinearization, rotations }: Levels, parameters: Parameters): KeyPlan {
  const levels = [...rotations.values(), ...(relinearization === undefined ? [] : [relinearization])];
  return {
    relinearization,
    rotations,
    encapsulation: false,
    bytes: levels.reduce((sum, level) => sum + keyBytes(parameters, level), 0),
  };
}

class Loading {
  readonly bench: OperationBench;
  readonly placed: PlacedKeys;
  private readonly rooms: number;

  private constructor(bench: OperationBench, levels: Levels, members: number) {
    const { n, parameters } = bench.context;
    const plan = planOf(levels, parameters);
    this.bench = bench;
    this.rooms = bench.take(loadingBytes(parameters, members));
    this.placed = placeKeys(plan, parameters, bench.take(plan.bytes), bench.take(permutationBytes(plan, n)));
  }

  /** With room for the keys twice. */
  static async open(parameters: Parameters, levels: Levels, members: number): Promise<Loading> {
    const n = parameters.polyModulusDegree;
    const plan = planOf(levels, parameters);
    const bytes = loadingBytes(parameters, members) + 2 * plan.bytes + 2 * permutationBytes(plan, n) + 2 ** 17;
    return new Loading(await OperationBench.open(parameters, bytes), levels, members);
  }

  /** Three digits at a time. */
  load({ rotationSteps, keyLevels, ...saved }: StepKeys, team: Team): void {
    const { context } = this.bench;
    const { parameters } = context;
    const needs = { parameters, rotationSteps, needsRelinKeys: this.placed.relinearization !== undefined };
    const digits = listDigits({ ...needs, keyLevels }, this.placed);
    for (let first = 0; first < digits.length; first += 3) {
      const some = digits.slice(first, first + 3);
      const bytes = new Uint8Array(some.reduce((sum, digit) => sum + digitBytes(digit), 0));
      copyDigits(some, saved, bytes);
      loadDigits(context, some, bytes, new LoadingRoom(context, this.rooms, team.index), team);
    }
  }

  bytesAt(address: number, bytes: number): Uint8Array {
    return new Uint8Array(this.bench.context.memory.buffer).slice(address, address + bytes);
  }

  bytesOf({ address, level }: KeyPlace): Uint8Array {
    return this.bytesAt(address, keyBytes(this.bench.context.parameters, level));
  }
}

interface StepKeys extends SavedKeys {
  readonly rotationSteps: readonly number[];
  readonly keyLevels?: EvaluationKeyNeeds['keyLevels'];
}

function savedKeys({ savedKeys: saved }: SealReference, rotationSteps: readonly number[]): StepKeys {
  return { ...saved, rotationSteps };
}

async function check(parameters: Parameters, steps: readonly number[], levels: Levels): Promise<void> {
  const { polyModulusDegree: n } = parameters;
  const reference = new SealReference(seal, parameters, steps);
  try {
    for (const size of [1, 2]) {
      const loading = await Loading.open(parameters, levels, size);
      const { bench, placed } = loading;
      for (let index = 0; index < size; index++) {
        const team = { index, size, barrier: () => undefined };
        loading.load(savedKeys(reference, steps), team);
        fillPermutations(bench.context, placed, team);
      }
      const expectKey = (got: KeyPlace | undefined, expected: KeyPlace, what: string): void => {
        expect(got?.level).toBe(expected.level);
        const own = loading.bytesOf(got ?? expected);
        expect(Buffer.compare(own, loading.bytesOf(expected)), `${what}, team of ${size}`).toBe(0);
      };
      if (levels.relinearization === undefined) expect(placed.relinearization).toBe(undefined);
      else {
        const expected = bench.putKey(reference.relinKeyDigits(), levels.relinearization);
        expectKey(placed.relinearization, expected, 'relinearisation');
      }
      expect([...placed.rotations.keys()]).toEqual([...levels.rotations.keys()]);
      for (const [step, level] of levels.rotations) {
        const expected = bench.rotationKey(reference.galoisKeyDigits(step), step, level);
        const got = placed.rotations.get(step);
        expectKey(got?.key, expected.key, `step ${step}`);
        const permutation = loading.bytesAt(got?.permutation ?? 0, 2 * n);
        expect(Buffer.compare(permutation, loading.bytesAt(expected.permutation, 2 * n))).toBe(0);
      }
    }
  } finally {
    reference.close();
  }
  expect(liveHandles()).toBe(0);
}

const cases = fc
  .record({
    n: fc.constantFrom(4096 as const, 8192 as const),
    bits: fc.array(fc.integer({ min: 22, max: largestPrimeBits }), { minLength: 1, maxLength: 5 }),
    moreBits: fc.nat(10),
    steps: fc.uniqueArray(fc.integer({ min: 1, max: 2047 }), { minLength: 1, maxLength: 4 }),
    relinearization: fc.option(fc.nat(4), { nil: undefined }),
    // Fewer levels than steps: the client has keys that the program does not read.
    levels: fc.array(fc.nat(4), { minLength: 1, maxLength: 4 }),
  })
  .map(({ n, bits, moreBits, steps, relinearization, levels }) => {
    const parameters = parametersOf(n, bits, Math.min(largestPrimeBits, Math.max(...bits) + moreBits));
    const read = steps.slice(0, levels.length).map((step, k) => [step, (levels[k] ?? 0) % bits.length] as const);
    const relin = relinearization === undefined ? undefined : relinearization % bits.length;
    return { parameters, steps, levels: { relinearization: relin, rotations: new Map(read) } };
  });

test('what is loaded is what SEAL has, for random parameters and levels', async () => {
  await fc.assert(
    fc.asyncProperty(cases, ({ parameters, steps, levels }) => check(parameters, steps, levels)),
    { numRuns: casesOf({ normal: 2, nightly: 12 }) },
  );
});

test.each([
  { n: 4096, bits: [48, 30, 35, 41], last: 2047 },
  ...(isNightly ? [{ n: 8192, bits: [48, 30, 30, 35, 48, 40, 41, 42, 43, 44], last: 4095 } as const] : []),
] as const)('the last step of n = $n, by several primes', async ({ n, bits, last }) => {
  const top = bits.length - 1;
  await check(parametersOf(n, bits, 48), [1, last], {
    relinearization: top,
    rotations: new Map([
      [last, top],
      [1, Math.min(3, top - 1)],
    ]),
  });
});

test('a residue beyond its prime is refused where it is read, and not looked at elsewhere', async () => {
  const parameters = parametersOf(4096, [30, 31, 32], 33);
  const n = parameters.polyModulusDegree;
  const reference = new SealReference(seal, parameters, [2, 3]);
  try {
    const saved = savedKeys(reference, [2, 3]);
    const loading = await Loading.open(parameters, { relinearization: 1, rotations: new Map([[3, 0]]) }, 1);
    const damaged = (digit: number, prime: number): StepKeys => {
      const relinKeys = saved.relinKeys?.slice() ?? new Uint8Array();
      const part = switchingHeadBytes + 8 + digit * savedPublicKeyBytes(parameters);
      const q = allPrimes(parameters)[prime] ?? NaN;
      const last = part + ciphertextFields.residues + 8 * (n * (prime + 1) - 1);
      new DataView(relinKeys.buffer, relinKeys.byteOffset).setBigUint64(last, BigInt(q), true);
      return { ...saved, relinKeys };
    };
    loading.load(saved, alone);
    for (const [digit, prime] of [[0, 0] as const, [0, 1] as const, [1, 0] as const, [1, 3] as const]) {
      const load = (): void => {
        loading.load(damaged(digit, prime), alone);
      };
      expect(load).toThrow(HepcError);
      expect(load).toThrow(/H6\d\d.*relinearisation key.*4095/);
    }
    loading.load(damaged(0, 2), alone);
    loading.load(damaged(2, 0), alone);
  } finally {
    reference.close();
  }
});

/** Keys of several special primes with residues and seeds that mean nothing, from which each word is known again. */
describe('keys of several special primes', () => {
  const [first = 0, second = 0, ...primes] = nttPrimes([48, 48, 45, 40, 36, 36, 36], 4096) ?? [];
  const parameters: Parameters = { polyModulusDegree: 4096, primes, specialPrimes: [first, second] };
  const n = parameters.polyModulusDegree;
  const needs: EvaluationKeyNeeds = {
    parameters,
    rotationSteps: [0, 3, 7],
    needsRelinKeys: true,
    keyLevels: { rotations: [4, 1, 2], relinearization: 3 },
  };
  /** Of step 7 the program needs less than there is. */
  const levels: Levels = {
    relinearization: 3,
    rotations: new Map([
      [3, 1],
      [7, 0],
      [0, 4],
    ]),
  };

  function randomSection(section: KeySection, seed: number): Uint8Array<ArrayBuffer> {
    const random = seededRandom(seed);
    const bytes = new Uint8Array(section.bytes);
    writeHeads(bytes, section);
    const view = new DataView(bytes.buffer);
    for (const key of section.keys) {
      for (let i = 0; i < seedBytes; i++) bytes[key.seedOffset + i] = random.integer(0, 255);
      for (const [d] of key.digits.entries()) {
        for (const [k, number] of key.primes.entries()) {
          const q = allPrimes(parameters)[number] ?? NaN;
          for (let i = 0; i < n; i++) writeWord(view, key.residuesOffset(d, k) + 6 * i, random.integer(0, q - 1));
        }
      }
    }
    return bytes;
  }

  const { relinearization, rotations } = keySections(needs);
  const sections = [relinearization, rotations].map((section, k) =>
    section === undefined ? new Uint8Array() : randomSection(section, k),
  );
  const saved: StepKeys = {
    relinKeys: sections[0],
    galoisKeys: sections[1],
    rotationSteps: needs.rotationSteps,
    keyLevels: needs.keyLevels,
  };

  test('each residue and each uniform limb comes to its place, for teams of any size', async () => {
    const loading = await Loading.open(parameters, levels, 2);
    const { bench, placed } = loading;
    for (const index of [0, 1]) loading.load(saved, { index, size: 2, barrier: () => undefined });
    const { kernels, memory, primes: records } = bench.context;
    const uniform = bench.take(8 * n);
    const [seedAt, work] = [bench.take(64), bench.take(8192)];
    const check = (place: KeyPlace | undefined, key: PlacedKey | undefined, section: Uint8Array = new Uint8Array()) => {
      if (place === undefined || key === undefined) throw new Error('no key');
      const doubles = new Float64Array(memory.buffer);
      const view = new DataView(section.buffer, section.byteOffset);
      const seed = new Uint8Array(streamSeedBytes);
      for (let d = 0; d < place.digits; d++) {
        for (const [k, number] of key.primes.entries()) {
          if (k > place.level && k <= key.level) continue;
          const target = k <= place.level ? k : k - key.level + place.level;
          const block = keyBlock(place, n, target) / 8 + 4 * d;
          const at = (poly: number, i: number): number =>
            doubles[block + 2 * poly + ((i >> 1) * keyStride(place)) / 8 + (i & 1)] ?? NaN;
          const q = allPrimes(parameters)[number] ?? NaN;
          writeStreamSeed(seed, section, key, d, k);
          new Uint8Array(memory.buffer).set(seed, seedAt);
          kernels.expandUniform(seedAt, uniform, 16, records[number] ?? 0, work);
          for (const i of [0, 1, 2, 3, 1001, n - 2, n - 1]) {
            const word = readWord(view, key.residuesOffset(d, k) + 6 * i);
            expect(at(0, i)).toBe(word > (q - 1) / 2 ? word - q : word);
            expect(at(1, i)).toBe(doubles[uniform / 8 + i]);
          }
        }
      }
    };
    check(placed.relinearization, relinearization?.keys[0], sections[0]);
    for (const [step, { key }] of placed.rotations)
      check(key, rotations?.keys[needs.rotationSteps.indexOf(step)], sections[1]);
  });

  test('a residue beyond its prime is refused where it is read', async () => {
    const loading = await Loading.open(parameters, levels, 1);
    const key = rotations?.keys[2];
    const at = (key?.residuesOffset(0, 0) ?? 0) + 6 * (n - 1);
    const damaged = sections[1]?.slice() ?? new Uint8Array();
    writeWord(new DataView(damaged.buffer), at, primes[0] ?? 0);
    expect(() => {
      loading.load({ ...saved, galoisKeys: damaged }, alone);
    }).toThrow(/H6\d\d.*step 7.*4095/);
    loading.load(saved, alone);
  });
});

/** Words of 48 bits. */
function writeWord(view: DataView, at: number, word: number): void {
  view.setUint32(at, word >>> 0, true);
  view.setUint16(at + 4, Math.floor(word / 2 ** 32), true);
}

function readWord(view: DataView, at: number): number {
  return view.getUint32(at, true) + 2 ** 32 * view.getUint16(at + 4, true);
}
