/**
 * The client's half of a plan: makes keys, encrypts inputs, decrypts outputs. The only one that ever holds a secret
 * key. Needs the plan's client part alone, which says nothing of the weights.
 */
import { elementCount } from '../ir/constant.ts';
import { type Diagnostic, HepcError, throwIfErrors } from '../ir/diagnostics/diagnostic.ts';
import type { Answer, Sample } from '../ir/interface.ts';
import { modelInputs } from '../ir/client/steps.ts';
import { afterDecryption, beforeEncryption } from '../ir/interpret/client.ts';
import {
  keysNotLoaded,
  type NamedFile,
  noSamplesToEncrypt,
  noSuchPlace,
  otherKey,
  wrongCount,
} from '../ir/diagnostics/runtime.ts';
import { type GivenSample, readGivenSamples } from '../ir/given-samples.ts';
import { byCiphertext, type ClientPart, type InputEncoding, maxFileSamples, sentCiphertexts } from '../ir/plan/plan.ts';
import { checkInputRange, packInput, unpackOutput } from './base/codec.ts';
import type { Cryptography, SecretCipher } from './base/cryptography.ts';
import { checkRead, plainBytes } from './base/own-bytes.ts';
import { unlikeAnswers, unlikeSamples } from './base/plausibility.ts';
import { generateKeysStepwise, type KeySet, readSecretKey } from './cipher/key-files.ts';
import { openCryptography } from './cipher/open-cryptography.ts';
import type { RandomAccess } from './format/random-access.ts';
import type { Append } from './format/zip-writer.ts';
import { RefreshAllowance } from './refresh/allowance.ts';
import { identityBytes, identityOf, readRequest, writeAnswer } from './refresh/messages.ts';
import type { SampleSource } from './sample-source.ts';
import {
  type CiphertextFile,
  CiphertextReader,
  CiphertextWriter,
  readCiphertexts,
  writeCiphertexts,
} from './seal/bytes/ciphertext-files.ts';

export interface StreamOptions {
  readonly signal?: AbortSignal;
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Called for each sample (H511) or answer (H512) that is unlike those of calibration. */
  readonly onWarning?: (warning: Diagnostic) => void;
}

export interface EncryptOptions {
  /**
   * The place of the first sample in one run, whose other places hold zeros for the samples of other files: a server may
   * evaluate such files together. Not for every plan: whether zeros are harmless to it, its server tells.
   */
  readonly place?: number | undefined;
}

export interface DecryptOptions {
  /** The values that were encrypted, in place of the outputs of the model. */
  readonly raw?: boolean;
}

/** What is in a file of encrypted outputs. */
export interface DecryptedFile<Values = Answer> {
  /** How many there are. */
  readonly samples: number;
  /** The outputs of the samples of each run. To be gone through once. */
  readonly runs: AsyncIterable<Values[]>;
}

interface LoadedKeys {
  readonly keyId: string;
  readonly cipher: SecretCipher;
}

/**
 * Makes keys, encrypts samples and decrypts answers of a plan, in this thread; `WorkerClient` of `hepc/client-worker` does so
 * in another. Holds memory outside of JavaScript's until it is closed.
 *
 * @example
 * const client = await Client.create(readClientPart(await readFile('client.hep'), 'client.hep'));
 * const { secretKey, evaluationKeys } = client.generateKeys(); // the latter for the server
 * const inputs = client.encrypt([{ input: pixels }]);
 * const [answer] = client.decrypt(outputs);
 * client.close();
 */
export class Client {
  readonly part: ClientPart;
  private readonly cryptography: Cryptography;
  private keys: LoadedKeys | undefined;
  private remarks: readonly Diagnostic[] = [];
  private readonly allowance: RefreshAllowance;

  /**
   * To be closed. Loads SEAL where our kernels cannot run. Throws `HepcError` in browsers that are too old for both (H645), or
   * forbid them (H647).
   */
  static async create(part: ClientPart): Promise<Client> {
    checkRead(part, 'rotationSteps', 'the client part of a plan', 'readClientPart');
    return new Client(part, await openCryptography(part.parameters));
  }

