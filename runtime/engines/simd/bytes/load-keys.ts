/**
 * Evaluation keys from their saved bytes, which have been inspected, to the places that the program reads them from: only the
 * digits and primes of the level that each is used at. Keys of one special prime are SEAL's
 * (`runtime/seal/bytes/inspect-bytes.ts`), those of several have a format of their own (`runtime/cipher/key-format.ts`).
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import { allPrimes, type Parameters } from '../../../../ir/parameters.ts';
import { type EvaluationKeyNeeds, packedResidueBytes } from '../../../../ir/ckks/switching-keys.ts';
import {
  keySections,
  type PlacedKey,
  seedBytes,
  streamSeedBytes,
  writeStreamSeed,
} from '../../../cipher/key-format.ts';
import { galoisIndexOf } from '../../../seal/bytes/galois-elements.ts';
import {
  ciphertextFields,
  savedPublicKeyBytes,
  savedSwitchingKeyBytes,
  seedLength,
  switchingHeadBytes,
} from '../../../seal/bytes/saved-format.ts';
import { extendedPrimes } from '../../../rns/memory/extended-layout.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import type { PlacedKeys } from '../program/executor.ts';
import { keyBlock, type KeyPlace, keyStride } from '../../../rns/memory/layout.ts';
import { checkResidues, type LoadingRoom } from './loading-room.ts';
import { share, type Team } from '../../../rns/team.ts';

/** Keys as they are saved, each where the program needs one. */
export interface SavedKeys {
  readonly relinKeys?: Uint8Array | undefined;
  readonly galoisKeys?: Uint8Array | undefined;
  readonly encapsulationKeys?: Uint8Array | undefined;
}

/** A digit of a key that the program reads. */
export interface KeyDigit {
  /** The key, for diagnostics. */
  readonly what: string;
  readonly place: KeyPlace;
  readonly digit: number;
  readonly from: keyof SavedKeys;
  /** What of the saved keys is needed for it, in this order. */
  readonly pieces: readonly { readonly offset: number; readonly bytes: number }[];
  /** Of a key with several special primes, where it is saved, and how many of its blocks the program reads. */
  readonly packed?: { readonly key: PlacedKey; readonly blocks: number };
}

