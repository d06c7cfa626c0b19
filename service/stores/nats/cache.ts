/**
 * Objects that have been read, as files of this machine by their digest. The least recently used go where there are more
 * bytes than allowed; what is open stays until it is released.
 */
import { lstat, mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject, storeUnusable } from '../../../ir/diagnostics/service/stores.ts';
import { emptyFolder, folderMode } from '../local/disk.ts';
import { type Lock, takeLock } from '../local/lock.ts';
import { LocalObjects } from '../local/objects.ts';
import { Turns } from '../local/turns.ts';
import { type Bucket, buckets, isDamage, type LocalFile, type StoredObject } from '../object-store.ts';

export class Cache {
  readonly #objects: LocalObjects;
  readonly #lock: Lock;
  readonly #limitBytes: number;
  readonly #turns = new Turns();
  /** The least recently used first. */
  readonly #used = new Map<string, { readonly bucket: Bucket; readonly digest: string; readonly bytes: number }>();

  private constructor(objects: LocalObjects, lock: Lock, limitBytes: number) {
    this.#objects = objects;
    this.#lock = lock;
    this.#limitBytes = limitBytes;
  }

  /** Rejects with H800 where another process has the folder, H801, H807. */
  static async open(folder: string | undefined, limitBytes: number): Promise<Cache> {
    const { path, lock } =
      folder === undefined ? await takeTemporary() : { path: folder, lock: await lockFolder(folder) };
    try {
      const folders = {
        objects: join(path, 'objects'),
        unfinished: join(path, 'unfinished'),
        opened: join(path, 'opened'),
      };
      const all = [...Object.values(folders), ...buckets.map((bucket) => join(folders.objects, bucket))];
      for (const each of all) await mkdir(each, { recursive: true, mode: folderMode });
      await emptyFolder(folders.unfinished);
      await emptyFolder(folders.opened);
      const cache = new Cache(await LocalObjects.open(folders), lock, limitBytes);
      await cache.#find();
      return cache;
    } catch (error) {
      await lock.release();
      throw error;
    }
  }

  async #find(): Promise<void> {
    const found: { bucket: Bucket; digest: string; bytes: number; storedAt: number }[] = [];
    for (const bucket of buckets)
      for await (const { name, bytes, storedAt } of this.#objects.list(bucket))
        found.push({ bucket, digest: name, bytes, storedAt });
    for (const each of found.toSorted((a, b) => a.storedAt - b.storedAt)) this.#used.set(keyOf(each), each);
    await this.#evict();
  }

  unfinishedPath(name: string): string {
    return this.#objects.unfinishedPath(name);
  }

  /** The object as a file, by `download` where it is not there. Rejects with H807, and H808 for other bytes than `stored` says. */
  open(
    bucket: Bucket,
    stored: StoredObject,
    download: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<LocalFile> {
    const { digest, bytes } = stored;
    const key = keyOf({ bucket, digest });
    return this.#turns.take(key, async () => {
      const file = await this.#openCached(bucket, digest, signal);
      if (file !== undefined) {
        const used = this.#used.get(key) ?? { bucket, digest, bytes };
        this.#used.delete(key);
        this.#used.set(key, used);
        return file;
      }
      await this.#fetch(bucket, stored, download, signal);
      this.#used.set(key, { bucket, digest, bytes });
      const fetched = await this.#objects.open(bucket, digest, signal);
      if (fetched === undefined)
        throw new HepcError([damagedObject({ what: stored.name, reason: 'its copy is gone' })]);
      await this.#evict();
      return fetched;
    });
  }

  /** A copy that is damaged is as good as none. */
  async #openCached(bucket: Bucket, digest: string, signal: AbortSignal | undefined): Promise<LocalFile | undefined> {
    try {
      return await this.#objects.open(bucket, digest, signal);
    } catch (error) {
      if (!isDamage(error)) throw error;
      await this.#objects.delete(bucket, digest);
      return undefined;
    }
  }

  async #fetch(
    bucket: Bucket,
    { name, digest, bytes }: StoredObject,
    download: () => AsyncIterable<Uint8Array>,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    try {
      const options = { limitBytes: bytes, digest, ...(signal === undefined ? {} : { signal }) };
      await this.#objects.put(bucket, digest, download(), options);
    } catch (error) {
      if (!hasCode(error, 'H805') && !hasCode(error, 'H806')) throw error;
      throw new HepcError([damagedObject({ what: `${bucket}/${name}`, reason: 'its bytes have another digest' })]);
    }
  }

  async #evict(): Promise<void> {
    let total = 0;
    for (const { bytes } of this.#used.values()) total += bytes;
    for (const [key, { bucket, digest, bytes }] of [...this.#used]) {
      if (total <= this.#limitBytes) return;
      this.#used.delete(key);
      total -= bytes;
      await this.#objects.delete(bucket, digest);
    }
  }

  close(): Promise<void> {
    return this.#lock.release();
  }
}

function keyOf({ bucket, digest }: { readonly bucket: Bucket; readonly digest: string }): string {
  return `${bucket}.${digest}`;
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof HepcError && error.diagnostics.some((each) => each.code === code);
}

async function lockFolder(folder: string): Promise<Lock> {
  await mkdir(folder, { recursive: true, mode: folderMode });
  return takeLock(folder);
}

/** The first folder that no process has: what one that has ended left there is used again. */
async function takeTemporary(): Promise<{ path: string; lock: Lock }> {
  const user = process.getuid?.() ?? 0;
  const parent = join(tmpdir(), `hepc-cache-${user}`);
  await mkdir(parent, { recursive: true, mode: folderMode });
  const { uid, mode } = await lstat(parent);
  // Others may write into the folder of temporary files.
  if (process.getuid !== undefined && (uid !== user || (mode & 0o077) !== 0))
    throw new HepcError([storeUnusable({ folder: parent, reason: 'others than this user may use it' })]);
  for (let k = 0; ; k++) {
    const path = join(parent, String(k));
    try {
      return { path, lock: await lockFolder(path) };
    } catch (error) {
      if (!hasCode(error, 'H800')) throw error;
    }
  }
}
