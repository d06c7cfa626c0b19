/**
 * Bodies piece by piece, in both directions. One that stands still for too long is given up, however little the other side
 * sends or takes now and then before that.
 */
import type { FastifyInstance } from 'fastify';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { bodyTooLarge, slowBody } from '../../../ir/diagnostics/service/http.ts';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { freeBytes } from '../../../runtime/base/free-bytes.ts';

export interface BodyOptions {
  readonly stallSeconds: number;
  readonly onBytes: (bytes: number) => void;
}

export interface ArrivingOptions extends BodyOptions {
  readonly limitBytes: number;
  readonly inPassing?: boolean;
  /** What comes from then on is left: the body ends as a broken one does. */
  readonly ended?: AbortSignal;
}

/**
 * What arrives. Throws H861 where nothing does for too long, H856 beyond `limitBytes`, and what breaks the connection. The
 * request is not destroyed where the reader stops, since it is still to be answered. With `inPassing` a piece is good until the
 * next is asked for.
 */
export function arriving(raw: Readable, options: ArrivingOptions): AsyncGenerator<Uint8Array> {
  return read(new Received(raw, options.ended), options);
}

async function* read(
  received: Received,
  { stallSeconds, onBytes, limitBytes, inPassing = false }: ArrivingOptions,
): AsyncGenerator<Uint8Array> {
  let total = 0;
  for (;;) {
    const next = await within(received.next(), stallSeconds);
    if (next === undefined) throw new HepcError([slowBody({ seconds: stallSeconds })]);
    if (next.done === true) return;
    total += next.value.length;
    onBytes(next.value.length);
    if (total > limitBytes) throw new HepcError([bodyTooLarge({ limit: limitBytes })]);
    yield next.value;
    if (inPassing) freeBytes(next.value);
  }
}

/** What may have come ahead of its reader. */
const aheadBytes = 64 * 1024;

/**
 * The pieces of a request, taken from the moment on that this is made: where a connection breaks, the request itself forgets
 * what nobody has read, and whoever resumes an upload would have to send it again.
 */
class Received implements AsyncIterator<Buffer, undefined> {
  private readonly raw: Readable;
  private readonly pieces: Buffer[] = [];
  private bytes = 0;
  private end: { readonly error?: Error } | undefined;
  private wake = (): void => undefined;

  constructor(raw: Readable, ended?: AbortSignal) {
    this.raw = raw;
    const over = (end: { readonly error?: Error }): void => {
      this.end ??= end;
      this.wake();
    };
    raw.on('data', (piece: Buffer) => {
      if (this.end !== undefined) return;
      this.pieces.push(piece);
      this.bytes += piece.length;
      if (this.bytes >= aheadBytes) raw.pause();
      this.wake();
    });
    raw.once('end', () => {
      over({});
    });
    const broken = (error: Error = new Error('the connection broke')): void => {
      // What it holds for a reader that is behind, it gives when it is asked, also now; as an event only where it lives.
      const rest = this.end === undefined ? (raw.read() as Buffer | null) : null;
      if (rest !== null && this.pieces.at(-1) !== rest) this.pieces.push(rest);
      over({ error });
    };
    raw.once('error', broken);
    raw.once('close', () => {
      broken();
    });
    ended?.addEventListener('abort', () => {
      broken(new Error('another request goes on'));
    });
    if (raw.destroyed || ended?.aborted === true) broken();
  }

  /** Rejects with what has broken the connection, once all that came before has been given. */
  async next(): Promise<IteratorResult<Buffer, undefined>> {
    while (this.pieces.length === 0 && this.end === undefined)
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    const piece = this.pieces.shift();
    if (piece === undefined) {
      if (this.end?.error !== undefined) throw this.end.error;
      return { done: true, value: undefined };
    }
    this.bytes -= piece.length;
    if (this.bytes < aheadBytes && this.end === undefined) this.raw.resume();
    return { done: false, value: piece };
  }
}

/**
 * Pieces of a body that somebody hands on in their order, ahead of whoever uses them, and perhaps several as one: those that
 * have been used are freed.
 */
export class HandedOn {
  private readonly pieces: { readonly piece: Uint8Array; readonly end: number }[] = [];
  private given = 0;
  private used = 0;

  /** What goes in. */
  async *give(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of source) {
      this.given += piece.length;
      this.pieces.push({ piece, end: this.given });
      yield piece;
    }
  }

  /** What comes out; each piece is good until the next is asked for. */
  async *take(handedOn: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const piece of handedOn) {
      const { length } = piece;
      yield piece;
      this.used += length;
      freeBytes(piece);
      while ((this.pieces[0]?.end ?? Infinity) <= this.used) freeBytes(this.pieces.shift()?.piece ?? new Uint8Array());
    }
  }
}

/** As `source`, until it fails: what has arrived is not lost, and `onFailure` is told why there is no more. */
export async function* untilFailure(
  source: AsyncIterable<Uint8Array>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    onFailure(error);
  }
}

/** Of an answer, so many pieces are freed when it is through, and no larger one is held until then. */
const freedPieces = 16;

/** What leaves, counted. Its pieces are the answer's: whoever gives them does not look at them again. */
export async function* leaving(
  source: AsyncIterable<Uint8Array>,
  response: ServerResponse,
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  const left: Uint8Array[] = [];
  // All of it has been handed to the system by then, or will never be.
  response.once('close', () => {
    for (const piece of left) freeBytes(piece);
  });
  for await (const piece of source) {
    onBytes(piece.length);
    if (left.length < freedPieces) left.push(piece);
    yield piece;
  }
}

/**
 * Ends the connections of readers that take nothing of their answers for too long. A socket's own clock sees them also where
 * all has been handed to it and the system's buffers are full; where nothing is on its way, as between two events, its
 * silence means nothing.
 */
export function endSlowReaders(app: FastifyInstance, stallSeconds: () => number): void {
  app.addHook('onRequest', (_, reply, done) => {
    reply.raw.on('timeout', (socket: Socket) => {
      if (socket.writableLength > 0) socket.destroy();
    });
    done();
  });
  app.addHook('onSend', (request, _, payload, done) => {
    // The server sets another one when the answer is through.
    request.raw.socket.setTimeout(1000 * stallSeconds());
    done(null, payload);
  });
}

/** `undefined` where it takes longer. */
async function within<T>(promise: Promise<T>, seconds: number): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => {
    resolve(undefined);
  }, 1000 * seconds);
  // Where it fails after that, nobody is told.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
