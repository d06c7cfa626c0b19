/**
 * Objects as files `NAME.VERSION.DIGEST.BYTES.TIME` in a folder for each bucket: what is known of an object is in the name of
 * its file, so that one rename stores it with all that it has to agree with. Of two versions, which only a crash leaves,
 * the later counts. What exists is kept in memory.
 */
import { createHash, randomUUID } from 'node:crypto';
import { type FileHandle, link, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject, tooManyBytes, unlikeAnnounced } from '../../../ir/diagnostics/service/stores.ts';
import { checkObjectName } from '../names.ts';
import {
  type Bucket,
  buckets,
  isDamage,
  type LocalFile,
  type ObjectStore,
  type PutFileOptions,
  type PutOptions,
  type StoredObject,
  type WrittenFile,
} from '../object-store.ts';
import { pieceBytes, pieces } from '../pieces.ts';
import { onDisk } from '../../base/on-disk.ts';
import { ifThere, moveFile, removeFile, UnfinishedFile } from './disk.ts';

const fileName = /^([A-Za-z0-9_-]{1,128})\.(\d+)\.([0-9a-f]{64})\.(\d+)\.(\d+)$/;

interface Known extends StoredObject {
  readonly version: number;
  readonly path: string;
  /** What `stat` said of the file when its digest was last found right: as long as it says so, it is not read again. */
  seen: string | undefined;
}

export interface ObjectFolders {
  /** Holds a folder for each bucket. */
  readonly objects: string;
  /** What is being written. */
  readonly unfinished: string;
  /** What has been opened, as further links to the files. */
  readonly opened: string;
}

export class LocalObjects implements ObjectStore {
  readonly #known = new Map<Bucket, Map<string, Known>>(buckets.map((bucket) => [bucket, new Map()]));
  #version = 0;

  readonly #folders: ObjectFolders;

  private constructor(folders: ObjectFolders) {
    this.#folders = folders;
  }

  /** Finds what is there. The folders are. */
  static async open(folders: ObjectFolders): Promise<LocalObjects> {
    const objects = new LocalObjects(folders);
    for (const bucket of buckets) await objects.#find(bucket);
    return objects;
  }

  async #find(bucket: Bucket): Promise<void> {
    const folder = join(this.#folders.objects, bucket);
    const known = this.#of(bucket);
    for (const file of await readdir(folder)) {
      const [, name, version, digest, bytes, storedAt] = fileName.exec(file) ?? [];
      if (name === undefined || digest === undefined) continue;
      const object: Known = {
        name,
        version: Number(version),
        digest,
        bytes: Number(bytes),
        storedAt: Number(storedAt),
        path: join(folder, file),
        seen: undefined,
      };
      this.#version = Math.max(this.#version, object.version);
      const other = known.get(name);
      if (other === undefined || other.version < object.version) known.set(name, object);
      const older = other !== undefined && other.version > object.version ? object : other;
      if (older !== undefined) await removeFile(older.path);
    }
  }

