/**
 * A model on a server, as if it were here: fetches its client part, makes and keeps keys, uploads what the server lacks,
 * encrypts, asks, waits, decrypts. What is heavy is done in a worker.
 */
import { type Diagnostic, HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { otherClientPart, unexpectedAnswer, unknownRemoteModel } from '../../ir/diagnostics/service/remote.ts';
import { sha256HexOf } from '../../ir/digest.ts';
import type { GivenSample } from '../../ir/given-samples.ts';
import type { Answer } from '../../ir/interface.ts';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { readClientPart } from '../hep/client-part.ts';
import { asksHeader, keysHeader, mediaTypes } from '../protocol/media-types.ts';
import { jobStatusSchema, keysSchema, type Model, modelSchema, modelsSchema } from '../protocol/resources.ts';
import type { SampleSource } from '../sample-source.ts';
import type { OwnWorker } from '../worker-client/own-worker.ts';
import { WorkerClient } from '../worker-client/worker-client.ts';
import { Connection, type ConnectionOptions, readDocument, type Request } from './connection.ts';
import { codeOf, FailedJobError, keysGone, storedIsDamaged } from './errors.ts';
import { followJob } from './follow-job.ts';
import { type KeptKeys, type KeyKeeper, MemoryKeyKeeper } from './key-keeper.ts';
import { uploadKeys } from './upload-keys.ts';

export interface RemoteOptions extends ConnectionOptions {
  /** Where keys are kept. In memory unless told, so that each `RemoteModel` makes its own. */
  readonly keeper?: KeyKeeper | undefined;
  /** SHA-256 of the client part, from somebody whom the user trusts. Without it the first that was seen counts. */
  readonly pin?: string | undefined;
  /** A worker of one's own, as `WorkerClient.create` takes it. */
  readonly worker?: OwnWorker | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called for a plan with less than 128 bits of security (H513). */
  readonly onWarning?: ((warning: Diagnostic) => void) | undefined;
}

/** What a call is doing. */
export type RemoteStep = 'keys' | 'upload' | 'encrypt' | 'evaluate' | 'decrypt';

export interface InferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the step and the part of it that is done, 0 to 1. */
  readonly onProgress?: ((step: RemoteStep, fraction: number) => void) | undefined;
  /** Called for samples (H511) and answers (H512) that are unlike those of calibration. */
  readonly onWarning?: ((warning: Diagnostic) => void) | undefined;
  /** Seconds after which the server is to give up. */
  readonly deadlineSeconds?: number | undefined;
}

/** Of one call of `infer`. */
export interface RemoteTraffic {
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** Bytes of encrypted inputs of one request, where there are many samples. */
const requestBytes = 16 * 2 ** 20;

/** Requests of `inferAll` that are under way at once, so that one is encrypted while another is evaluated. */
const ahead = 2;

/** Seconds that a server holds a request before it makes it a job to be followed. */
const heldSeconds = 5;

/**
 * @example
 * const model = await RemoteModel.open('https://models.example', 'mlp', { token, pin });
 * const [answer] = await model.infer([{ input: pixels }]);
 * await model.close();
 */
export class RemoteModel {
  readonly model: Model;
  /** What the server gave; checked against the pin. */
  readonly part: ClientPart;
  private readonly connection: Connection;
  private readonly client: WorkerClient;
  private readonly keeper: KeyKeeper;
  private ready: Promise<string> | undefined;
  private traffic: RemoteTraffic = { sentBytes: 0, receivedBytes: 0 };
  private nextPlace: number;

  /**
   * Fetches the client part. To be closed. Rejects with `HepcError` H870 to H877, and for a client part that is damaged.
   */
  static async open(url: string, model: string, options: RemoteOptions = {}): Promise<RemoteModel> {
    const { keeper = new MemoryKeyKeeper(), pin, worker, signal, onWarning } = options;
    const connection = new Connection(url, options);
    const description = await describe(connection, model, signal);
    const bytes = await fetchClientPart(connection, description, signal);
    const got = await sha256HexOf(bytes);
    await checkPin(keeper, { model: addressOf(connection, model), got, pin });
    const part = readClientPart(bytes, `the client part of ${model}`, { onWarning });
    const client = await WorkerClient.create(bytes, { worker, signal });
    return new RemoteModel(connection, description, part, client, keeper);
  }

