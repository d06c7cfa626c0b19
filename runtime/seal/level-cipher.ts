/**
 * Encryption and decryption of slot vectors at one level, in a context of that level alone: with a chain of 13 primes
 * at degree 16384 that of the lowest level is built in a hundredth of the time of all. What it makes belongs to the
 * context of the whole chain, since SEAL's identity of a level depends on its primes alone.
 */
import type { Decryptor, Encryptor, SecretKey } from 'node-seal';
import { InternalError } from '../../ir/diagnostics/diagnostic.ts';
import type { Parameters } from '../../ir/parameters.ts';
import { parametersAtLevel, secretKeyAtLevel } from './bytes/secret-key-at-level.ts';
import { SealContext } from './library/context.ts';
import { Handles, withHandles } from './library/handles.ts';
import { LevelEncoder } from './library/level-encoder.ts';
import type { Seal } from './library/module.ts';
import { loadOrRefuse, saveUncompressed } from './library/save.ts';

export class LevelCipher {
  private readonly level: number;
  private readonly context: SealContext;
  private readonly encoder: LevelEncoder;
  private readonly handles = new Handles();
  private readonly key: SecretKey;
  private readonly decryptor: Decryptor;
  /** Built for the first encryption: many a client only decrypts. */
  private encryptor: Encryptor | undefined;

  /** @param secretKey inspected SEAL bytes, of all `parameters`. Throws `HepcError` where SEAL refuses them. */
  constructor(seal: Seal, parameters: Parameters, level: number, secretKey: Uint8Array) {
    this.level = level;
    this.context = new SealContext(seal, parametersAtLevel(parameters, level), 'top');
    const own = secretKeyAtLevel(secretKey, parameters, level);
    try {
      this.key = this.handles.own(new seal.SecretKey());
      loadOrRefuse('the secret key', () => {
        this.key.loadFromArray(this.context.context, own);
      });
      this.encoder = new LevelEncoder(this.context, new Map());
      this.decryptor = this.handles.own(new seal.Decryptor(this.context.context, this.key));
    } catch (error) {
      this.close();
      throw error;
    } finally {
      own.fill(0);
    }
  }

  /** A saved ciphertext whose second polynomial is a seed. */
  encrypt(slots: Float64Array, scale: number): Uint8Array {
    const { seal } = this.context;
    this.encryptor ??= this.buildEncryptor();
    const { encryptor } = this;
    return withHandles((temporary) => {
      const plaintext = temporary.own(new seal.Plaintext());
      this.encoder.encode(slots, this.level, scale, plaintext);
      return saveUncompressed(seal, temporary.own(encryptor.encryptSymmetricSerializable(plaintext)));
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
    this.context.close();
  }

  private buildEncryptor(): Encryptor {
    const { seal, context } = this.context;
    return withHandles((temporary) => {
      // The bindings construct an encryptor with a public key only: a throwaway one, of the same secret.
      const generator = temporary.own(new seal.KeyGenerator(context, this.key));
      const publicKey = temporary.own(generator.createPublicKey());
      return this.handles.own(new seal.Encryptor(context, publicKey, this.key));
    });
  }
}
