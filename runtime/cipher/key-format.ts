/**
 * Evaluation keys of plans with several special primes, in a format of our own. All numbers are little-endian.
 *
 *   section   "HKSK", u32 version, u32 number of keys, u32 zero, the keys
 *   key       u32 Galois element (0: relinearisation; 2: to the sparse secret; 4: from it), u32 level, u32 digits, u32 primes, seed of 32 bytes, 16 bytes of
 *             zeros, then for each digit and each prime the n residues of b in words of 48 bits
 *
 * A key switches s' to s for ciphertexts up to its level. Its digits are those of that level (`keyDigitsAt`), its primes the
 * data primes up to it and then all special ones. For each digit it is the pair (b, a), transformed, with
 *
 *   b = −a·s + e + P·g·s'   g ≡ 1 modulo the primes of the digit, 0 modulo all others
 *
 * Those of an encapsulation are one digit each, modulo the primes of `encapsulationPrimes`: to the sparse secret s~ it is
 * b = −a·s~ + e + p·s, with p the one special prime of the key, and from it b = −a·s + e + P·s~ modulo all data primes.
 *
 * (Han and Ki, "Better Bootstrapping for Approximate Homomorphic Encryption", CT-RSA 2020, section 3.2). The uniform a is
 * not stored: modulo each prime it is what the kernel `expandUniform` makes of ChaCha20 (RFC 8439) with the key's seed and a
 * nonce of three words: the digit, the place of the prime among all of the parameters, and zero. A seed is for one key.
 *
 * Everything here works on bytes, before anything is computed with them: sizes follow from the plan and are compared
 * first. Whether residues are below their primes, the kernel finds that unpacks them.
 */