  private constructor(connection: Connection, model: Model, part: ClientPart, client: WorkerClient, keeper: KeyKeeper) {
    this.connection = connection;
    this.model = model;
    this.part = part;
    this.client = client;
    this.keeper = keeper;
    // Others may ask under the same keys.
    this.nextPlace = Math.floor(Math.random() * part.batch);
  }

  /** What the last call sent and received, keys not counted. */
  get lastTraffic(): RemoteTraffic {
    return this.traffic;
  }

  /**
   * Makes keys, or takes those that are kept, and uploads them unless the server has them. `infer` does so by itself. Gives
   * the digest of the evaluation keys.
   */
  prepare(options: Pick<InferOptions, 'signal' | 'onProgress'> = {}): Promise<string> {
    this.ready ??= this.prepareNow(options).catch((error: unknown) => {
      this.ready = undefined;
      throw error;
    });
    return this.ready;
  }

  /**
   * The answers for some samples, in one request. Where the server shares runs (`model.requestsPerRun`), a request with less
   * than the batch takes the next places of it, from which on it wraps around: so requests that wait at the same time can be
   * evaluated together, and each gets its own answers. Rejects with `HepcError`: for samples that do not fit, where the server
   * refuses or fails (H870 to H875), for answers that are damaged; and with the reason of the signal, which cancels the
   * job too.
   */
  async infer(samples: readonly GivenSample[], options: InferOptions = {}): Promise<Answer[]> {
    const { signal, onProgress, onWarning } = options;
    const keys = await this.prepare(options);
    onProgress?.('encrypt', 0);
    const inputs = await this.client.encrypt(samples, { signal, place: this.takePlaces(samples.length) });
    for (const warning of this.client.warnings) onWarning?.(warning);
    onProgress?.('encrypt', 1);
    const outputs = await this.evaluate(inputs, keys, options);
    onProgress?.('decrypt', 0);
    const answers = await this.client.decrypt(outputs, { signal });
    for (const warning of this.client.warnings) onWarning?.(warning);
    onProgress?.('decrypt', 1);
    return answers;
  }

  /** The answers for any number of samples, in their order, request by request, of which two are under way. */
  async *inferAll(source: SampleSource, options: InferOptions = {}): AsyncGenerator<Answer[], void, undefined> {
    const { batch, requestBytes: runBytes } = this.model;
    const perRequest = batch * Math.max(1, Math.floor(requestBytes / runBytes));
    const stopped = new AbortController();
    const signal = options.signal === undefined ? stopped.signal : AbortSignal.any([options.signal, stopped.signal]);
    const ask = async (first: number): Promise<Answer[]> => {
      const samples = await source.read(first, Math.min(source.count, first + perRequest));
      return this.infer(samples, { ...options, signal });
    };
    const under: Promise<Answer[]>[] = [];
    try {
      for (let first = 0; first < source.count; first += perRequest) {
        const asked = ask(first);
        asked.catch(() => undefined);
        under.push(asked);
        if (under.length === ahead) yield under.shift() ?? [];
      }
      for (const asked of under) yield asked;
    } finally {
      stopped.abort();
    }
  }

  /** Asks the server to delete the keys, where it has got any from here: for keys that are not kept. Never rejects. */
  async forgetKeys(): Promise<void> {
    const digest = await this.ready?.catch(() => undefined);
    if (digest === undefined) return;
    this.ready = undefined;
    // Keys that are left there expire.
    const signal = AbortSignal.timeout(forgetMs);
    await this.connection
      .request(`v1/keys/${digest}`, { method: 'DELETE', expect: [404], signal })
      .catch(() => undefined);
  }

  /** Ends the worker. What is under way rejects. */
  async close(): Promise<void> {
    await this.client.close();
  }

  /** The first of them; none where the request has a run for itself. */
  private takePlaces(samples: number): number | undefined {
    const { batch } = this.part;
    if (this.model.requestsPerRun === undefined || samples >= batch) return undefined;
    const place = this.nextPlace + samples <= batch ? this.nextPlace : 0;
    this.nextPlace = place + samples;
    return place;
  }

