/**
 * Requests to JetStream that outlive a connection: each is made again until it is answered or the stated time is over. A
 * message that is published has an identity, by which it is found that the server has it already.
 */
import { setTimeout as delay } from 'node:timers/promises';

import {
  type JetStreamClient,
  type JetStreamManager,
  JetStreamApiError,
  jetstream,
  jetstreamManager,
  type StreamConfig,
  type StreamInfo,
} from '@nats-io/jetstream';
import { createInbox, headers, type Msg, type NatsConnection, nuid } from '@nats-io/transport-node';

import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { natsUnusable, noRoom, serverGone } from '../../../ir/diagnostics/service/stores.ts';
import { connectTo } from './connect.ts';
import { defaultNatsOptions, type NatsOptions } from './options.ts';

/** Of a request; a server that is busy takes long. */
const answerMs = 5000;
/** How long an answer to the question whether there is one may take. */
const checkMs = 2_000;

/** Of JetStream's API: the last message of the subject is another than expected. */
const wrongLast = new Set([10071, 10164]);
const withoutRoom: Readonly<Record<number, string>> = {
  10023: 'the server has not enough resources',
  10028: 'the server has no memory left for streams',
  10047: 'the server has no room left for streams',
  10077: 'the stream is full',
  10110: 'the stream is full',
};

/** A message as it is stored. */
export interface Stored {
  readonly subject: string;
  readonly seq: number;
  readonly data: Uint8Array;
  readonly header: (name: string) => string;
}

export interface PublishOptions {
  /** Of the last message of this subject, 0 for none: published only where it is still so. */
  readonly lastSeq?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Seconds after which the server forgets the message. */
  readonly ttlSeconds?: number;
}

export class Link {
  readonly nc: NatsConnection;
  readonly #servers: string;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #outageMs: number;
  #closed = false;
  #up = Promise.withResolvers<undefined>();
  /** Each ends a request that is waited for. */
  readonly #pending = new Set<() => void>();

  private constructor(nc: NatsConnection, servers: string, jsm: JetStreamManager, outageSeconds: number) {
    this.nc = nc;
    this.#servers = servers;
    this.#js = jetstream(nc, { timeout: answerMs });
    this.#jsm = jsm;
    this.#outageMs = outageSeconds * 1000;
    this.#up.resolve(undefined);
    void this.#watchConnection();
  }

  /** Rejects with H802. */
  static async open(text: string, options: NatsOptions): Promise<Link> {
    const { nc, servers } = await connectTo(text, options);
    try {
      const [major = 0, minor = 0] = (nc.info?.version ?? '').split('.').map(Number);
      if (major < 2 || (major === 2 && minor < 11))
        throw new HepcError([natsUnusable({ servers, reason: `it is version ${nc.info?.version ?? 'unknown'}` })]);
      const jsm = await jetstreamManager(nc, { timeout: answerMs, checkAPI: false });
      await jsm.getAccountInfo();
      return new Link(nc, servers, jsm, options.outageSeconds ?? defaultNatsOptions.outageSeconds);
    } catch (error) {
      await nc.close();
      if (error instanceof HepcError) throw error;
      throw new HepcError([natsUnusable({ servers, reason: reasonOf(error) })]);
    }
  }

  async #watchConnection(): Promise<void> {
    for await (const { type } of this.nc.status()) {
      if (type === 'disconnect') {
        this.#up = Promise.withResolvers();
        for (const giveUp of this.#pending) giveUp();
      } else if (type === 'reconnect') this.#up.resolve(undefined);
    }
  }

  get isClosed(): boolean {
    return this.#closed || this.nc.isClosed();
  }