import { type Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { malformedSwitchingKeys, repeatedSeed } from '../../ir/diagnostics/runtime.ts';
import type { Parameters } from '../../ir/parameters.ts';
import {
  type EvaluationKeyNeeds,
  encapsulationPrimes,
  type KeyDigit,
  keyDigitsAt,
  packedResidueBytes,
} from '../../ir/ckks/switching-keys.ts';
import { galoisIndexOf } from '../seal/bytes/galois-elements.ts';

const magic = 0x4b534b48;
const version = 1;
const sectionHeadBytes = 16;
const keyHeadBytes = 64;
const seedField = 16;
const zerosField = 48;
export const seedBytes = 32;
/** What kernels take of ChaCha20: a key, a nonce of three words, and four bytes that stand for nothing. */
export const streamSeedBytes = 48;

/** In place of a Galois element: what a key is that is none of a rotation. */
export const keyElements = { relinearization: 0, toSparse: 2, toDense: 4 } as const;

/** A key where it lies in a section. */
export interface PlacedKey {
  /** For diagnostics. */
  readonly what: string;
  /** Galois element of a rotation or the conjugation; or one of `keyElements`, which no Galois element is. */
  readonly element: number;
  /** The highest level of what it switches. */
  readonly level: number;
  readonly digits: readonly KeyDigit[];
  /** Places among all primes of the parameters: of the data primes up to the level, then of the special ones. */
  readonly primes: readonly number[];
  /** Of its seed in the section. */
  readonly seedOffset: number;
  /** Bytes of the residues of one polynomial modulo one prime. */
  readonly limbBytes: number;
  /** Of the residues of b for a digit and the `prime`-th of its primes. */
  residuesOffset(digit: number, prime: number): number;
}

/** The keys of a section in order, and the bytes of all of it. */
export interface KeySection {
  readonly keys: readonly PlacedKey[];
  readonly bytes: number;
}

/** What the sections of evaluation keys hold: that of relinearisation, that of all steps in their order, and that of the encapsulation. */
export interface KeySections {
  readonly relinearization?: KeySection;
  readonly rotations?: KeySection;
  readonly encapsulation?: KeySection;
}

/** The sections that a plan with levels of keys needs. */
export function keySections(needs: EvaluationKeyNeeds): KeySections {
  const { parameters, rotationSteps, needsRelinKeys, needsEncapsulation, keyLevels } = needs;
  const { polyModulusDegree: n } = parameters;
  const top = parameters.primes.length - 1;
  const atLevel = (what: string, element: number, level: number): KeyName => ({
    ...{ what, element, level },
    digits: keyDigitsAt(parameters, level),
    primes: [...Array.from({ length: level + 1 }, (_, j) => j), ...parameters.specialPrimes.map((_, i) => top + 1 + i)],
  });
  const relinearization = atLevel(
    'the relinearisation key',
    keyElements.relinearization,
    keyLevels?.relinearization ?? top,
  );
  const rotations = rotationSteps.map((step, k) =>
    atLevel(`the Galois key of step ${step}`, 2 * galoisIndexOf(step, n) + 1, keyLevels?.rotations[k] ?? top),
  );
  const { toSparse, toDense } = encapsulationPrimes(parameters);
  const encapsulation: KeyName[] = [
    {
      what: 'the key to the sparse secret',
      element: keyElements.toSparse,
      level: 0,
      digits: [{ from: 0, to: 1 }],
      primes: toSparse,
    },
    {
      what: 'the key from the sparse secret',
      element: keyElements.toDense,
      level: top,
      digits: [{ from: 0, to: top + 1 }],
      primes: toDense,
    },
  ];
  return {
    ...(needsRelinKeys && { relinearization: placeKeys(parameters, [relinearization]) }),
    ...(rotations.length > 0 && { rotations: placeKeys(parameters, rotations) }),
    ...(needsEncapsulation === true && { encapsulation: placeKeys(parameters, encapsulation) }),
  };
}

/** A key that has no place yet. */
type KeyName = Pick<PlacedKey, 'what' | 'element' | 'level' | 'digits' | 'primes'>;

function placeKeys({ polyModulusDegree }: Parameters, names: readonly KeyName[]): KeySection {
  const limbBytes = polyModulusDegree * packedResidueBytes;
  const keys: PlacedKey[] = [];
  let offset = sectionHeadBytes;
  for (const name of names) {
    const { digits, primes } = name;
    const residues = offset + keyHeadBytes;
    const residuesOffset = (digit: number, prime: number): number =>
      residues + (digit * primes.length + prime) * limbBytes;
    keys.push({ ...name, seedOffset: offset + seedField, limbBytes, residuesOffset });
    offset = residuesOffset(digits.length, 0);
  }
  return { keys, bytes: offset };
}

/** The 48 bytes of which kernels make a's limb of a key for a digit and the `prime`-th of its primes. */
export function writeStreamSeed(
  target: Uint8Array,
  section: Uint8Array,
  { seedOffset, primes }: PlacedKey,
  digit: number,
  prime: number,
): void {
  target.set(section.subarray(seedOffset, seedOffset + seedBytes));
  const nonce = new DataView(target.buffer, target.byteOffset + seedBytes, streamSeedBytes - seedBytes);
  [digit, primes[prime] ?? -1, 0, 0].forEach((word, i) => {
    nonce.setUint32(4 * i, word, true);
  });
}

/** Writes all of a section but the seeds and residues of its keys. */
export function writeHeads(section: Uint8Array, { keys }: KeySection): void {
  const view = viewOf(section);
  writeWords(view, 0, headOfSection(keys));
  for (const key of keys) writeWords(view, key.seedOffset - seedField, headOfKey(key));
}

/**
 * What is wrong with sections of keys, each with what it must be: H653 for anything but the keys of the plan in their order, H654
 * for a seed that stands there twice.
 */
export function inspectSwitchingKeys(
  sections: readonly { readonly bytes: Uint8Array; readonly expected: KeySection; readonly what: string }[],
): Diagnostic[] {
  const diagnostics: Diagnostic[] = [];
  const seeds = new Map<string, string>();
  for (const { bytes, expected, what } of sections) {
    const reason = sectionProblem(bytes, expected);
    if (reason !== undefined) {
      diagnostics.push(malformedSwitchingKeys({ what, reason }));
      continue;
    }
    for (const key of expected.keys) {
      const problem = keyProblem(bytes, key);
      if (problem !== undefined) diagnostics.push(malformedSwitchingKeys({ what: key.what, reason: problem }));
      const seed = String.fromCharCode(...bytes.subarray(key.seedOffset, key.seedOffset + seedBytes));
      const other = seeds.get(seed);
      if (other !== undefined) diagnostics.push(repeatedSeed({ what: key.what, other }));
      seeds.set(seed, key.what);
    }
  }
  return diagnostics.slice(0, maxReports);
}

const maxReports = 8;

function sectionProblem(bytes: Uint8Array, { keys, bytes: expected }: KeySection): string | undefined {
  if (bytes.length !== expected)
    return `it has ${bytes.length} bytes; with the parameters of the plan it takes ${expected}`;
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== magic) return 'it does not begin as keys of several special primes do';
  const got = readWords(view, 0);
  const wanted = headOfSection(keys);
  if (got[1] !== version) return `it is of version ${got[1]}; expected ${version}`;
  return got.every((word, i) => word === wanted[i]) ? undefined : `it has ${got[2]} keys; expected ${keys.length}`;
}

function keyProblem(bytes: Uint8Array, key: PlacedKey): string | undefined {
  const start = key.seedOffset - seedField;
  const [element, level, digits, primes] = readWords(viewOf(bytes), start);
  const { element: wanted, level: highest } = key;
  if (element !== wanted) return `it is of Galois element ${element}; expected ${wanted}`;
  if (level !== highest || digits !== key.digits.length || primes !== key.primes.length)
    return (
      `it is of level ${level} with ${digits} digits and ${primes} primes; ` +
      `expected level ${highest} with ${key.digits.length} and ${key.primes.length}`
    );
  if (bytes.subarray(start + zerosField, start + keyHeadBytes).some((byte) => byte !== 0))
    return 'a reserved field is not zero';
  return undefined;
}

type Words = readonly [number, number, number, number];

function headOfSection(keys: readonly PlacedKey[]): Words {
  return [magic, version, keys.length, 0];
}

function headOfKey({ element, level, digits, primes }: PlacedKey): Words {
  return [element, level, digits.length, primes.length];
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

function readWords(view: DataView, at: number): Words {
  const word = (i: number): number => view.getUint32(at + 4 * i, true);
  return [word(0), word(1), word(2), word(3)];
}

function writeWords(view: DataView, at: number, words: Words): void {
  words.forEach((word, i) => {
    view.setUint32(at + 4 * i, word, true);
  });
}
