/** Large bytes under a name: plans, keys, encrypted inputs and outputs. Written whole or not at all, never changed. */
import { HepcError } from '../../ir/diagnostics/diagnostic.ts';

export const buckets = ['plans', 'keys', 'inputs', 'outputs'] as const;
export type Bucket = (typeof buckets)[number];

export interface StoredObject {
  /** Letters, digits, `-` and `_`, at most 128: a digest, or the identity of a job. Anything else is an `InternalError`. */
  readonly name: string;
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
  /** Of the clock of whoever stored it, in milliseconds since 1970. */
  readonly storedAt: number;
}

export interface PutOptions {
  /** More bytes are refused (H806), and nothing is stored. */
  readonly limitBytes: number;
  /** SHA-256 that the bytes must have; others are refused (H805), and nothing is stored. */
  readonly digest?: string;
  /** To be found after the machine has lost power too: the file and its folder are flushed before `put` resolves. */
  readonly durable?: boolean;
  readonly signal?: AbortSignal;
}

export type PutFileOptions = Pick<PutOptions, 'durable' | 'signal'>;

/** What whoever has written a file knows of it. */
export interface WrittenFile {
  readonly path: string;
  readonly bytes: number;
  /** SHA-256, in hexadecimal. */
  readonly digest: string;
}

/** An object as a file of this machine, which stays until it is released. */
export interface LocalFile {
  readonly path: string;
  readonly bytes: number;
  release(): Promise<void>;
}

export interface ObjectStore {
  /**
   * Stores what `source` gives, each piece of which is good until the next is asked for. An object of that name that is there already is replaced in one step; who reads it
   * reads the old one to its end. Rejects with `HepcError` H805, H806, and H807 where the disk or the server has no room.
   */
  put(bucket: Bucket, name: string, source: AsyncIterable<Uint8Array>, options: PutOptions): Promise<StoredObject>;
  /**
   * As `put`, of a file of this machine that nobody writes any more and that is gone then; its digest is believed to whoever
   * has written it. Fastest at a path of `unfinishedPath`.
   */
  putFile(bucket: Bucket, name: string, file: WrittenFile, options?: PutFileOptions): Promise<StoredObject>;
  /** For a new file on its way to be `name`. What is still there when the store is opened again goes then. */
  unfinishedPath(name: string): string;
  stat(bucket: Bucket, name: string): Promise<StoredObject | undefined>;
  /**
   * Whether it is there and has all its bytes, as far as this machine can tell without fetching any: a file is read where it
   * has not been since it was changed. Rejects with H807.
   */
  isWhole(bucket: Bucket, name: string): Promise<boolean>;
  /** Its bytes in pieces, `undefined` where there is none. The iteration ends with H808 where they are not what was stored. */
  read(bucket: Bucket, name: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** For who reads here and there in it. To be released. Rejects with H807, H808. */
  open(bucket: Bucket, name: string, signal?: AbortSignal): Promise<LocalFile | undefined>;
  /** False where there was none. */
  delete(bucket: Bucket, name: string): Promise<boolean>;
  list(bucket: Bucket): AsyncIterable<StoredObject>;
}

/** Whether it says that what is stored is damaged (H808). */
export function isDamage(error: unknown): boolean {
  return error instanceof HepcError && error.diagnostics.some(({ code }) => code === 'H808');
}
