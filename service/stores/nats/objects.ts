/**
 * An object is a record with the numbers of its chunks, which are there before it. Whoever reads one has it downloaded whole
 * and checked first, since its chunks go when it is replaced.
 */
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';

import { z } from 'zod';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject, tooManyBytes, unlikeAnnounced } from '../../../ir/diagnostics/service/stores.ts';
import { checkObjectName } from '../names.ts';
import { removeFile } from '../local/disk.ts';
import {
  type Bucket,
  isDamage,
  type LocalFile,
  type ObjectStore,
  type PutFileOptions,
  type PutOptions,
  type StoredObject,
  type WrittenFile,
} from '../object-store.ts';
import { pieceBytes, pieces } from '../pieces.ts';
import type { Entry } from '../registry.ts';
import type { Cache } from './cache.ts';
import { type Chunks, inChunks } from './chunks.ts';
import type { NatsRegistry } from './registry.ts';

const recordSchema = z.object({
  digest: z.string().regex(/^[0-9a-f]{64}$/),
  bytes: z.int().min(0),
  storedAt: z.number(),
  /** Of its chunks. */
  id: z.string(),
  chunks: z.int().min(0),
  /** Number of the first. */
  first: z.int().min(0),
});
type ObjectRecord = z.infer<typeof recordSchema>;

/** Chunks that are sent at once. */
const inFlight = 4;

export class NatsObjects implements ObjectStore {
  readonly #records: NatsRegistry;
  readonly #chunks: Readonly<Record<Bucket, Chunks>>;
  readonly #cache: Cache;

  constructor(records: NatsRegistry, chunks: Readonly<Record<Bucket, Chunks>>, cache: Cache) {
    this.#records = records;
    this.#chunks = chunks;
    this.#cache = cache;
  }

  async put(
    bucket: Bucket,
    name: string,
    source: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<StoredObject> {
    checkObjectName(name);
    const id = randomUUID();
    try {
      const sent = await this.#send(bucket, name, id, source, options);
      const record = { ...sent, storedAt: Date.now(), id };
      options.signal?.throwIfAborted();
      const older = await this.#replace(keyOf(bucket, name), record);
      // Where that fails, `sweepChunks` finds them.
      if (older !== undefined) await this.#chunks[bucket].purge(older.id).catch(() => undefined);
      return described(name, record);
    } catch (error) {
      void this.#chunks[bucket].purge(id).catch(() => undefined);
      throw error;
    }
  }

  async putFile(
    bucket: Bucket,
    name: string,
    { path, bytes, digest }: WrittenFile,
    options: PutFileOptions = {},
  ): Promise<StoredObject> {
    const source = createReadStream(path, { highWaterMark: pieceBytes });
    const stored = await this.put(bucket, name, source, { ...options, limitBytes: bytes, digest });
    await removeFile(path);
    return stored;
  }

  unfinishedPath(name: string): string {
    return this.#cache.unfinishedPath(name);
  }

  async #send(
    bucket: Bucket,
    name: string,
    id: string,
    source: AsyncIterable<Uint8Array>,
    { limitBytes, digest: expected, signal }: PutOptions,
  ): Promise<Pick<ObjectRecord, 'digest' | 'bytes' | 'chunks' | 'first'>> {
    const what = `${bucket}/${name}`;
    const hash = createHash('sha256');
    let [bytes, chunks, first] = [0, 0, Infinity];
    const sending = new Set<Promise<void>>();
    try {
      for await (const chunk of inChunks(limited(pieces(source, signal), what, limitBytes))) {
        hash.update(chunk);
        bytes += chunk.length;
        chunks++;
        if (sending.size >= inFlight) await Promise.race(sending);
        const one = this.#chunks[bucket]
          .add(id, chunk, { headers: { [place]: String(chunks) } }, signal)
          .then((seq) => {
            first = Math.min(first, seq ?? Infinity);
            sending.delete(one);
          });
        sending.add(one);
        // It is looked at when the next chunk has come.
        one.catch(() => undefined);
      }
      await Promise.all(sending);
    } catch (error) {
      await Promise.allSettled(sending);
      throw error;
    }
    const digest = hash.digest('hex');
    if (expected !== undefined && expected !== digest)
      throw new HepcError([unlikeAnnounced({ what, expected, got: digest })]);
    return { digest, bytes, chunks, first: chunks === 0 ? 0 : first };
  }

