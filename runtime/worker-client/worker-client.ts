/** The client's half of a plan in a worker of its own, so that the thread of a page stays free. */
import { modelInputs, modelOutputs } from '../../ir/client/steps.ts';
import type { Diagnostic } from '../../ir/diagnostics/diagnostic.ts';
import { type GivenSample, readGivenSamples } from '../../ir/given-samples.ts';
import type { Answer, ClientSample, ClientValue, ModelPort, Sample } from '../../ir/interface.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { UnfitError } from '../base/fallback.ts';
import { ownBytes } from '../base/own-bytes.ts';
import type { DecryptedFile, DecryptOptions, EncryptOptions, StreamOptions } from '../client.ts';
import type { WorkerEntry } from '../engines/threads/worker-thread.ts';
import type { RandomAccess } from '../format/random-access.ts';
import type { Append } from '../format/zip-writer.ts';
import type { SampleSource } from '../sample-source.ts';
import type { KeySet } from '../cipher/key-files.ts';
import { Link, type LinkOptions } from './link.ts';
import { type OwnWorker, workerEntry } from './own-worker.ts';
import { libraryEntryWithSeal } from './worker-entry.ts';

export interface CallOptions {
  /** The call rejects with its reason once it aborts, and the worker leaves it at the next key or run. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

export interface WorkerOptions {
  readonly signal?: AbortSignal | undefined;
  /** A worker of one's own: where `hepc/client-worker/worker` is served, or what starts it. Default: one from a `blob:` URL. */
  readonly worker?: OwnWorker | undefined;
  /** Called for a plan with less than 128 bits of security (H513). */
  readonly onWarning?: ((warning: Diagnostic) => void) | undefined;
}

/**
 * As `Client`, with promises. The secret key is in the worker, and with who calls `generateKeys`. Calls are done one after
 * another. Where the worker ends by itself, all calls reject, also later ones.
 *
 * @example
 * const client = await WorkerClient.create(await (await fetch('client.hep')).bytes());
 * const { evaluationKeys } = await client.generateKeys({ onProgress: (part) => (bar.value = part) });
 * const inputs = await client.encrypt([{ input: pixels }]);
 */
export class WorkerClient {
  /** What the client needs of the plan. */
  readonly part: ClientPart;
  /** Of the model, as samples are to have them. */
  readonly inputs: readonly ModelPort[];
  /** Of the model, as answers have them. */
  readonly outputs: readonly ModelPort[];
  private readonly link: Link;
  private remarks: readonly Diagnostic[] = [];
  /** How many files `decryptFrom` was given. */
  private files = 0;

  /**
   * Starts a worker. To be closed. Throws `HepcError` for a file that is damaged, in browsers that are too old (H645), and
   * where a content security policy forbids the worker (H646) or its WebAssembly (H647).
   *
   * @param file a client part, or a whole plan
   */
  static async create(file: Uint8Array, { worker, ...options }: WorkerOptions = {}): Promise<WorkerClient> {
    const bytes = ownBytes(file, 'the plan');
    try {
      return await WorkerClient.open(await workerEntry(worker), bytes.slice(), options);
    } catch (error) {
      // The library's own worker leaves SEAL to another one, for browsers that cannot run our kernels.
      const other = error instanceof UnfitError && worker === undefined ? await libraryEntryWithSeal() : undefined;
      if (other === undefined) throw error;
      return WorkerClient.open(other, bytes, options);
    }
  }

  /** @param bytes the worker's from now on */
  private static async open(entry: WorkerEntry, bytes: Uint8Array, options: LinkOptions): Promise<WorkerClient> {
    const link = new Link(entry);
    try {
      return new WorkerClient(link, await link.call('open', bytes, options));
    } catch (error) {
      await link.end();
      throw error;
    }
  }

  private constructor(link: Link, part: ClientPart) {
    this.link = link;
    this.part = part;
    this.inputs = modelInputs(part, part.inputs);
    this.outputs = modelOutputs(part, part.outputs);
  }

  /** What the last call of `encrypt` or `decrypt` noticed: samples (H511) and answers (H512) unlike those of calibration. */
  get warnings(): readonly Diagnostic[] {
    return this.remarks;
  }

  /** Makes and loads new keys. Where it is aborted, those that were loaded before stay. */
  generateKeys(options: CallOptions = {}): Promise<KeySet> {
    return this.link.call('generateKeys', undefined, options);
  }

  /** Loads a secret key file in place of the key before. Rejects with `HepcError` if it is damaged or does not fit. */
  async loadKeys(secretKeyFile: Uint8Array): Promise<void> {
    await this.link.call('loadKeys', ownBytes(secretKeyFile, 'the secret key'), {});
  }

