/**
 * The client's half of a plan: makes keys, encrypts inputs, decrypts outputs. The only one that ever holds a secret
 * key. Needs the plan's client part alone, which says nothing of the weights.
 */
import { elementCount } from '../ir/constant.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { Sample } from '../ir/interface.ts';
import { keysNotLoaded, missingInput, noSamplesToEncrypt, wrongInputLength } from '../ir/diagnostics/runtime.ts';
import { byCiphertext, type ClientPart, type InputEncoding, sentCiphertexts } from '../ir/plan/plan.ts';
import { checkInputRange, packInput, unpackOutput } from './base/codec.ts';
import { readCiphertexts, writeCiphertexts } from './seal/bytes/ciphertext-files.ts';
import { SealContext } from './seal/library/context.ts';
import { generateKeys, type KeySet, readSecretKey } from './seal/keys.ts';
import { instantiateSeal } from './seal/library/module.ts';
import { SecretCipher } from './seal/secret-cipher.ts';

/** Samples of one file of inputs; bounds what a server has to hold. */
const maxSamples = 1 << 16;

interface LoadedKeys {
  readonly keyId: string;
  readonly cipher: SecretCipher;
}

export class Client {
  readonly part: ClientPart;
  private readonly context: SealContext;
  private keys: LoadedKeys | undefined;

  /** Builds SEAL's context, which takes up to seconds for large parameters. To be closed. */
  static async create(part: ClientPart): Promise<Client> {
    return new Client(part, new SealContext(await instantiateSeal(), part.parameters));
  }

  private constructor(part: ClientPart, context: SealContext) {
    this.part = part;
    this.context = context;
  }

  /** Makes and loads new keys. */
  generateKeys(): KeySet {
    const keys = generateKeys(this.context, this.part);
    this.loadKeys(keys.secretKey);
    return keys;
  }

  /** Loads a secret key file in place of the key before. Throws `HepcError` if it is damaged or does not fit. */
  loadKeys(secretKeyFile: Uint8Array): void {
    const { keyId, secretKey } = readSecretKey(secretKeyFile, this.part);
    const cipher = new SecretCipher(this.context, secretKey);
    this.keys?.cipher.close();
    this.keys = { keyId, cipher };
  }

  /**
   * A file of encrypted inputs for any number of samples; those beyond the plan's batch are further runs. The
   * encryption is symmetric, so that half of each ciphertext is a seed.
   * Throws `HepcError` where values are missing, of the wrong number, or beyond the range of the plan.
   */
  encrypt(samples: readonly Sample[]): Uint8Array {
    const { keyId, cipher } = this.requireKeys('encryption');
    const { inputs, batch } = this.part;
    if (samples.length === 0 || samples.length > maxSamples)
      throw new HepcError([noSamplesToEncrypt({ got: samples.length, limit: maxSamples })]);
    throwIfErrors(inputs.flatMap((input) => this.checkInput(input, samples)));
    const runs: Uint8Array[][] = [];
    for (let first = 0; first < samples.length; first += batch) {
      const run = samples.slice(first, first + batch);
      runs.push(byCiphertext(inputs).flatMap((input) => this.encryptInput(cipher, input, run)));
    }
    return writeCiphertexts('inputs', this.part, { keyId, samples: samples.length, runs });
  }

  /** The outputs of each sample. Throws `HepcError` for a file that is damaged, of another plan or another key. */
  decrypt(outputs: Uint8Array): Map<string, Float64Array>[] {
    const { keyId, cipher } = this.requireKeys('decryption');
    const { samples, runs } = readCiphertexts(outputs, 'outputs', this.part, keyId);
    return runs.flatMap((run, r) => {
      const count = Math.min(this.part.batch, samples - r * this.part.batch);
      const slots = run.map((bytes, i) => cipher.decrypt(bytes, `output ciphertext ${i} of run ${r}`));
      const results = Array.from({ length: count }, () => new Map<string, Float64Array>());
      for (const output of this.part.outputs) {
        const own = slots.slice(output.firstCiphertext, output.firstCiphertext + sentCiphertexts(output));
        unpackOutput(output, own, count).forEach((values, k) => results[k]?.set(output.name, values));
      }
      return results;
    });
  }

  /** Frees everything, the secret key first of all. */
  close(): void {
    this.keys?.cipher.close();
    this.keys = undefined;
    this.context.close();
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

  private encryptInput(cipher: SecretCipher, input: InputEncoding, samples: readonly Sample[]): Uint8Array[] {
    const values = samples.map((sample) => sample.get(input.name) ?? new Float64Array(elementCount(input.shape)));
    return packInput(input, values).map((slots) => cipher.encrypt(slots, input.level, input.scale));
  }

  private requireKeys(what: string): LoadedKeys {
    if (this.keys === undefined) throw new HepcError([keysNotLoaded({ what })]);
    return this.keys;
  }
}