  private constructor(part: ClientPart, cryptography: Cryptography) {
    this.part = part;
    this.cryptography = cryptography;
    this.allowance = new RefreshAllowance(part.refreshes?.length ?? 0);
  }

  /**
   * What the last call of `encrypt` or `decrypt` noticed: samples (H511) and answers (H512) that are unlike those of
   * calibration. Nothing for a plan without calibration.
   */
  get warnings(): readonly Diagnostic[] {
    return this.remarks;
  }

  /**
   * Makes and loads new keys. `onProgress` is called with the part of the keys that is made, 0 to 1.
   */
  generateKeys({ onProgress }: Pick<StreamOptions, 'onProgress'> = {}): KeySet {
    const keys = this.generateKeysStepwise();
    for (;;) {
      const { done, value } = keys.next();
      if (done === true) return value;
      onProgress?.(value);
    }
  }

  /** As `generateKeys`, for who has something else to do between keys: yields the part that is made, and returns the set. */
  *generateKeysStepwise(): Generator<number, KeySet> {
    const keys = yield* generateKeysStepwise(this.cryptography, this.part);
    this.loadKeys(keys.secretKey);
    return keys;
  }

  /** Loads a secret key file in place of the key before. Throws `HepcError` if it is damaged or does not fit. */
  loadKeys(secretKeyFile: Uint8Array): void {
    const { keyId, secretKey } = readSecretKey(plainBytes(secretKeyFile, 'the secret key'), this.part);
    this.keys?.cipher.close();
    this.keys = undefined;
    this.keys = { keyId, cipher: this.cryptography.openSecret(secretKey) };
  }

  /**
   * A file of encrypted inputs for any number of samples; those beyond the plan's batch are further runs. The
   * encryption is symmetric, so that half of each ciphertext is a seed.
   * Throws `HepcError` where values are missing, of another shape, or beyond the range of the plan, and for a `place` from
   * which on a run has no room for the samples (H651). For samples that are unlike those of calibration there are `warnings`
   * afterwards.
   */
  encrypt(given: readonly GivenSample[], { place }: EncryptOptions = {}): Uint8Array {
    const { keyId, cipher } = this.requireKeys('encryption');
    const samples = this.readSamples(given, 0);
    this.checkCount(samples.length, place);
    this.remarks = unlikeSamples(this.part, samples);
    const { batch } = this.part;
    const runs: Uint8Array[][] = [];
    for (let first = 0; first < samples.length; first += batch)
      runs.push(this.encryptRun(cipher, samples.slice(first, first + batch), place));
    const file = writeCiphertexts('inputs', this.part, { keyId, samples: samples.length, place, runs });
    this.allowance.add(identityOf(file), samples.length);
    return file;
  }

  /**
   * As `encrypt`, of samples and to a file that may be larger than memory: reads, encrypts and appends run by run. All
   * samples are checked before the first is encrypted, so they are read twice. The bytes of the file. Rejects with the
   * reason of `signal` once it aborts; what has been appended by then is no file.
   */
  async encryptTo(
    samples: SampleSource,
    append: Append,
    { signal, onProgress, onWarning, place }: StreamOptions & EncryptOptions = {},
  ): Promise<number> {
    const { keyId } = this.requireKeys('encryption');
    const { batch } = this.part;
    const { count } = samples;
    this.checkCount(count, place);
    const runs = Math.ceil(count / batch);
    const read = async (run: number): Promise<readonly Sample[]> => {
      signal?.throwIfAborted();
      const first = run * batch;
      const end = Math.min(count, first + batch);
      const own = await samples.read(first, end);
      if (own.length !== end - first)
        throw new HepcError([
          wrongCount({ what: `samples from number ${first} on`, expected: end - first, got: own.length }),
        ]);
      // What is read may have changed since it was checked.
      return this.readSamples(own, first);
    };
    for (let run = 0; run < runs; run++)
      for (const warning of unlikeSamples(this.part, await read(run), run * batch)) onWarning?.(warning);
    const tail = new Tail(append);
    const writer = new CiphertextWriter('inputs', this.part, { keyId, samples: count, place }, tail.append);
    for (let run = 0; run < runs; run++) {
      const own = await read(run);
      await writer.add(this.encryptRun(this.cipherOf(keyId, 'encrypted inputs'), own, place));
      onProgress?.((run + 1) / runs);
    }
    const bytes = await writer.finish();
    this.allowance.add(identityOf(tail.last), count);
    return bytes;
  }