  /** A file of encrypted inputs; as `Client.encrypt`. The samples are copied before it returns. */
  async encrypt(
    samples: readonly GivenSample[],
    { place, ...options }: CallOptions & EncryptOptions = {},
  ): Promise<Uint8Array> {
    const warnings: Diagnostic[] = [];
    const given = { samples: this.samplesToPost(samples, 0), place };
    const file = await this.link.call('encrypt', given, { ...options, onWarning: (each) => warnings.push(each) });
    this.remarks = warnings;
    return file;
  }

  /**
   * As `Client.encryptTo`: samples go to the worker run by run, each twice, and the file comes from it piece by piece, the
   * next one once `append` has taken the last. What `samples` and `append` reject with, the call rejects with. Neither may
   * wait for another call of this client, whose turn comes after this one.
   */
  encryptTo(
    samples: SampleSource,
    append: Append,
    { place, ...options }: StreamOptions & EncryptOptions = {},
  ): Promise<number> {
    const read = async ({ first, end }: { readonly first: number; readonly end: number }): Promise<ClientSample[]> =>
      this.samplesToPost(await samples.read(first, end), first);
    const answers = {
      samples: read,
      append: async (bytes: Uint8Array): Promise<undefined> => {
        await append(bytes);
      },
    };
    return this.link.call('encryptTo', { count: samples.count, place }, options, answers);
  }

  /** The answer to a request of a server that waits for its client; as `Client.refresh`. */
  async refresh(request: Uint8Array, options: CallOptions = {}): Promise<Uint8Array> {
    return this.link.call('refresh', ownBytes(request, 'the request'), options);
  }

  /** The outputs of the model for each sample; as `Client.decrypt`. The bytes are copied before it returns. */
  decrypt(outputs: Uint8Array, options: CallOptions & { readonly raw: true }): Promise<Sample[]>;
  decrypt(outputs: Uint8Array, options?: CallOptions & DecryptOptions): Promise<Answer[]>;
  async decrypt(
    outputs: Uint8Array,
    { raw = false, ...options }: CallOptions & DecryptOptions = {},
  ): Promise<Answer[]> {
    const warnings: Diagnostic[] = [];
    const given = { outputs: ownBytes(outputs, 'the encrypted outputs'), raw };
    const answers = await this.link.call('decrypt', given, { ...options, onWarning: (each) => warnings.push(each) });
    this.remarks = warnings;
    return [...answers];
  }

  /**
   * As `Client.decryptFrom`: the file goes to the worker piece by piece, twice, and a run comes from it when it is asked for.
   * What `outputs` rejects with, the call or the iteration rejects with. It may not wait for another call of this client;
   * between two runs there may be others.
   */
  decryptFrom(outputs: RandomAccess, options: StreamOptions & { readonly raw: true }): Promise<DecryptedFile<Sample>>;
  decryptFrom(outputs: RandomAccess, options?: StreamOptions & DecryptOptions): Promise<DecryptedFile>;
  async decryptFrom(
    outputs: RandomAccess,
    { raw = false, ...options }: StreamOptions & DecryptOptions = {},
  ): Promise<DecryptedFile> {
    const { link } = this;
    const file = this.files++;
    const answers = {
      bytes: async ({ offset, length }: { readonly offset: number; readonly length: number }): Promise<Uint8Array> =>
        compact(await outputs.read(offset, length)),
    };
    const { samples } = await link.call('decryptFrom', { file, size: outputs.size, raw }, options, answers);
    async function* runs(): AsyncGenerator<Answer[]> {
      try {
        for (;;) {
          const run = await link.call('nextRun', { file }, options, answers);
          if (run === undefined) return;
          yield [...run];
        }
      } finally {
        link.leave(file);
      }
    }
    return { samples, runs: runs() };
  }

  /** Ends the worker, and with it whatever it does: calls that are under way reject (H640). */
  close(): Promise<void> {
    return this.link.end();
  }

  /**
   * Samples as any worker can be sent them, whatever the caller's are made of. Throws `HepcError` for those that are none;
   * `first` is the number of the first.
   */
  private samplesToPost(given: readonly GivenSample[], first: number): ClientSample[] {
    const compacted = ([name, values]: readonly [string, ClientValue]): [string, ClientValue] => [
      name,
      values instanceof Float64Array ? compact(values) : values,
    ];
    return readGivenSamples(given, this.inputs, { first }).map((sample) => new Map(Array.from(sample, compacted)));
  }
}

/** A message with a view of an array has the whole of its memory in it. */
function compact<View extends Uint8Array | Float64Array>(view: View): View {
  return view.byteLength === view.buffer.byteLength ? view : (view.slice() as View);
}
