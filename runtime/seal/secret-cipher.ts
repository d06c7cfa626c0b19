/** Encryption and decryption of slot vectors under one secret key, on which nothing else has a hold. */
import type { Decryptor, Encryptor, SecretKey } from 'node-seal';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { SealContext } from './library/context.ts';
import { Handles, withHandles } from './library/handles.ts';
import { LevelEncoder } from './library/level-encoder.ts';
import { loadOrRefuse, saveUncompressed } from './library/save.ts';

export class SecretCipher {
  private readonly context: SealContext;
  private readonly encoder: LevelEncoder;
  private readonly handles = new Handles();
  private readonly encryptor: Encryptor;
  private readonly decryptor: Decryptor;

  /** @param secretKey inspected SEAL bytes. Throws `HepcError` where SEAL refuses them. */
  constructor(context: SealContext, secretKey: Uint8Array) {
    this.context = context;
    const { seal } = context;
    try {
      const key = this.handles.own(new seal.SecretKey());
      loadOrRefuse('the secret key', () => {
        key.loadFromArray(context.context, secretKey);
      });
      this.encoder = new LevelEncoder(context, new Map());
      this.encryptor = this.buildEncryptor(key);
      this.decryptor = this.handles.own(new seal.Decryptor(context.context, key));
    } catch (error) {
      this.handles.freeAll();
      throw error;
    }
  }

  /** A saved ciphertext whose second polynomial is a seed. */
  encrypt(slots: Float64Array, level: number, scale: number): Uint8Array {
    const { seal } = this.context;
    return withHandles((temporary) => {
      const plaintext = temporary.own(new seal.Plaintext());
      this.encoder.encode(slots, level, scale, plaintext);
      return saveUncompressed(seal, temporary.own(this.encryptor.encryptSymmetricSerializable(plaintext)));
    });
  }

  /** The slots of an inspected ciphertext, called `what` where SEAL refuses it with `HepcError`. */
  decrypt(ciphertext: Uint8Array, what: string): Float64Array {
    const { seal, context, encoder } = this.context;
    return withHandles((temporary) => {
      const loaded = temporary.own(new seal.Ciphertext());
      loadOrRefuse(what, () => {
        loaded.loadFromArray(context, ciphertext);
      });
      const plaintext = temporary.own(new seal.Plaintext());
      this.decryptor.decrypt(loaded, plaintext);
      const slots: unknown = encoder.decodeFloat64(plaintext);
      if (!(slots instanceof Float64Array)) throw new InternalError('SEAL decoded something else than doubles');
      return slots;
    });
  }

  close(): void {
    this.handles.freeAll();
  }

  private buildEncryptor(key: SecretKey): Encryptor {
    const { seal, context } = this.context;
    return withHandles((temporary) => {
      // The bindings construct an encryptor with a public key only: a throwaway one, of the same secret.
      const generator = temporary.own(new seal.KeyGenerator(context, key));
      const publicKey = temporary.own(generator.createPublicKey());
      return this.handles.own(new seal.Encryptor(context, publicKey, key));
    });
  }
}
