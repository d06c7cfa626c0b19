/** The uploads of a tenant as @tus/server wants them. */
import { DataStore, type Lock, type Locker, Upload } from '@tus/server';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { HepcError } from '../../../ir/diagnostics/diagnostic.ts';
import { unknownUpload, uploadConflict } from '../../../ir/diagnostics/service/http.ts';
import type { HandedOn } from '../base/bodies.ts';
import { type KeyUploads, type UploadState, uploadSeconds } from '../../keys/key-uploads.ts';

export class TusStore extends DataStore {
  private readonly uploads: KeyUploads;
  private readonly tenant: string;
  private readonly body: HandedOn;

  /** @param body of the request, which the library hands on */
  constructor(uploads: KeyUploads, tenant: string, body: HandedOn) {
    super();
    this.body = body;
    this.uploads = uploads;
    this.tenant = tenant;
    this.extensions = ['creation', 'creation-with-upload', 'termination', 'expiration'];
  }

  /** It is there already: its name is that of the upload. */
  override async create(upload: Upload): Promise<Upload> {
    upload.creation_date = (await this.getUpload(upload.id)).creation_date;
    return upload;
  }

  override async getUpload(id: string): Promise<Upload> {
    return uploadOf(await this.uploads.get(this.tenant, id));
  }

  override async write(stream: Readable, id: string, offset: number): Promise<number> {
    return this.uploads.append(this.tenant, id, offset, this.body.take(stream as AsyncIterable<Buffer>));
  }

  override async remove(id: string): Promise<void> {
    if (!(await this.uploads.remove(this.tenant, id))) throw new HepcError([unknownUpload({})]);
  }

  override getExpiration(): number {
    return 1000 * uploadSeconds;
  }

  /** Sweeps do it. */
  override deleteExpired(): Promise<number> {
    return Promise.resolve(0);
  }
}

function uploadOf({ id, length, offset, createdAt }: UploadState): Upload {
  return new Upload({ id, size: length, offset, creation_date: new Date(createdAt).toISOString() });
}

/**
 * One request at a time works on an upload; the next asks it to end, since its connection is probably dead. It ends its body,
 * and not its work, as the library would have it: what has come is still stored.
 */
export class UploadLocks {
  private readonly held = new Map<string, { readonly end: () => void; readonly free: Promise<void> }>();
  private readonly patienceMs: number;

  constructor(patienceMs = 10_000) {
    this.patienceMs = patienceMs;
  }

  /** For one request: `end` ends its body behind what has come. */
  of(end: () => void): Locker {
    return { newLock: (id) => this.newLock(id, end) };
  }

  private newLock(id: string, end: () => void): Lock {
    let release = (): void => undefined;
    return {
      lock: async (signal) => {
        for (let holder = this.held.get(id); holder !== undefined; holder = this.held.get(id)) {
          holder.end();
          const late = sleep(this.patienceMs, true, { signal, ref: false }).catch(() => true);
          if ((await Promise.race([holder.free, late])) === true) throw new HepcError([uploadConflict({})]);
        }
        const { promise, resolve } = Promise.withResolvers<undefined>();
        const own = { end, free: promise.then(() => undefined) };
        this.held.set(id, own);
        release = () => {
          this.held.delete(id);
          resolve(undefined);
        };
      },
      unlock: () => {
        release();
        return Promise.resolve();
      },
    };
  }
}