  /**
   * What `request` gives, which is made again where the server does not answer. Rejects with H807 where the server has
   * no room, H811 after `patienceMs`, and with the reason of `signal`.
   */
  async call<T>(
    what: string,
    request: () => Promise<T>,
    signal?: AbortSignal,
    patienceMs = this.#outageMs,
  ): Promise<T> {
    const end = performance.now() + patienceMs;
    for (;;) {
      signal?.throwIfAborted();
      if (this.#closed) throw new InternalError('the store is closed');
      const isUp = await this.#waitUntilUp(end - performance.now());
      signal?.throwIfAborted();
      if (isUp) {
        try {
          return await this.#withinTime(request(), Math.min(2 * answerMs, patienceMs));
        } catch (error) {
          const reason = error instanceof JetStreamApiError ? withoutRoom[error.code] : undefined;
          if (reason !== undefined) throw new HepcError([noRoom({ what, reason })]);
          if (!isPassing(error)) throw error;
        }
      }
      if (this.isClosed || performance.now() >= end)
        throw new HepcError([serverGone({ servers: this.#servers, what })]);
      await delay(100);
    }
  }

  /** The library's requests wait for their whole time, also where the connection ends before. */
  async #withinTime<T>(request: Promise<T>, ms: number): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>();
    const giveUp = (): void => reject(new PassingError('no answer'));
    const late = setTimeout(giveUp, ms);
    this.#pending.add(giveUp);
    try {
      return await Promise.race([request, promise]);
    } finally {
      clearTimeout(late);
      this.#pending.delete(giveUp);
    }
  }

  async #waitUntilUp(ms: number): Promise<boolean> {
    const late = new AbortController();
    try {
      const timeout = delay(Math.max(0, ms), false, { signal: late.signal }).catch(() => false);
      return await Promise.race([this.#up.promise.then(() => true), timeout]);
    } finally {
      late.abort();
    }
  }

  /** Gives the sequence number; `undefined` where another message is the last of the subject. */
  async publish(
    what: string,
    subject: string,
    data: Uint8Array | string,
    { lastSeq, headers: given = {}, ttlSeconds }: PublishOptions = {},
    signal?: AbortSignal,
  ): Promise<number | undefined> {
    const all = headers();
    for (const [name, value] of Object.entries(given)) all.set(name, value);
    if (lastSeq !== undefined) all.set('Nats-Expected-Last-Subject-Sequence', String(lastSeq));
    if (ttlSeconds !== undefined) all.set('Nats-TTL', `${ttlSeconds}s`);
    const msgID = nuid.next();
    let attempts = 0;
    const send = () => {
      attempts++;
      return this.#js.publish(subject, data, { headers: all, msgID, timeout: answerMs });
    };
    try {
      return (await this.call(what, send, signal)).seq;
    } catch (error) {
      if (!(error instanceof JetStreamApiError) || !wrongLast.has(error.code)) throw error;
      // The server compares before it looks whether it has the message already.
      return attempts > 1 ? await this.#ownLast(what, subject, msgID) : undefined;
    }
  }

  /** Number of the last message of a subject, where it is the one of this identity: its answer was lost. */
  async #ownLast(what: string, subject: string, msgID: string): Promise<number | undefined> {
    const stream = await this.call(what, () => this.#jsm.streams.find(subject));
    const last = await this.last(what, stream, subject);
    return last?.header('Nats-Msg-Id') === msgID ? last.seq : undefined;
  }

  /** The last message of a subject, as the leader of the stream has it. */
  async last(what: string, stream: string, subject: string): Promise<Stored | undefined> {
    const message = await this.call(what, () => this.#jsm.streams.getMessage(stream, { last_by_subj: subject }));
    if (message === null) return undefined;
    const { seq, data, header } = message;
    return { subject: message.subject, seq, data, header: (name) => header.get(name) };
  }

  /** Messages of a subject (or a pattern) from `seq` on, at most `batch` of them; none where there are none. */
  next(
    what: string,
    stream: string,
    query: { readonly seq: number; readonly subject: string; readonly batch: number },
    signal?: AbortSignal,
  ): Promise<Stored[]> {
    const { seq, subject, batch } = query;
    return this.call(what, () => this.#direct(stream, { seq, next_by_subj: subject, batch }), signal);
  }

  /** The library's own leaves a subscription behind for each request. */
  async #direct(stream: string, query: object): Promise<Stored[]> {
    const found: Stored[] = [];
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    const inbox = createInbox();
    const subscription = this.nc.subscribe(inbox, {
      callback: (error, message) => {
        if (error !== null) reject(error);
        else readDirect(message, found, () => resolve(undefined), reject);
      },
    });
    const late = setTimeout(() => {
      reject(new PassingError('no answer'));
    }, answerMs);
    try {
      this.nc.publish(`$JS.API.DIRECT.GET.${stream}`, JSON.stringify(query), { reply: inbox });
      await promise;
      return found;
    } finally {
      clearTimeout(late);
      subscription.unsubscribe();
    }
  }

  purge(what: string, stream: string, subject: string): Promise<unknown> {
    return this.call(what, () => this.#jsm.streams.purge(stream, { filter: subject }));
  }

  /** How many messages each subject has. */
  async subjects(stream: string, filter: string): Promise<ReadonlyMap<string, number>> {
    const info = await this.call(stream, () => this.#jsm.streams.info(stream, { subjects_filter: filter }));
    return new Map(Object.entries(info.state.subjects ?? {}));
  }

  /**
   * Makes a stream, or changes the limits of the one that is there, but for how long it keeps messages: who made it has said
   * that for all. Rejects with H802.
   */
  async ensureStream(config: Partial<StreamConfig> & { readonly name: string }): Promise<StreamInfo> {
    try {
      return await this.call(config.name, async () => {
        try {
          return await this.#jsm.streams.add(config);
        } catch (error) {
          // It is there with other limits.
          if (error instanceof JetStreamApiError && error.code === 10058) return await this.#changeStream(config);
          throw error;
        }
      });
    } catch (error) {
      throw new HepcError([
        natsUnusable({ servers: this.#servers, reason: `stream ${config.name}: ${reasonOf(error)}` }),
      ]);
    }
  }

  async #changeStream(config: Partial<StreamConfig> & { readonly name: string }): Promise<StreamInfo> {
    const { max_age, duplicate_window } = (await this.#jsm.streams.info(config.name)).config;
    return this.#jsm.streams.update(config.name, { ...config, max_age, duplicate_window });
  }

  /** That JetStream answers, and soon: whoever asks asks again. */
  async check(): Promise<void> {
    await this.call('whether it answers', () => this.#jsm.getAccountInfo(), undefined, checkMs);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.nc.close();
  }
}

/** Of a request that may be answered the next time. */
class PassingError extends Error {}

function isPassing(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503;
  if (error instanceof PassingError) return true;
  return error instanceof Error && passingErrors.has(error.name);
}

const passingErrors = new Set([
  'TimeoutError',
  'RequestError',
  'NoRespondersError',
  'ConnectionError',
  'ClosedConnectionError',
  'DrainingConnectionError',
  'JetStreamNotEnabled',
  'JetStreamError',
]);

function reasonOf(error: unknown): string {
  if (error instanceof HepcError) return error.diagnostics.map(({ message }) => message).join('; ');
  return error instanceof Error ? error.message : 'it does not answer';
}

/** One of the messages that answer a request for several: a stored one, or the end. */
function readDirect(message: Msg, found: Stored[], end: () => void, fail: (error: Error) => void): void {
  const header = (name: string): string => message.headers?.get(name) ?? '';
  const code = message.headers?.code ?? 0;
  if (code === 0)
    found.push({ subject: header('Nats-Subject'), seq: Number(header('Nats-Sequence')), data: message.data, header });
  // 204 ends what there was, 404 says that there was nothing.
  else if (code === 204 || code === 404) end();
  else fail(new PassingError(`the server answers ${code}`));
}
