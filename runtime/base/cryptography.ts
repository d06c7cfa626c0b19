/**
 * What a client computes with keys, whatever computes it: our kernels, or SEAL where these cannot run. Both read and write
 * the same bytes, those of SEAL 4.1.
 */
import type { EvaluationKeyNeeds } from '../../ir/ckks/switching-keys.ts';

/** Encryption and decryption of slot vectors under one secret key, on which nothing else has a hold. */
export interface SecretCipher {
  /**
   * A saved ciphertext whose second polynomial is a seed. Throws `InternalError` for slots that cannot be encoded at the
   * level and scale.
   */
  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array;
  /**
   * The plaintext of an inspected ciphertext of level 1, the polynomial of centred integers that it is, encrypted anew at `level` as
   * `encrypt` does. Nothing of the plaintext decides what is done or how long it takes. Throws `HepcError` where a residue of the
   * ciphertext, called `what`, is not below its prime, and where our kernels are not there (H660).
   */
  refresh(ciphertext: Uint8Array, level: number, what: string): Uint8Array;
  /** The slots of an inspected ciphertext, called `what` where a residue is not below its prime (`HepcError`). */
  decrypt(ciphertext: Uint8Array, what: string): Float64Array;
  /** Overwrites the key. */
  close(): void;
}

/** Encryption under a public key. */
export interface PublicCipher {
  /** A saved ciphertext of two polynomials. Throws `InternalError` as `SecretCipher.encrypt` does. */
  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array;
  close(): void;
}

/** The sections of files of keys. */
export interface MadeKeys {
  /** As `openSecret` takes it. */
  readonly secretKey: Uint8Array;
  /** As `openPublic` takes it. */
  readonly publicKey: Uint8Array;
  /** The relinearisation key and the Galois keys, those of them that are needed. */
  readonly evaluation: readonly Uint8Array[];
}

/** Zeros for each section of evaluation keys, whose sizes are known before they are made. */
export type PlaceSections = (publicKey: Uint8Array, sizes: readonly number[]) => readonly Uint8Array[];

/** For the parameters of one plan. Holds memory outside of JavaScript's until it is closed. */
export interface Cryptography {
  /**
   * New keys: yields 0 once there is a secret, and the part that is done, to 1, after each evaluation key.
   * @param place where evaluation keys are to be written
   */
  generateKeys(needs: EvaluationKeyNeeds, place?: PlaceSections): Generator<number, MadeKeys>;
  /** @param secretKey inspected, and copied. One at a time: what was opened before is closed first */
  openSecret(secretKey: Uint8Array): SecretCipher;
  /**
   * @param publicKey inspected, and copied. Throws `HepcError` where a residue is not below its prime.
   * @param counts how many encryptions there will be at each level, about
   */
  openPublic(publicKey: Uint8Array, counts?: ReadonlyMap<number, number>): PublicCipher;
  close(): void;
}

/** In memory of their own. */
export const placeApart: PlaceSections = (_, sizes) => sizes.map((size) => new Uint8Array(size));
