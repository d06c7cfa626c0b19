/**
 * Evaluation keys to a server, by the tus protocol (tus.io, 1.0): in pieces, from where a broken connection has left off, also
 * after the client has been started anew.
 */
import type { DetailedError, Upload } from 'tus-js-client';
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';
import { serverUnreachable } from '../../ir/diagnostics/service/remote.ts';
import { node } from '../base/environment.ts';
import { problemSchema } from '../protocol/problem.ts';
import { describeError } from '../seal/library/exceptions.ts';
import type { Connection } from './connection.ts';
import { RefusedError } from './errors.ts';
import type { KeyKeeper } from './key-keeper.ts';
import { parseJson } from './parse-json.ts';

export interface KeysToUpload {
  readonly bytes: Uint8Array;
  /** SHA-256 of them, by which the server names them. */
  readonly digest: string;
  /** A model that they are for. */
  readonly model: string;
}

export interface UploadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called with the part that the server has, 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
}

/** Pauses before the tries that follow one that got no further. */
const pausesMs = [250, 500, 1000, 2000, 5000, 10_000];

/** Bytes of one request: what a broken connection can cost where the server keeps whole requests alone. */
const pieceBytes = 8 * 2 ** 20;

/**
 * Resolves once the server has checked and stored them. `keeper` notes where they go, so that a later call goes on. Rejects
 * with `RefusedError`, with `HepcError` H871, and with the reason of the signal.
 */
export async function uploadKeys(
  connection: Connection,
  { bytes, digest, model }: KeysToUpload,
  keeper: KeyKeeper,
  { signal, onProgress }: UploadOptions = {},
): Promise<void> {
  signal?.throwIfAborted();
  // Not before it is needed: in Node it brings modules of Node along.
  const tus = await import('tus-js-client');
  const endpoint = connection.at('v1/uploads');
  const noteName = `upload ${endpoint} ${digest}`;
  const begun = await keeper.note(noteName);
  const { promise, resolve, reject } = Promise.withResolvers<undefined>();
  const upload: Upload = new tus.Upload(fileOf(bytes), {
    endpoint,
    ...(begun === undefined ? {} : { uploadUrl: begun }),
    headers: { ...connection.headers },
    metadata: { digest, model },
    chunkSize: pieceBytes,
    retryDelays: pausesMs,
    storeFingerprintForResuming: false,
    onUploadUrlAvailable: () => {
      // A note that is lost costs the bytes that were sent.
      void keeper.setNote(noteName, upload.url ?? undefined).catch(() => undefined);
    },
    onProgress: (sent, total) => onProgress?.(sent / total),
    onError: (error) => {
      reject(uploadError(endpoint, error, tus.DetailedError));
    },
    onSuccess: () => {
      resolve(undefined);
    },
  });
  const abort = (): void => {
    void upload.abort();
    // An abort's reason is whatever the caller gave, as with `throwIfAborted`.
    reject(signal?.reason);
  };
  signal?.addEventListener('abort', abort, { once: true });
  upload.start();
  try {
    await promise;
    await keeper.setNote(noteName);
  } catch (error) {
    // What the server has refused is not to be gone on with.
    if (error instanceof RefusedError) await keeper.setNote(noteName);
    throw error;
  } finally {
    signal?.removeEventListener('abort', abort);
  }
}

/** As tus-js-client takes it: it knows Node's `Buffer` there, and Blobs in browsers. */
function fileOf(bytes: Uint8Array): Blob | Buffer {
  const { buffer, byteOffset, byteLength } = bytes as Uint8Array<ArrayBuffer>;
  if (node === undefined) return new Blob([bytes as Uint8Array<ArrayBuffer>]);
  return Buffer.from(buffer, byteOffset, byteLength);
}

function uploadError(url: string, error: Error, Detailed: typeof DetailedError): Error {
  const response = error instanceof Detailed ? error.originalResponse : null;
  if (response !== null) {
    const problem = problemSchema.safeParse(parseJson(response.getBody()));
    return new RefusedError(url, response.getStatus(), problem.data, 'no reason given');
  }
  const reason = describeError(error instanceof Detailed ? (error.causingError ?? error) : error);
  return new HepcError([serverUnreachable({ url, reason, tries: pausesMs.length + 1 })]);
}