  /**
   * The answer to a request of a server that evaluates a plan with refreshes. What is in it is encrypted anew, and nothing of it is
   * looked at: it is hidden by masks, and the server cannot tell this client's reaction from that to anything else. Refuses all
   * but the round trips of the plan for files of inputs that this client has encrypted, or was told of by `allowRefreshes`, each
   * once and in order (H662).
   *
   * Throws `HepcError` for a request that is damaged, of another plan or another key.
   */
  refresh(request: Uint8Array): Uint8Array {
    const { keyId, cipher } = this.requireKeys('decryption');
    const { runs, digest, ...point } = readRequest(plainBytes(request, 'the request'), this.part, keyId);
    this.allowance.take(point);
    const round = this.part.refreshes?.[point.round] ?? [];
    const refreshed = runs.map((run) =>
      run.map((bytes, k) => cipher.refresh(bytes, round[k]?.level ?? 0, `ciphertext ${k} of the request`)),
    );
    return writeAnswer(this.part, { ...point, request: digest, runs: refreshed });
  }

  /**
   * Allows the round trips of a file of inputs that was encrypted with the loaded keys by another client, as in another process.
   * `done` round trips of it have been answered. Throws `HepcError` for a file that is damaged, of another plan or another key.
   */
  allowRefreshes(inputs: Uint8Array, done = 0): void {
    const { keyId } = this.requireKeys('decryption');
    const { samples } = readCiphertexts(plainBytes(inputs, 'the encrypted inputs'), 'inputs', this.part, keyId);
    this.allowance.add(identityOf(inputs), samples, done);
  }

  /**
   * The outputs of the model for each sample, after the steps that are left to the client; with `raw` the values that were
   * encrypted. Throws `HepcError` for a file that is damaged, of another plan or another key. For answers that are larger
   * than those of calibration there are `warnings` afterwards.
   */
  decrypt(outputs: Uint8Array, options: { readonly raw: true }): Sample[];
  decrypt(outputs: Uint8Array, options?: DecryptOptions): Answer[];
  decrypt(outputs: Uint8Array, { raw = false }: DecryptOptions = {}): Answer[] {
    const { keyId, cipher } = this.requireKeys('decryption');
    const bytes = plainBytes(outputs, 'the encrypted outputs');
    const file = readCiphertexts(bytes, 'outputs', this.part, keyId);
    const decrypted = file.runs.flatMap((run, r) => this.decryptRun(cipher, run, r, file));
    this.remarks = unlikeAnswers(this.part, decrypted);
    return raw ? decrypted : decrypted.map((values, k) => afterDecryption(this.part, values, k));
  }

  /**
   * As `decrypt`, of a file that may be larger than memory: all of it is checked first, and read once more run by run as
   * its samples are asked for.
   */
  decryptFrom(outputs: RandomAccess, options: StreamOptions & { readonly raw: true }): Promise<DecryptedFile<Sample>>;
  decryptFrom(outputs: RandomAccess, options?: StreamOptions & DecryptOptions): Promise<DecryptedFile>;
  async decryptFrom(
    outputs: RandomAccess,
    { signal, onProgress, onWarning, raw = false }: StreamOptions & DecryptOptions = {},
  ): Promise<DecryptedFile> {
    const { keyId } = this.requireKeys('decryption');
    const file = await CiphertextReader.open(outputs, 'outputs', this.part, keyId);
    await file.check(undefined, signal);
    const decryptRun = async (run: number): Promise<Answer[]> => {
      signal?.throwIfAborted();
      const ciphertexts = await file.read(run);
      const samples = this.decryptRun(this.cipherOf(keyId, 'encrypted outputs'), ciphertexts, run, file);
      const first = run * this.part.batch;
      for (const warning of unlikeAnswers(this.part, samples, first)) onWarning?.(warning);
      onProgress?.((run + 1) / file.runs);
      return raw ? samples : samples.map((values, k) => afterDecryption(this.part, values, first + k));
    };
    async function* runs(): AsyncGenerator<Answer[]> {
      for (let run = 0; run < file.runs; run++) yield await decryptRun(run);
    }
    return { samples: file.samples, runs: runs() };
  }