  private async prepareNow({ signal, onProgress }: Pick<InferOptions, 'signal' | 'onProgress'>): Promise<string> {
    const report = (step: RemoteStep) => (fraction: number) => onProgress?.(step, fraction);
    const kept = await this.loadKeys(signal, report('keys'));
    const { digest } = kept;
    await this.keeper.use(addressOf(this.connection, this.model.id), this.part);
    if (await this.isAtServer(digest, signal)) return digest;
    const bytes = await kept.evaluationKeys();
    const keys = { bytes, digest, model: this.model.id };
    await uploadKeys(this.connection, keys, this.keeper, { signal, onProgress: report('upload') });
    return digest;
  }

  private async loadKeys(signal: AbortSignal | undefined, onProgress: (fraction: number) => void): Promise<KeptKeys> {
    const kept = await this.keeper.load(this.part);
    if (kept !== undefined) {
      await this.client.loadKeys(kept.secretKey);
      return kept;
    }
    const keys = await this.client.generateKeys({ signal, onProgress });
    const { secretKey, evaluationKeys } = keys;
    const digest = await sha256HexOf(evaluationKeys as Uint8Array<ArrayBuffer>);
    await this.keeper.save(this.part, keys, digest);
    return { secretKey, digest, evaluationKeys: () => Promise.resolve(evaluationKeys) };
  }

  /** Whether the server has the keys whole, and knows that they fit the model. */
  private async isAtServer(digest: string, signal: AbortSignal | undefined): Promise<boolean> {
    const found = await this.connection.request(`v1/keys/${digest}`, { signal, expect: [404] });
    if (found.ok) return (await readDocument(found, keysSchema)).models.includes(this.model.id);
    await found.body?.cancel();
    return false;
  }

  /** The file of encrypted outputs. The client refreshes in between what the server asks it to. */
  private async evaluate(inputs: Uint8Array, keys: string, options: InferOptions): Promise<Uint8Array> {
    const { signal, onProgress } = options;
    onProgress?.('evaluate', 0);
    const jobs: string[] = [];
    let [path, body] = [`v1/models/${encodeURIComponent(this.model.id)}/infer`, inputs];
    let [sentBytes, receivedBytes] = [0, 0];
    try {
      for (;;) {
        const { bytes, asksFor } = await this.ask({ path, body, keys, jobs }, options);
        sentBytes += body.length;
        receivedBytes += bytes.length;
        this.traffic = { sentBytes, receivedBytes };
        if (asksFor === undefined) return bytes;
        path = `v1/jobs/${asksFor}/refresh`;
        body = await this.client.refresh(bytes, { signal });
      }
    } finally {
      for (const id of jobs) this.forgetJob(id);
    }
  }

  private async ask(asked: Asked, options: InferOptions): Promise<Given> {
    try {
      return await this.askOnce(asked, options);
    } catch (error) {
      // The server may have let the keys go meanwhile, or they are damaged there: they are uploaded once more.
      const code = codeOf(error);
      const isLost =
        code === keysGone || (code === storedIsDamaged && !(await this.isAtServer(asked.keys, options.signal)));
      if (!isLost) throw error;
      this.ready = undefined;
      return this.askOnce({ ...asked, keys: await this.prepare(options) }, options);
    }
  }

  private async askOnce(
    { path, body, keys, jobs }: Asked,
    { signal, onProgress, deadlineSeconds }: InferOptions,
  ): Promise<Given> {
    const { connection } = this;
    const request: Request = {
      method: 'POST',
      headers: {
        'content-type': mediaTypes.ciphertexts,
        accept: `${mediaTypes.ciphertexts}, application/json`,
        [keysHeader]: keys,
        prefer: `respond-async, wait=${heldSeconds}`,
        'idempotency-key': crypto.randomUUID(),
        ...(deadlineSeconds === undefined ? {} : { 'hepc-deadline': String(deadlineSeconds) }),
      },
      body,
      signal,
    };
    const answer = await connection.whole(path, request, async (response) => {
      if (response.status === accepted) return readDocument(response, jobStatusSchema);
      const [, id = ''] = /v1\/jobs\/([A-Za-z0-9_-]+)$/.exec(response.headers.get('location') ?? '') ?? [];
      if (id !== '') jobs.push(id);
      return this.readResult(response, id, onProgress);
    });
    if ('bytes' in answer) return answer;
    const { id } = answer;
    jobs.push(id);
    const job = await followJob(connection, id, {
      signal,
      onProgress: (fraction) => onProgress?.('evaluate', fraction),
    });
    if (job.state !== 'done') throw new FailedJobError(job.state, job.problem);
    return connection.whole(`v1/jobs/${id}/result`, { signal }, (response) =>
      this.readResult(response, id, onProgress),
    );
  }

