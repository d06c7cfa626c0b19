/**
 * The client's half of a plan: makes keys, encrypts inputs, decrypts outputs. The only one that ever holds a secret
 * key. Needs the plan's client part alone, which says nothing of the weights.
 */
import type { CKKSEncoder, Decryptor, Encryptor, SecretKey } from 'node-seal';
import { elementCount } from '../ir/constant.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import { keysNotLoaded, missingInput, noSamplesToEncrypt, wrongInputLength } from '../ir/diagnostics/runtime.ts';
import type { ClientPart, InputEncoding } from '../ir/plan/plan.ts';
import { checkInputRange, packInput, unpackOutput } from './codec.ts';
import { readCiphertexts, writeCiphertexts } from './seal/ciphertext-files.ts';
import { SealContext } from './seal/context.ts';
import { Handles, withHandles } from './seal/handles.ts';
import { generateKeys, type KeySet, readSecretKey } from './seal/keys.ts';
import { LevelEncoder } from './seal/level-encoder.ts';
import { instantiateSeal } from './seal/module.ts';
import { loadOrRefuse, saveUncompressed } from './seal/save.ts';

/** Values of a sample by the name of the input or output: flat, row-major. */
export type Sample = ReadonlyMap<string, Float64Array>;

/** Samples of one file of inputs; bounds what a server has to hold. */
const maxSamples = 1 << 16;

interface LoadedKeys {
  readonly keyId: string;
  readonly encryptor: Encryptor;
  readonly decryptor: Decryptor;
}

export class Client {
  readonly part: ClientPart;
  private readonly context: SealContext;
  private readonly levels: LevelEncoder;
  private readonly decoder: CKKSEncoder;
  private readonly keyHandles = new Handles();
  private keys: LoadedKeys | undefined;

  /** Builds SEAL's context, which takes up to seconds for large parameters. To be closed. */
  static async create(part: ClientPart): Promise<Client> {
    return new Client(part, new SealContext(await instantiateSeal(), part.parameters));
  }

  private constructor(part: ClientPart, context: SealContext) {
    this.part = part;
    this.context = context;
    this.levels = new LevelEncoder(context, new Map());
    this.decoder = context.encoder;
  }

  /** Makes and loads new keys. */
  generateKeys(): KeySet {
    const keys = generateKeys(this.context, this.part);
    this.loadKeys(keys.secretKey);
    return keys;
  }

  /** Loads a secret key file. Throws `HepcError` if it is damaged or for other parameters. */
  loadKeys(secretKey: Uint8Array): void {
    const { seal, context } = this.context;
    const read = readSecretKey(secretKey, this.part);
    this.keys = undefined;
    this.keyHandles.freeAll();
    const key: SecretKey = this.keyHandles.own(new seal.SecretKey());
    loadOrRefuse('the secret key', () => {
      key.loadFromArray(context, read.secretKey);
    });
    this.keys = {
      keyId: read.keyId,
      encryptor: this.buildEncryptor(key),
      decryptor: this.keyHandles.own(new seal.Decryptor(context, key)),
    };
  }

  /**
   * A file of encrypted inputs for any number of samples; those beyond the plan's batch are further runs. The
   * encryption is symmetric, so that half of each ciphertext is a seed.
   * Throws `HepcError` where values are missing, of the wrong number, or beyond the range of the plan.
   */
  encrypt(samples: readonly Sample[]): Uint8Array {
    const { keyId, encryptor } = this.requireKeys('encryption');
    const { inputs, batch } = this.part;
    if (samples.length === 0 || samples.length > maxSamples)
      throw new HepcError([noSamplesToEncrypt({ got: samples.length, limit: maxSamples })]);
    throwIfErrors(inputs.flatMap((input) => this.checkInput(input, samples)));
    const runs: Uint8Array[][] = [];
    for (let first = 0; first < samples.length; first += batch) {
      const run = samples.slice(first, first + batch);
      runs.push(inputs.flatMap((input) => this.encryptInput(encryptor, input, run)));
    }
    return writeCiphertexts('inputs', this.part, { keyId, samples: samples.length, runs });
  }

  /** The outputs of each sample. Throws `HepcError` for a file that is damaged, of another plan or another key. */
  decrypt(outputs: Uint8Array): Map<string, Float64Array>[] {
    const { keyId, decryptor } = this.requireKeys('decryption');
    const { samples, runs } = readCiphertexts(outputs, 'outputs', this.part, keyId);
    return runs.flatMap((run, r) => {
      const count = Math.min(this.part.batch, samples - r * this.part.batch);
      const slots = run.map((bytes, i) => this.decryptOne(decryptor, bytes, `output ciphertext ${i} of run ${r}`));
      const results = Array.from({ length: count }, () => new Map<string, Float64Array>());
      let first = 0;
      for (const output of this.part.outputs) {
        const own = slots.slice(first, (first += output.layout.ciphertexts));
        unpackOutput(output, own, count).forEach((values, k) => results[k]?.set(output.name, values));
      }
      return results;
    });
  }

  /** Frees everything, the secret key first of all. */
  close(): void {
    this.keys = undefined;
    this.keyHandles.freeAll();
    this.context.close();
  }

  private buildEncryptor(key: SecretKey): Encryptor {
    const { seal, context } = this.context;
    return withHandles((temporary) => {
      // SEAL's bindings construct an encryptor with a public key only; a throwaway one, of the same secret.
      const generator = temporary.own(new seal.KeyGenerator(context, key));
      const publicKey = temporary.own(generator.createPublicKey());
      return this.keyHandles.own(new seal.Encryptor(context, publicKey, key));
    });
  }

  private checkInput(input: InputEncoding, samples: readonly Sample[]): Diagnostic[] {
    const elements = elementCount(input.shape);
    const problems: Diagnostic[] = [];
    const sound: Float64Array[] = [];
    for (const [sample, values] of samples.entries()) {
      const own = values.get(input.name);
      if (own === undefined) problems.push(missingInput({ input: input.name, sample, found: [...values.keys()] }));
      else if (own.length !== elements)
        problems.push(wrongInputLength({ input: input.name, sample, expected: input.shape, got: own.length }));
      else sound.push(own);
    }
    return problems.length > 0 ? problems : checkInputRange(input, sound);
  }

  private encryptInput(encryptor: Encryptor, input: InputEncoding, samples: readonly Sample[]): Uint8Array[] {
    const { seal } = this.context;
    const values = samples.map((sample) => sample.get(input.name) ?? new Float64Array(elementCount(input.shape)));
    return packInput(input, values).map((slots) =>
      withHandles((temporary) => {
        const plaintext = temporary.own(new seal.Plaintext());
        this.levels.encode(slots, input.level, input.scale, plaintext);
        return saveUncompressed(seal, temporary.own(encryptor.encryptSymmetricSerializable(plaintext)));
      }),
    );
  }

  private decryptOne(decryptor: Decryptor, bytes: Uint8Array, what: string): Float64Array {
    const { seal, context } = this.context;
    return withHandles((temporary) => {
      const ciphertext = temporary.own(new seal.Ciphertext());
      loadOrRefuse(what, () => {
        ciphertext.loadFromArray(context, bytes);
      });
      const plaintext = temporary.own(new seal.Plaintext());
      decryptor.decrypt(ciphertext, plaintext);
      return Float64Array.from(this.decoder.decodeFloat64(plaintext) as Float64Array);
    });
  }

  private requireKeys(what: string): LoadedKeys {
    if (this.keys === undefined) throw new HepcError([keysNotLoaded({ what })]);
    return this.keys;
  }
}
