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
import type { SimdContext } from '../memory/context.ts';
import type { PlacedKeys } from '../program/executor.ts';
import { keyBlock, type KeyPlace, keyStride } from '../memory/layout.ts';
import { checkResidues, type LoadingRoom } from './loading-room.ts';
import { share, type Team } from '../operations/team.ts';

/** As in `PrepareRequest`. */
export interface SavedKeys {
  readonly relinKeys: Uint8Array | undefined;
  readonly galoisKeys: Uint8Array | undefined;
  /** Of the Galois keys. */
  readonly rotationSteps: readonly number[];
}

interface SavedKey {
  readonly what: string;
  readonly place: KeyPlace;
  /** A saved ciphertext for each digit, one after another. */
  readonly bytes: Uint8Array;
}

/**
 * Loads what the program uses, digit by digit shared out among the members; whoever reads them waits for a barrier. Throws
 * `HepcError` for a residue that is not below its prime.
 */
export function loadKeys(
  context: SimdContext,
  saved: SavedKeys,
  placed: PlacedKeys,
  room: LoadingRoom,
  team: Team,
): void {
  const digits = savedKeys(context.parameters, saved, placed).flatMap((key) =>
    Array.from({ length: key.place.level + 1 }, (_, digit) => ({ key, digit })),
  );
  share(team, digits.length, (k) => {
    const task = digits[k];
    if (task !== undefined) loadDigit(context, task.key, task.digit, room);
  });
}

function savedKeys(parameters: Parameters, saved: SavedKeys, { relinearization, rotations }: PlacedKeys): SavedKey[] {
  const { polyModulusDegree: n } = parameters;
  const keyBytes = savedSwitchingKeyBytes(parameters);
  // A table of one entry for the relinearisation key, of n entries for the Galois keys: counts, each before its key.
  const keyAt = (table: Uint8Array, index: number, keysBefore: number): Uint8Array => {
    const at = switchingHeadBytes + 8 * (index + 1) + keysBefore * keyBytes;
    return table.subarray(at, at + keyBytes);
  };
  const keys: SavedKey[] = [];
  if (relinearization !== undefined) {
    if (saved.relinKeys === undefined) throw new InternalError('the program relinearises without a key');
    const bytes = keyAt(saved.relinKeys, 0, 0);
    keys.push({ what: 'the relinearisation key', place: relinearization, bytes });
  }
  const indices = saved.rotationSteps.map((step) => galoisIndexOf(step, n)).sort((a, b) => a - b);
  for (const [step, { key: place }] of rotations) {
    const index = galoisIndexOf(step, n);
    const keysBefore = indices.indexOf(index);
    if (saved.galoisKeys === undefined || keysBefore === -1) throw new InternalError(`no key for step ${step}`);
    keys.push({ what: `the Galois key of step ${step}`, place, bytes: keyAt(saved.galoisKeys, index, keysBefore) });
  }
  return keys;
}

function loadDigit({ kernels, parameters, primes, n }: SimdContext, key: SavedKey, digit: number, room: LoadingRoom) {
  const { place, what } = key;
  const { level } = place;
  const partBytes = savedPublicKeyBytes(parameters);
  const part = key.bytes.subarray(digit * partBytes, (digit + 1) * partBytes);
  const special = parameters.primes.length;
  const staged = special + 1;
  room.expand(part.subarray(partBytes - seedLength), special + 1, 0);
  for (let k = 0; k <= level + 1; k++) {
    const prime = k <= level ? k : special;
    const record = primes[prime] ?? 0;
    const block = keyBlock(place, n, k);
    const from = ciphertextFields.residues + 8 * n * prime;
    room.put(staged, part.subarray(from, from + 8 * n));
    checkResidues(kernels.loadKey(room.limb(staged), block, keyStride(level), digit, 0, record), what);
    kernels.loadKey(room.limb(prime), block, keyStride(level), digit, 1, record);
  }
}