  /** Frees everything and overwrites the secret key. */
  close(): void {
    this.keys?.cipher.close();
    this.keys = undefined;
    this.cryptography.close();
  }

  private encryptRun(cipher: SecretCipher, samples: readonly Sample[], place: number | undefined): Uint8Array[] {
    return byCiphertext(this.part.inputs).flatMap((input) => {
      const slots = packInput(input, valuesOf(input, samples), place);
      return slots.map((own) => cipher.encrypt(own, input.level, input.scale));
    });
  }

  /** The samples of run `run` of a file. */
  private decryptRun(
    cipher: SecretCipher,
    ciphertexts: readonly Uint8Array[],
    run: number,
    { samples, place }: Pick<CiphertextFile, 'samples' | 'place'>,
  ): Sample[] {
    const count = Math.min(this.part.batch, samples - run * this.part.batch);
    const slots = ciphertexts.map((bytes, i) => cipher.decrypt(bytes, `output ciphertext ${i} of run ${run}`));
    const results = Array.from({ length: count }, () => new Map<string, Float64Array>());
    for (const output of this.part.outputs) {
      const own = slots.slice(output.firstCiphertext, output.firstCiphertext + sentCiphertexts(output));
      unpackOutput(output, own, count, place).forEach((values, k) => results[k]?.set(output.name, values));
    }
    return results;
  }

  /** Throws `HepcError` for samples, the first of which is number `first`, that cannot be encrypted. */
  private readSamples(given: readonly GivenSample[], first: number): Sample[] {
    const { inputs } = this.part;
    const own = readGivenSamples(given, modelInputs(this.part, inputs), { first });
    const samples = own.map((sample, k) => beforeEncryption(this.part, sample, first + k));
    throwIfErrors(inputs.flatMap((input) => checkInputRange(input, valuesOf(input, samples), first)));
    return samples;
  }

  /** Of the key under which a file was begun. Throws `HepcError` where others were loaded since, or the client was closed. */
  private cipherOf(keyId: string, what: NamedFile): SecretCipher {
    const keys = this.requireKeys(what === 'encrypted inputs' ? 'encryption' : 'decryption');
    if (keys.keyId !== keyId) throw new HepcError([otherKey({ what, got: keyId, expected: keys.keyId })]);
    return keys.cipher;
  }

  private checkCount(samples: number, place: number | undefined): void {
    if (samples === 0 || samples > maxFileSamples)
      throw new HepcError([noSamplesToEncrypt({ got: samples, limit: maxFileSamples })]);
    const { batch } = this.part;
    if (place !== undefined && !(Number.isInteger(place) && place >= 0 && place + samples <= batch))
      throw new HepcError([noSuchPlace({ place, samples, batch })]);
  }

  private requireKeys(what: string): LoadedKeys {
    if (this.keys === undefined) throw new HepcError([keysNotLoaded({ what })]);
    return this.keys;
  }
}

/** Passes what is appended on, and keeps the last of it: the trailer of an envelope. */
class Tail {
  last = new Uint8Array();
  readonly append: Append;

  constructor(append: Append) {
    this.append = (bytes) => {
      this.last = bytes.slice(-identityBytes);
      return append(bytes);
    };
  }
}

function valuesOf({ name, shape }: InputEncoding, samples: readonly Sample[]): Float64Array[] {
  return samples.map((sample) => sample.get(name) ?? new Float64Array(elementCount(shape)));
}
