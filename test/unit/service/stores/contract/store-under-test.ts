/** What the contract asks of a backend under test, and bytes to store in it. */
import { createHash } from 'node:crypto';

import { readFile, rm } from 'node:fs/promises';

import type { Backend } from '../../../../../service/stores/backend.ts';
import type { Uploads } from '../../../../../service/stores/uploads.ts';

export interface StoreUnderTest {
  readonly backend: Backend;
  /** Closes the backend and opens it again over the same state. */
  reopen(): Promise<Backend>;
  end(): Promise<void>;
}

export interface BackendKind {
  /** Over no state. */
  open(leaseSeconds: number): Promise<StoreUnderTest>;
}

/** Long enough that nothing expires by itself in a test. */
const longLease = 120;

/** Runs `use` with a backend over no state. */
export async function withStore(
  kind: BackendKind,
  use: (store: StoreUnderTest) => Promise<void>,
  leaseSeconds = longLease,
): Promise<void> {
  const store = await kind.open(leaseSeconds);
  try {
    await use(store);
  } finally {
    await store.end();
  }
}

/** Bytes that differ for each `seed`. */
export function someBytes(length: number, seed = 1): Uint8Array {
  return Uint8Array.from({ length }, (_, k) => (k * seed + (k >> 8) * 7 + seed) & 255);
}

/** In one buffer, as from a network: each piece is good until the next is asked for. */
// eslint-disable-next-line @typescript-eslint/require-await -- a source that gives all at once
export async function* inPieces(bytes: Uint8Array, size = 1000): AsyncGenerator<Uint8Array, void, undefined> {
  const memory = Buffer.alloc(Math.min(size, bytes.length));
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    memory.set(piece);
    yield memory.subarray(0, piece.length);
    memory.fill(0);
  }
}

/** As `inPieces`, failing when `after` bytes have been given. */
export async function* failing(bytes: Uint8Array, after: number): AsyncGenerator<Uint8Array, void, undefined> {
  yield* inPieces(bytes.subarray(0, after));
  throw new Error('the connection broke');
}

/** SHA-256 of all bytes of `source`; an assertion about the bytes themselves would take seconds. */
export async function digestOf(source: AsyncIterable<Uint8Array> | undefined): Promise<string | undefined> {
  if (source === undefined) return undefined;
  const hash = createHash('sha256');
  for await (const part of source) hash.update(part);
  return hash.digest('hex');
}

/** Of what has arrived of an upload, as a file that is gone then. */
export async function digestOfUpload(uploads: Uploads, id: string): Promise<string | undefined> {
  const { path } = await uploads.file(id);
  const digest = sha256(await readFile(path));
  await rm(path);
  return digest;
}

export async function listOf<T>(source: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const each of source) all.push(each);
  return all;
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
