/** The client's half of a plan in a worker of its own, so that the thread of a page stays free. */
import { type Diagnostic, HepcError, InternalError } from '../../ir/diagnostics/diagnostic.ts';
import { isClosed } from '../../ir/diagnostics/runtime.ts';
import type { GivenSample } from '../../ir/given-samples.ts';
import type { Answer, ModelPort, Sample } from '../../ir/interface.ts';
import { plainBytes } from '../base/own-bytes.ts';
import { untilAborted } from '../base/until-aborted.ts';
import { errorOf } from '../engines/sessions/protocol.ts';
import { WorkerThread } from '../engines/threads/worker-thread.ts';
import { describeError } from '../seal/library/exceptions.ts';
import type { KeySet } from '../seal/keys.ts';
import type { Call, CallName, Calls, ClientProtocol, Opened } from './protocol.ts';
import { entry } from './worker-entry.ts';

export interface CallOptions {
  /** The call rejects with its reason once it aborts, and the worker leaves it at the next key or run. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

interface Waiting {
  readonly resolve: (reply: { readonly result: Calls[CallName]['result'] }) => void;
  readonly reject: (reason: Error) => void;
  readonly onProgress: CallOptions['onProgress'];
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
  /** Of the model, as samples are to have them. */
  readonly inputs: readonly ModelPort[];
  /** Of the model, as answers have them. */
  readonly outputs: readonly ModelPort[];
  private readonly link: Link;

  /**
   * Starts a worker with SEAL in it. To be closed. Throws `HepcError` for a file that is damaged, and in browsers that are
   * too old (H645).
   *
   * @param file a client part, or a whole plan
   */
  static async create(file: Uint8Array, { signal }: Pick<CallOptions, 'signal'> = {}): Promise<WorkerClient> {
    const link = new Link();
    try {
      return new WorkerClient(link, await link.call('open', plainBytes(file, 'the plan'), { signal }));
    } catch (error) {
      await link.end();
      throw error;
    }
  }

  private constructor(link: Link, { inputs, outputs }: Opened) {
    this.link = link;
    this.inputs = inputs;
    this.outputs = outputs;
  }

  /** What the last call of `encrypt` or `decrypt` noticed: samples (H511) and answers (H512) unlike those of calibration. */
  get warnings(): readonly Diagnostic[] {
    return this.link.warnings;
  }

  /** Makes and loads new keys. Where it is aborted, those that were loaded before stay. */
  generateKeys(options: CallOptions = {}): Promise<KeySet> {
    return this.link.call('generateKeys', undefined, options);
  }

  /** Loads a secret key file in place of the key before. Rejects with `HepcError` if it is damaged or does not fit. */
  async loadKeys(secretKeyFile: Uint8Array): Promise<void> {
    await this.link.call('loadKeys', plainBytes(secretKeyFile, 'the secret key'), {});
  }

  /** A file of encrypted inputs; as `Client.encrypt`. The samples are copied before it returns. */
  encrypt(samples: readonly GivenSample[], options: CallOptions = {}): Promise<Uint8Array> {
    return this.link.call('encrypt', samples, options);
  }

  /** The outputs of the model for each sample; as `Client.decrypt`. The bytes are copied before it returns. */
  decrypt(outputs: Uint8Array, options: CallOptions & { readonly raw: true }): Promise<Sample[]>;
  decrypt(outputs: Uint8Array, options?: CallOptions & { readonly raw?: boolean }): Promise<Answer[]>;
  async decrypt(
    outputs: Uint8Array,
    { raw = false, ...options }: CallOptions & { readonly raw?: boolean } = {},
  ): Promise<Answer[]> {
    const bytes = plainBytes(outputs, 'the encrypted outputs');
    return [...(await this.link.call('decrypt', { outputs: bytes, raw }, options))];
  }

  /** Ends the worker, and with it whatever it does: calls that are under way reject (H640). */
  close(): Promise<void> {
    return this.link.end();
  }
}

/** Calls of a worker, and their answers. */
class Link {
  warnings: readonly Diagnostic[] = [];
  private readonly worker: WorkerThread<ClientProtocol>;
  private readonly waiting = new Map<number, Waiting>();
  private calls = 0;
  /** Why there is no worker any more. */
  private over: Error | undefined;

  constructor() {
    this.worker = new WorkerThread<ClientProtocol>(entry, {
      message: (reply) => {
        this.receive(reply);
      },
      death: (reason) => {
        this.rejectAll(reason instanceof Error ? reason : new InternalError(describeError(reason)));
      },
    });
  }

  /** Rejects with `HepcError` H640 once the worker has ended. */
  async call<Name extends CallName>(
    name: Name,
    given: Calls[Name]['given'],
    { signal, onProgress }: CallOptions,
  ): Promise<Calls[Name]['result']> {
    signal?.throwIfAborted();
    if (this.over !== undefined) throw this.over;
    const id = this.calls++;
    const answer = new Promise<Calls[Name]['result']>((resolve, reject) => {
      // The worker answers a call with what that call gives.
      const take = ({ result }: { readonly result: unknown }): void => resolve(result as Calls[Name]['result']);
      this.waiting.set(id, { resolve: take, reject, onProgress });
      this.worker.post({ id, name, given } as Call);
    });
    try {
      return await untilAborted(answer, signal);
    } finally {
      if (this.waiting.delete(id)) this.worker.post({ abort: id });
    }
  }

  async end(): Promise<void> {
    this.rejectAll(new HepcError([isClosed({ what: 'the client' })]));
    await this.worker.terminate();
  }

  private receive(reply: ClientProtocol['reply']): void {
    const call = this.waiting.get(reply.id);
    if (call === undefined) return;
    if ('progress' in reply) {
      try {
        call.onProgress?.(reply.progress);
      } catch (error) {
        call.reject(error instanceof Error ? error : new Error(describeError(error)));
      }
      return;
    }
    this.waiting.delete(reply.id);
    if ('failure' in reply) {
      call.reject(errorOf(reply.failure, 0));
      return;
    }
    this.warnings = reply.warnings;
    call.resolve(reply);
  }

  private rejectAll(reason: Error): void {
    this.over ??= reason;
    for (const { reject } of this.waiting.values()) reject(this.over);
    this.waiting.clear();
  }
}
