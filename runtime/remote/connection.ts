/**
 * Requests to a server: with its token, again after a while where a repetition can help, and problems as diagnostics.
 * Whatever it sends may be sent twice: a request that changes something carries a key by which the server knows it again.
 */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import {
  badServerUrl,
  serverUnreachable,
  unexpectedAnswer,
  unprotectedToken,
} from '../../ir/diagnostics/service/remote.ts';
import type { ZodType } from 'zod';
import { problemSchema } from '../protocol/problem.ts';
import { describeError } from '../seal/library/exceptions.ts';
import { untilAborted } from '../base/until-aborted.ts';
import { RefusedError } from './errors.ts';
import { parseJson } from './parse-json.ts';

export interface ConnectionOptions {
  /** A bearer token. Without TLS it is sent to this machine alone, unless `insecure` says otherwise (H876). */
  readonly token?: string | undefined;
  readonly insecure?: boolean | undefined;
  /** In place of the global one. */
  readonly fetch?: typeof fetch | undefined;
  /** How often a request is tried that failed for a reason that may pass: 6 unless told. */
  readonly tries?: number | undefined;
}

export interface Request {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal | undefined;
  /** Statuses that are answers and no errors, beside those of success. */
  readonly expect?: readonly number[];
}

const firstPauseMs = 250;
const longestPauseMs = 10_000;
/** A server may ask for a longer pause, within reason. */
const longestAskedMs = 60_000;
const defaultTries = 6;

/** Statuses after which the same request may succeed. */
const passing: ReadonlySet<number> = new Set([408, 425, 429, 502, 503, 504]);

/** Bodies of errors and documents are no longer. */
const maxDocumentBytes = 2 ** 22;

export class Connection {
  readonly base: URL;
  readonly headers: Readonly<Record<string, string>>;
  private readonly fetch: typeof fetch;
  private readonly tries: number;

  /** Throws `HepcError` H876, H877. */
  constructor(url: string, { token, insecure = false, fetch: given, tries = defaultTries }: ConnectionOptions) {
    this.base = parseServerUrl(url);
    if (token !== undefined && !insecure && this.base.protocol === 'http:' && !isLoopback(this.base.hostname))
      throw new HepcError([unprotectedToken({ url: this.base.href })]);
    this.headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    this.fetch = given ?? fetch.bind(globalThis);
    this.tries = tries;
  }

  /** The address of a resource. */
  at(path: string): string {
    return new URL(path, this.base).href;
  }

  /**
   * Rejects with `RefusedError`, with `HepcError` H871 where there is no answer after all tries, and with the reason of
   * the signal.
   */
  async request(path: string, { method = 'GET', headers = {}, body, signal, expect = [] }: Request = {}) {
    const url = this.at(path);
    for (let tried = 1; ; tried++) {
      signal?.throwIfAborted();
      const outcome = await this.attempt(url, {
        method,
        headers: { ...this.headers, ...headers },
        ...(body === undefined ? {} : { body: body as Uint8Array<ArrayBuffer> }),
        ...(signal === undefined ? {} : { signal }),
        redirect: 'error',
      });
      if (outcome instanceof Response) {
        if (outcome.ok || expect.includes(outcome.status)) return outcome;
        const refused = await refusalOf(url, outcome);
        if (!passing.has(outcome.status) || tried >= this.tries) throw refused;
        await pause(askedPause(outcome) ?? ownPause(tried), signal);
        continue;
      }
      signal?.throwIfAborted();
      if (tried >= this.tries)
        throw new HepcError([serverUnreachable({ url, reason: describeCause(outcome.error), tries: tried })]);
      await pause(ownPause(tried), signal);
    }
  }

  /** The document at `path`. Rejects as `request`, and with `HepcError` H872 for anything else. */
  json<T>(path: string, schema: ZodType<T>, signal?: AbortSignal): Promise<T> {
    const headers = { accept: 'application/json' };
    return this.whole(path, { headers, signal }, (response) => readDocument(response, schema));
  }

  /** What `read` makes of the answer, which is asked for again where it breaks off in the middle. Rejects as `request`. */
  async whole<T>(path: string, request: Request, read: (response: Response) => Promise<T>): Promise<T> {
    const { signal } = request;
    for (let tried = 1; ; tried++) {
      const response = await this.request(path, request);
      try {
        return await read(response);
      } catch (error) {
        signal?.throwIfAborted();
        // `fetch` has this alone for a connection that ends.
        if (!(error instanceof TypeError)) throw error;
        if (tried >= this.tries)
          throw new HepcError([serverUnreachable({ url: this.at(path), reason: describeCause(error), tries: tried })]);
        await pause(ownPause(tried), signal);
      }
    }
  }

  private async attempt(url: string, init: RequestInit): Promise<Response | { readonly error: unknown }> {
    try {
      return await this.fetch(url, init);
    } catch (error) {
      return { error };
    }
  }
}

/** The document of an answer. Rejects with `HepcError` H872 where it is none. */
export async function readDocument<T>(response: Response, schema: ZodType<T>): Promise<T> {
  const text = await readText(response);
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const got = issue === undefined ? 'something else' : `${issue.path.join('.') || 'the document'}: ${issue.message}`;
  throw new HepcError([unexpectedAnswer({ url: response.url, got })]);
}

/** What the server says in an answer that refuses. */
async function refusalOf(url: string, response: Response): Promise<RefusedError> {
  const text = await readText(response).catch(() => '');
  const problem = problemSchema.safeParse(parseJson(text));
  return new RefusedError(url, response.status, problem.data, response.statusText || 'no reason given');
}

/** Waits before what follows try number `tried`: twice as long each time, and not all clients at once. */
function ownPause(tried: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (tried - 1)) * (0.5 + Math.random());
}

/** What `Retry-After` says, in milliseconds. */
function askedPause({ headers }: Response): number | undefined {
  const text = headers.get('retry-after');
  if (text === null) return undefined;
  const seconds = /^\d+$/.test(text) ? Number(text) : (Date.parse(text) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.min(longestAskedMs, Math.max(0, 1000 * seconds));
}

/** Rejects with the reason of the signal. */
export async function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const passed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, milliseconds);
    });
    await untilAborted(passed, signal);
  } finally {
    clearTimeout(timer);
  }
}

/** Throws `HepcError` H877. */
function parseServerUrl(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url !== null && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
  if (!isPlain || !['http:', 'https:'].includes(url.protocol)) throw new HepcError([badServerUrl({ got: text })]);
  // Resources are looked up below it, also behind a proxy that gives it a path.
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host) || host.endsWith('.localhost');
}

/** At most `maxDocumentBytes` of a body. */
async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > maxDocumentBytes) break;
    chunks.push(chunk);
  }
  return new Blob(chunks as Uint8Array<ArrayBuffer>[]).text();
}

/** `fetch failed` says nothing; what is behind it does. */
function describeCause(error: unknown): string {
  return error instanceof Error && error.cause !== undefined ? describeError(error.cause) : describeError(error);
}
