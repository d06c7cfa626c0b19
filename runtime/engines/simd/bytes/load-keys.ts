/**
 * Evaluation keys from SEAL's saved bytes, which have been inspected (`runtime/seal/bytes/inspect-bytes.ts`), to the places that
 * the program reads them from: only the digits and primes of the level that each is used at.
 */
import { InternalError } from '../../../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../../../ir/parameters.ts';
import { galoisIndexOf } from '../../../seal/bytes/galois-elements.ts';
import {
  ciphertextFields,
  savedPublicKeyBytes,
  savedSwitchingKeyBytes,
  seedLength,
  switchingHeadBytes,
} from '../../../seal/bytes/saved-format.ts';
import type { SimdContext } from '../../../rns/memory/context.ts';
import type { PlacedKeys } from '../program/executor.ts';
import { keyBlock, type KeyPlace, keyStride } from '../../../rns/memory/layout.ts';
import { checkResidues, type LoadingRoom } from './loading-room.ts';
import { share, type Team } from '../../../rns/team.ts';

/** Keys as they are saved, each where the program needs one. */
export interface SavedKeys {
  readonly relinKeys?: Uint8Array | undefined;
  readonly galoisKeys?: Uint8Array | undefined;
}

/** A digit of a key that the program reads: a saved ciphertext. */
export interface KeyDigit {
  /** The key, for diagnostics. */
  readonly what: string;
  readonly place: KeyPlace;
  readonly digit: number;
  /** Where its `digitBytes` bytes begin. */
  readonly from: keyof SavedKeys;
  readonly offset: number;
}

/** Bytes of a saved digit. */
export function digitBytes(parameters: Parameters): number {
  return savedPublicKeyBytes(parameters);
}

/** What there is to load; the same list for all places. @param rotationSteps of the saved Galois keys */
export function listDigits(
  parameters: Parameters,
  rotationSteps: readonly number[],
  { relinearization, rotations }: PlacedKeys,
): KeyDigit[] {
  const { polyModulusDegree: n } = parameters;
  const partBytes = digitBytes(parameters);
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
      return { what, place, digit, from, offset: start + digit * partBytes };
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

/** Copies the saved bytes of digits, one after another. */
export function copyDigits(
  parameters: Parameters,
  digits: readonly KeyDigit[],
  saved: SavedKeys,
  target: Uint8Array,
): void {
  const partBytes = digitBytes(parameters);
  for (const [k, { from, offset, what }] of digits.entries()) {
    const bytes = saved[from];
    if (bytes === undefined) throw new InternalError(`the program needs ${what}`);
    target.set(bytes.subarray(offset, offset + partBytes), k * partBytes);
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
  const partBytes = digitBytes(context.parameters);
  share(team, digits.length, (k) => {
    const digit = digits[k];
    if (digit !== undefined) loadDigit(context, digit, bytes.subarray(k * partBytes, (k + 1) * partBytes), room);
  });
}

function loadDigit(
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
