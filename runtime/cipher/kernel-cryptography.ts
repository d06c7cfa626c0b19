/** Keys, encryption and decryption by our kernels. */
import type { Parameters } from '../../ir/parameters.ts';
import type { EvaluationKeyNeeds } from '../../ir/ckks/switching-keys.ts';
import {
  type Cryptography,
  type MadeKeys,
  placeApart,
  type PublicCipher,
  type SecretCipher,
} from '../base/cryptography.ts';
import { KernelCipher } from './kernel-cipher.ts';
import { KernelRoom } from './kernel-room.ts';
import { makeKeys } from './key-maker.ts';
import { KernelPublicCipher } from './public-cipher.ts';
import { loadSecretKey } from './secret-key.ts';

export class KernelCryptography implements Cryptography {
  private readonly room: KernelRoom;

  /** Rejects with `UnfitError` where kernels do not compute here what they should, and with `HepcError` for lack of memory. */
  static async open(parameters: Parameters): Promise<KernelCryptography> {
    return new KernelCryptography(await KernelRoom.open(parameters));
  }

  private constructor(room: KernelRoom) {
    this.room = room;
  }

  generateKeys(needs: EvaluationKeyNeeds, place = placeApart): Generator<number, MadeKeys> {
    return makeKeys(this.room, needs, place);
  }

  openSecret(secretKey: Uint8Array): SecretCipher {
    this.room.requireOpen();
    loadSecretKey(this.room, secretKey);
    return new KernelCipher(this.room);
  }

  openPublic(publicKey: Uint8Array): PublicCipher {
    this.room.requireOpen();
    return new KernelPublicCipher(this.room, publicKey);
  }

  close(): void {
    this.room.close();
  }
}