/** Bytes that are copied for a digit. */
export function digitBytes({ pieces }: KeyDigit): number {
  return pieces.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The most of a digit of any key. */
export function mostDigitBytes(parameters: Parameters): number {
  return parameters.specialPrimes.length === 1
    ? savedPublicKeyBytes(parameters)
    : seedBytes + allPrimes(parameters).length * packedResidueBytes * parameters.polyModulusDegree;
}

/** What there is to load; the same list for all places. */
export function listDigits(needs: EvaluationKeyNeeds, keys: PlacedKeys): KeyDigit[] {
  return needs.parameters.specialPrimes.length === 1 ? listSealDigits(needs, keys) : listPackedDigits(needs, keys);
}

function listSealDigits({ parameters, rotationSteps }: EvaluationKeyNeeds, placed: PlacedKeys): KeyDigit[] {
  const { relinearization, rotations } = placed;
  const { polyModulusDegree: n } = parameters;
  const partBytes = savedPublicKeyBytes(parameters);
  const keyBytes = savedSwitchingKeyBytes(parameters);
  // A table of one entry for the relinearisation key, of n entries for the Galois keys: counts, each before its key.
  const digitsOf = (
    what: string,
    place: KeyPlace,
    from: keyof SavedKeys,
    index: number,
    before: number,
  ): KeyDigit[] => {
    const start = switchingHeadBytes + 8 * (index + 1) + before * keyBytes;
    return Array.from({ length: place.digits }, (_, digit) => {
      return { what, place, digit, from, pieces: [{ offset: start + digit * partBytes, bytes: partBytes }] };
    });
  };
  const digits: KeyDigit[] = [];
  if (relinearization !== undefined)
    digits.push(...digitsOf('the relinearisation key', relinearization, 'relinKeys', 0, 0));
  const indices = rotationSteps.map((step) => galoisIndexOf(step, n)).sort((a, b) => a - b);
  for (const [step, { key }] of rotations) {
    const index = galoisIndexOf(step, n);
    const before = indices.indexOf(index);
    if (before === -1) throw new InternalError(`no key for step ${step}`);
    digits.push(...digitsOf(`the Galois key of step ${step}`, key, 'galoisKeys', index, before));
  }
  return digits;
}

function listPackedDigits(needs: EvaluationKeyNeeds, placed: PlacedKeys): KeyDigit[] {
  const sections = keySections(needs);
  const digitsOf = (place: KeyPlace, from: keyof SavedKeys, key: PlacedKey | undefined): KeyDigit[] => {
    if (key === undefined || key.level < place.level) throw new InternalError(`no key for level ${place.level}`);
    const { what, primes, limbBytes, seedOffset } = key;
    const isOfLevels = from !== 'encapsulationKeys';
    return Array.from({ length: place.digits }, (_, digit) => {
      const residues = { offset: key.residuesOffset(digit, 0), bytes: primes.length * limbBytes };
      const pieces = [{ offset: seedOffset, bytes: seedBytes }, residues];
      // A key of an encapsulation has all of its primes at its level, and is read whole.
      const blocks = isOfLevels ? extendedPrimes(needs.parameters, place.level) : primes.length;
      return { what, place, digit, from, pieces, packed: { key, blocks } };
    });
  };
  const { relinearization, rotations, encapsulation } = placed;
  const ofSteps = new Map(needs.rotationSteps.map((step, k) => [step, sections.rotations?.keys[k]]));
  return [
    ...(relinearization === undefined ? [] : digitsOf(relinearization, 'relinKeys', sections.relinearization?.keys[0])),
    ...[...rotations].flatMap(([step, { key }]) => digitsOf(key, 'galoisKeys', ofSteps.get(step))),
    ...(encapsulation === undefined
      ? []
      : [encapsulation.toSparse, encapsulation.toDense].flatMap((place, k) =>
          digitsOf(place, 'encapsulationKeys', sections.encapsulation?.keys[k]),
        )),
  ];
}

/** Copies the saved bytes of digits, one after another. */
export function copyDigits(digits: readonly KeyDigit[], saved: SavedKeys, target: Uint8Array): void {
  let end = 0;
  for (const { from, pieces, what } of digits) {
    const source = saved[from];
    if (source === undefined) throw new InternalError(`the program needs ${what}`);
    for (const { offset, bytes } of pieces) {
      target.set(source.subarray(offset, offset + bytes), end);
      end += bytes;
    }
  }
}

/**
 * Loads digits, shared out among the members; whoever reads them waits for a barrier. Throws `HepcError` for a residue that
 * is not below its prime.
 * @param bytes of the digits, as `copyDigits` leaves them
 */
export function loadDigits(
  context: SimdContext,
  digits: readonly KeyDigit[],
  bytes: Uint8Array,
  room: LoadingRoom,
  team: Team,
): void {
  const ends: number[] = [];
  for (const digit of digits) ends.push((ends.at(-1) ?? 0) + digitBytes(digit));
  share(team, digits.length, (k) => {
    const digit = digits[k];
    if (digit === undefined) return;
    const own = bytes.subarray(ends[k - 1] ?? 0, ends[k]);
    if (digit.packed === undefined) loadSealDigit(context, digit, own, room);
    else loadPackedDigit(context, digit, digit.packed, own, room);
  });
}

/** A saved ciphertext: residues of the first polynomial, and the seed of the second one. */
function loadSealDigit(
  { kernels, parameters, primes, n }: SimdContext,
  { what, place, digit }: KeyDigit,
  part: Uint8Array,
  room: LoadingRoom,
): void {
  const { level } = place;
  const special = parameters.primes.length;
  const staged = special + 1;
  room.expand(part.subarray(part.length - seedLength), special + 1, 0);
  for (let k = 0; k <= level + 1; k++) {
    const prime = k <= level ? k : special;
    const record = primes[prime] ?? 0;
    const block = keyBlock(place, n, k);
    const from = ciphertextFields.residues + 8 * n * prime;
    room.put(staged, part.subarray(from, from + 8 * n));
    checkResidues(kernels.loadKey(room.limb(staged), block, keyStride(place), digit, 0, record), what);
    kernels.loadKey(room.limb(prime), block, keyStride(place), digit, 1, record);
  }
}

/** The seed of its key, and residues of the first polynomial. */
function loadPackedDigit(
  { kernels, primes, n }: SimdContext,
  { what, place, digit }: KeyDigit,
  { key, blocks }: NonNullable<KeyDigit['packed']>,
  part: Uint8Array,
  room: LoadingRoom,
): void {
  const { level } = place;
  const stride = keyStride(place);
  const seed = new Uint8Array(streamSeedBytes);
  for (let k = 0; k < blocks; k++) {
    // The key may be good for more levels, whose primes come between.
    const saved = k <= level ? k : k + key.level - level;
    const record = primes[key.primes[saved] ?? -1] ?? 0;
    const target = keyBlock(place, n, k) + 32 * digit;
    const from = seedBytes + saved * key.limbBytes;
    room.put(0, part.subarray(from, from + key.limbBytes));
    checkResidues(kernels.unpackResidues(room.limb(0), target, stride, record), what);
    writeStreamSeed(seed, part, { ...key, seedOffset: 0 }, digit, saved);
    room.expandStream(seed, target + 16, stride, record);
  }
}
