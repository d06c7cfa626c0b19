/** Encryption and decryption by SEAL. */
import { HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { refreshNeedsKernels } from '../../ir/diagnostics/refresh/messages.ts';
import type { Parameters } from '../../ir/parameters.ts';
import type { SecretCipher } from '../base/cryptography.ts';
import { levelOfSaved } from './bytes/saved-format.ts';
import { LevelCipher } from './level-cipher.ts';
import type { Seal } from './library/module.ts';

export class SealCipher implements SecretCipher {
  private readonly seal: Seal;
  private readonly parameters: Parameters;
  /** Undefined once closed. */
  private secretKey: Uint8Array | undefined;
  private readonly levels = new Map<number, LevelCipher>();

  /** @param secretKey inspected SEAL bytes, which are copied. Each level is built at its first use. */
  constructor(seal: Seal, parameters: Parameters, secretKey: Uint8Array) {
    this.seal = seal;
    this.parameters = parameters;
    this.secretKey = secretKey.slice();
  }

  /** A saved ciphertext whose second polynomial is a seed. Throws `HepcError` where SEAL refuses the key. */
  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array {
    return this.atLevel(level).encrypt(slots, scale);
  }

  /** SEAL's CKKS encrypts slots of doubles, which do not hold a masked polynomial. */
  refresh(): never {
    throw new HepcError([refreshNeedsKernels({})]);
  }

  /**
   * The slots of an inspected ciphertext, called `what` where SEAL refuses it with `HepcError`, as where it refuses the
   * key.
   */
  decrypt(ciphertext: Uint8Array, what: string): Float64Array {
    return this.atLevel(levelOfSaved(ciphertext)).decrypt(ciphertext, what);
  }

  /** Overwrites the key. */
  close(): void {
    for (const cipher of this.levels.values()) cipher.close();
    this.levels.clear();
    this.secretKey?.fill(0);
    this.secretKey = undefined;
  }

  private atLevel(level: number): LevelCipher {
    const known = this.levels.get(level);
    if (known !== undefined) return known;
    if (this.secretKey === undefined) throw new InternalError('a cipher is used after it was closed');
    const cipher = new LevelCipher(this.seal, this.parameters, level, this.secretKey);
    this.levels.set(level, cipher);
    return cipher;
  }
}