  /** Nobody waits for it any more; where it is over, its result goes. */
  private forgetJob(id: string): void {
    void this.connection.request(`v1/jobs/${id}`, { method: 'DELETE', expect: [404] }).catch(() => undefined);
  }

  private async readResult(response: Response, job: string, onProgress: InferOptions['onProgress']): Promise<Given> {
    const got = response.headers.get('content-type') ?? 'nothing';
    if (!got.startsWith(mediaTypes.ciphertexts))
      throw new HepcError([unexpectedAnswer({ url: response.url, got: `a body of type ${got}` })]);
    const bytes = new Uint8Array(await response.arrayBuffer());
    if (response.headers.has(asksHeader)) return { bytes, asksFor: job };
    onProgress?.('evaluate', 1);
    return { bytes };
  }
}

/** A request for an evaluation. */
interface Asked {
  readonly path: string;
  readonly body: Uint8Array;
  /** Digest of the evaluation keys. */
  readonly keys: string;
  /** Gets the ids of jobs that are made. */
  readonly jobs: string[];
}

/** What a job comes to. */
interface Given {
  /** The encrypted outputs, or a request to the client. */
  readonly bytes: Uint8Array;
  /** Of a request: the job that waits for its answer. */
  readonly asksFor?: string;
}

/** How long a farewell may take. */
const forgetMs = 5000;

const accepted = 202;

/** By which a client knows a model again. */
function addressOf({ base }: Connection, model: string): string {
  return `${base.href}${model}`;
}

async function describe(connection: Connection, id: string, signal: AbortSignal | undefined): Promise<Model> {
  const found = await connection.request(`v1/models/${encodeURIComponent(id)}`, {
    headers: { accept: 'application/json' },
    signal,
    expect: [404],
  });
  if (found.ok) return readDocument(found, modelSchema);
  await found.body?.cancel();
  const { models } = await connection.json('v1/models', modelsSchema, signal);
  throw new HepcError([
    unknownRemoteModel({ url: connection.base.href, model: id, known: models.map((each) => each.id) }),
  ]);
}

/** A client part is no longer than this, whatever the server sends. */
const maxClientPartBytes = 2 ** 28;

async function fetchClientPart(
  connection: Connection,
  { id, clientDigest }: Model,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  const path = `v1/models/${encodeURIComponent(id)}/client`;
  const response = await connection.request(path, { headers: { accept: mediaTypes.clientPart }, signal });
  const length = Number(response.headers.get('content-length') ?? Number.NaN);
  if (!(length <= maxClientPartBytes))
    throw new HepcError([unexpectedAnswer({ url: response.url, got: `a client part of ${length} bytes` })]);
  const bytes = new Uint8Array(await response.arrayBuffer());
  if ((await sha256HexOf(bytes)) !== clientDigest)
    throw new HepcError([unexpectedAnswer({ url: response.url, got: 'other bytes than the model is described with' })]);
  return bytes;
}

async function checkPin(
  keeper: KeyKeeper,
  { model, got, pin }: { readonly model: string; readonly got: string; readonly pin: string | undefined },
): Promise<void> {
  const name = `client part ${model}`;
  const seen = await keeper.note(name);
  const expected = pin?.toLowerCase() ?? seen;
  if (expected !== undefined && expected !== got)
    throw new HepcError([otherClientPart({ model, expected, got, source: pin === undefined ? 'seen' : 'pinned' })]);
  if (seen !== got) await keeper.setNote(name, got);
}