  /** Gives the record that was there. */
  async #replace(key: string, record: ObjectRecord): Promise<ObjectRecord | undefined> {
    for (;;) {
      const entry = await this.#records.get(key);
      const changed = await (entry === undefined
        ? this.#records.create(key, record)
        : this.#records.update(entry, record));
      if (changed !== undefined) return entry && readRecord(entry);
    }
  }

  async stat(bucket: Bucket, name: string): Promise<StoredObject | undefined> {
    checkObjectName(name);
    const entry = await this.#records.get(keyOf(bucket, name));
    return entry && described(name, readRecord(entry));
  }

  async isWhole(bucket: Bucket, name: string): Promise<boolean> {
    checkObjectName(name);
    try {
      const entry = await this.#records.get(keyOf(bucket, name));
      if (entry === undefined) return false;
      const { id, chunks } = readRecord(entry);
      return (await this.#chunks[bucket].count(id)) >= chunks;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  async read(bucket: Bucket, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    return (await this.stat(bucket, name)) === undefined ? undefined : this.#readPieces(bucket, name);
  }

  async *#readPieces(bucket: Bucket, name: string): AsyncGenerator<Uint8Array, void, undefined> {
    const file = await this.open(bucket, name);
    if (file === undefined) throw new HepcError([damagedObject({ what: `${bucket}/${name}`, reason: 'it is gone' })]);
    try {
      yield* createReadStream(file.path, { highWaterMark: pieceBytes }) as AsyncIterable<Uint8Array>;
    } finally {
      await file.release();
    }
  }

  async open(bucket: Bucket, name: string, signal?: AbortSignal): Promise<LocalFile | undefined> {
    checkObjectName(name);
    for (;;) {
      const entry = await this.#records.get(keyOf(bucket, name));
      if (entry === undefined) return undefined;
      const record = readRecord(entry);
      try {
        const download = () => this.#download(bucket, name, record, signal);
        return await this.#cache.open(bucket, described(name, record), download, signal);
      } catch (error) {
        // Where it was replaced meanwhile, its chunks are gone.
        const now = await this.#records.get(keyOf(bucket, name));
        if (now?.revision === entry.revision || signal?.aborted === true) throw error;
      }
    }
  }

  async *#download(
    bucket: Bucket,
    name: string,
    { id, chunks, first }: ObjectRecord,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    // Chunks that were sent at once may have been stored in another order.
    const early = new Map<number, Uint8Array>();
    let due = 1;
    for (let seq = first; due <= chunks;) {
      const found = await this.#chunks[bucket].from(id, seq, signal);
      const last = found.at(-1);
      if (last === undefined)
        throw new HepcError([damagedObject({ what: `${bucket}/${name}`, reason: `chunk ${due} is gone` })]);
      seq = last.seq + 1;
      for (const { header, data } of found) early.set(Number(header(place)), data);
      for (let data = early.get(due); data !== undefined; data = early.get(due)) {
        yield data;
        early.delete(due++);
      }
    }
  }

  async delete(bucket: Bucket, name: string): Promise<boolean> {
    checkObjectName(name);
    for (;;) {
      const entry = await this.#records.get(keyOf(bucket, name));
      if (entry === undefined) return false;
      if (!(await this.#records.delete(entry))) continue;
      await this.#chunks[bucket].purge(readRecord(entry).id).catch(() => undefined);
      return true;
    }
  }

  async *list(bucket: Bucket): AsyncGenerator<StoredObject, void, undefined> {
    for await (const entry of this.#records.list(bucket))
      yield described(entry.name.slice(bucket.length + 1), readRecord(entry));
  }

  /** Of the chunks of objects that are there. */
  async ids(bucket: Bucket): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const entry of this.#records.list(bucket)) ids.add(readRecord(entry).id);
    return ids;
  }
}

/** Which chunk of its object a message is, from 1. */
const place = 'Hepc-Chunk';

function keyOf(bucket: Bucket, name: string): string {
  return `${bucket}.${name}`;
}

function described(name: string, { bytes, digest, storedAt }: ObjectRecord): StoredObject {
  return { name, bytes, digest, storedAt };
}

function readRecord({ name, value }: Entry): ObjectRecord {
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success)
    throw new HepcError([damagedObject({ what: name, reason: 'its record is not one of this version' })]);
  return parsed.data;
}

async function* limited(
  source: AsyncIterable<Uint8Array>,
  what: string,
  limitBytes: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > limitBytes) throw new HepcError([tooManyBytes({ what, limitBytes })]);
    yield piece;
  }
}
