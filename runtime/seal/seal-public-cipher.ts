/** Encryption under a public key by SEAL. */
import type { Ciphertext, Encryptor, Plaintext } from 'node-seal';
import type { Parameters } from '../../ir/parameters.ts';
import type { PublicCipher } from '../base/cryptography.ts';
import { SealContext } from './library/context.ts';
import { Handles } from './library/handles.ts';
import { LevelEncoder } from './library/level-encoder.ts';
import type { Seal } from './library/module.ts';
import { loadOrRefuse, saveUncompressed } from './library/save.ts';

export class SealPublicCipher implements PublicCipher {
  private readonly context: SealContext;
  private readonly handles = new Handles();
  private readonly encryptor: Encryptor;
  private readonly encoder: LevelEncoder;
  private readonly plaintext: Plaintext;
  private readonly ciphertext: Ciphertext;

  /**
   * @param publicKey inspected SEAL bytes. Throws `HepcError` where SEAL refuses them.
   * @param counts how many encryptions there will be at each level, about
   */
  constructor(seal: Seal, parameters: Parameters, publicKey: Uint8Array, counts: ReadonlyMap<number, number>) {
    const { handles } = this;
    this.context = new SealContext(seal, parameters);
    try {
      const key = handles.own(new seal.PublicKey());
      loadOrRefuse('the public key', () => {
        key.loadFromArray(this.context.context, publicKey);
      });
      this.encryptor = handles.own(new seal.Encryptor(this.context.context, key));
      this.encoder = new LevelEncoder(this.context, counts);
      this.plaintext = handles.own(new seal.Plaintext());
      this.ciphertext = handles.own(new seal.Ciphertext());
    } catch (error) {
      this.close();
      throw error;
    }
  }

  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array {
    const { plaintext, ciphertext } = this;
    this.encoder.encode(slots, level, scale, plaintext);
    this.encryptor.encrypt(plaintext, ciphertext);
    return saveUncompressed(this.context.seal, ciphertext);
  }

  close(): void {
    this.handles.freeAll();
    this.context.close();
  }
}