  #of(bucket: Bucket): Map<string, Known> {
    return this.#known.get(bucket) ?? new Map<string, Known>();
  }

  async put(
    bucket: Bucket,
    name: string,
    source: AsyncIterable<Uint8Array>,
    options: PutOptions,
  ): Promise<StoredObject> {
    checkObjectName(name);
    const what = `${bucket}/${name}`;
    return onDisk(what, async () => {
      const file = await UnfinishedFile.create(this.#folders.unfinished);
      try {
        const hash = createHash('sha256');
        let bytes = 0;
        for await (const piece of pieces(source, options.signal)) {
          bytes += piece.length;
          if (bytes > options.limitBytes) throw new HepcError([tooManyBytes({ what, limitBytes: options.limitBytes })]);
          hash.update(piece);
          await file.write(piece);
        }
        const digest = hash.digest('hex');
        if (options.digest !== undefined && options.digest !== digest)
          throw new HepcError([unlikeAnnounced({ what, expected: options.digest, got: digest })]);
        return await this.#commit(bucket, { name, bytes, digest, storedAt: Date.now() }, file, options);
      } finally {
        await file.discard();
      }
    });
  }

  async putFile(
    bucket: Bucket,
    name: string,
    { path, bytes, digest }: WrittenFile,
    options: PutFileOptions = {},
  ): Promise<StoredObject> {
    checkObjectName(name);
    const file = { commit: (to: string, durable: boolean) => moveFile(path, to, durable) };
    const stored = { name, bytes, digest, storedAt: Date.now() };
    return onDisk(`${bucket}/${name}`, () => this.#commit(bucket, stored, file, options));
  }

  unfinishedPath(name: string): string {
    checkObjectName(name);
    return join(this.#folders.unfinished, `${name}-${randomUUID()}`);
  }

  async #commit(
    bucket: Bucket,
    stored: StoredObject,
    file: Pick<UnfinishedFile, 'commit'>,
    { durable = false, signal }: PutFileOptions,
  ): Promise<StoredObject> {
    signal?.throwIfAborted();
    const { name, digest, bytes, storedAt } = stored;
    const version = ++this.#version;
    const path = join(this.#folders.objects, bucket, `${name}.${version}.${digest}.${bytes}.${storedAt}`);
    try {
      await file.commit(path, durable);
    } catch (error) {
      await removeFile(path);
      throw error;
    }
    const known = this.#of(bucket);
    const other = known.get(name);
    // Of two that are stored at once, the later version stays, in memory as on the disk.
    const isLatest = other === undefined || other.version < version;
    if (isLatest) known.set(name, { ...stored, version, path, seen: await identify(path) });
    const older = isLatest ? other?.path : path;
    if (older !== undefined) await removeFile(older);
    return stored;
  }

  stat(bucket: Bucket, name: string): Promise<StoredObject | undefined> {
    checkObjectName(name);
    const known = this.#of(bucket).get(name);
    return Promise.resolve(known && described(known));
  }

  async isWhole(bucket: Bucket, name: string): Promise<boolean> {
    try {
      const file = await this.open(bucket, name);
      await file?.release();
      return file !== undefined;
    } catch (error) {
      if (isDamage(error)) return false;
      throw error;
    }
  }

  read(bucket: Bucket, name: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    checkObjectName(name);
    const known = this.#of(bucket).get(name);
    // The file is opened when the first piece is asked for: who never asks has nothing to close.
    return Promise.resolve(known && this.#readPieces(bucket, known));
  }

  async *#readPieces(bucket: Bucket, known: Known): AsyncGenerator<Uint8Array, void, undefined> {
    const what = `${bucket}/${known.name}`;
    const current = await this.#openCurrent(bucket, known);
    if (current === undefined) throw new HepcError([damagedObject({ what, reason: 'its file is gone' })]);
    const { handle, object } = current;
    try {
      const { size } = await handle.stat();
      if (size !== object.bytes) throw new HepcError([damagedObject({ what, reason: wrongSize(object, size) })]);
      const hash = createHash('sha256');
      let last: Uint8Array | undefined;
      for await (const piece of readHandle(handle, what, { size })) {
        hash.update(piece);
        if (last !== undefined) yield last;
        last = piece;
      }
      // The last piece is held back, so that nobody has all bytes before it is known that they are right.
      if (hash.digest('hex') !== object.digest) throw new HepcError([damagedObject({ what, reason: wrongDigest })]);
      if (last !== undefined) yield last;
    } finally {
      await handle.close();
    }
  }

  /** The file of an object, or of what has replaced it meanwhile. */
  async #openCurrent(bucket: Bucket, object: Known): Promise<{ handle: FileHandle; object: Known } | undefined> {
    const handle = await ifThere(onDisk(`${bucket}/${object.name}`, () => open(object.path, 'r')));
    if (handle !== undefined) return { handle, object };
    const current = this.#of(bucket).get(object.name);
    return current === undefined || current === object ? undefined : this.#openCurrent(bucket, current);
  }

  async open(bucket: Bucket, name: string, signal?: AbortSignal): Promise<LocalFile | undefined> {
    checkObjectName(name);
    const known = this.#of(bucket).get(name);
    if (known === undefined) return undefined;
    const what = `${bucket}/${name}`;
    const path = join(this.#folders.opened, randomUUID());
    const linked = await ifThere(onDisk(what, () => link(known.path, path).then(() => true)));
    if (linked === undefined) {
      if (this.#of(bucket).get(name) !== known) return this.open(bucket, name, signal);
      throw new HepcError([damagedObject({ what, reason: 'its file is gone' })]);
    }
    try {
      await onDisk(what, () => verify(what, known, path, signal));
    } catch (error) {
      await removeFile(path);
      throw error;
    }
    return { path, bytes: known.bytes, release: () => removeFile(path) };
  }

  async delete(bucket: Bucket, name: string): Promise<boolean> {
    checkObjectName(name);
    const known = this.#of(bucket).get(name);
    if (known === undefined) return false;
    this.#of(bucket).delete(name);
    await onDisk(`${bucket}/${name}`, () => removeFile(known.path));
    return true;
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what is in memory, as an interface that others have to wait for
  async *list(bucket: Bucket): AsyncGenerator<StoredObject, void, undefined> {
    for (const known of [...this.#of(bucket).values()]) yield described(known);
  }
}

function described({ name, bytes, digest, storedAt }: Known): StoredObject {
  return { name, bytes, digest, storedAt };
}

const wrongDigest = 'its bytes have another digest';

function wrongSize({ bytes }: StoredObject, size: number): string {
  return `it has ${size} bytes instead of ${bytes}`;
}

/** Of a file as it is now. Links do not change it, nor does reading. */
async function identify(path: string): Promise<string> {
  const { ino, size, mtimeMs } = await stat(path);
  return `${ino} ${size} ${mtimeMs}`;
}

/** Rejects with H808 where the file is not what the object says. Reads it unless it has been read since it was changed. */
async function verify(what: string, object: Known, path: string, signal: AbortSignal | undefined): Promise<void> {
  const seen = await identify(path);
  if (seen === object.seen) return;
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    if (size !== object.bytes) throw new HepcError([damagedObject({ what, reason: wrongSize(object, size) })]);
    const hash = createHash('sha256');
    for await (const piece of pieces(readHandle(handle, what, { size, inPassing: true }), signal)) hash.update(piece);
    if (hash.digest('hex') !== object.digest) throw new HepcError([damagedObject({ what, reason: wrongDigest })]);
    object.seen = seen;
  } finally {
    await handle.close();
  }
}

/**
 * At most `size` bytes of a file from its position on, fewer where it ends before. Does not close it. With `inPassing` a piece
 * is good until the next is asked for, and all of them take the memory of one.
 */
async function* readHandle(
  handle: FileHandle,
  what: string,
  { size, inPassing = false }: { readonly size: number; readonly inPassing?: boolean },
): AsyncGenerator<Uint8Array, void, undefined> {
  let last: Buffer | undefined;
  for (let left = size; left > 0;) {
    const length = Math.min(left, pieceBytes);
    const buffer: Buffer = inPassing && last !== undefined ? last.subarray(0, length) : Buffer.allocUnsafe(length);
    last = buffer;
    const { bytesRead } = await onDisk(what, () => handle.read(buffer, 0, buffer.length, null));
    if (bytesRead === 0) return;
    left -= bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
