/**
 * An upload is a record and a file of the bytes that have arrived, whose size is the offset. Bytes are flushed before their
 * offset is told.
 */
import { randomUUID } from 'node:crypto';
import { link, open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject, otherOffset, tooManyBytes } from '../../../ir/diagnostics/service/stores.ts';
import { checkObjectName } from '../names.ts';
import { pieces } from '../pieces.ts';
import { type Json, jsonSchema } from '../registry.ts';
import type { Upload, Uploads } from '../uploads.ts';
import { onDisk } from '../../base/on-disk.ts';
import { fileMode, flushFolder, ifThere, removeFile, writeAll } from './disk.ts';
import { readRecords, type RecordFolders, writeRecord } from './records.ts';
import { frozen } from './registry.ts';

const recordSchema = z.object({ id: z.string(), length: z.int().min(0), note: jsonSchema, createdAt: z.number() });
type UploadRecord = z.infer<typeof recordSchema>;

export interface UploadFolders extends RecordFolders {
  /** Holds the records. */
  readonly uploads: string;
  /** Holds the bytes. */
  readonly arrived: string;
}

export class LocalUploads implements Uploads {
  readonly #records = new Map<string, UploadRecord>();
  readonly #appending = new Set<string>();

  readonly #folders: UploadFolders;

  private constructor(folders: UploadFolders) {
    this.#folders = folders;
  }

  static async open(folders: UploadFolders): Promise<LocalUploads> {
    const uploads = new LocalUploads(folders);
    for await (const { value } of readRecords(folders, folders.uploads, recordSchema))
      uploads.#records.set(value.id, value);
    for (const id of await readdir(folders.arrived))
      if (!uploads.#records.has(id)) await removeFile(join(folders.arrived, id));
    return uploads;
  }

  async create(id: string, length: number, note: Json): Promise<Upload> {
    checkObjectName(id);
    if (this.#records.has(id)) throw new InternalError(`there is an upload ${id} already`);
    const record = { id, length, note: frozen(note), createdAt: Date.now() };
    this.#records.set(id, record);
    try {
      await onDisk(`upload ${id}`, async () => {
        const handle = await open(this.#bytesOf(id), 'w', fileMode);
        await handle.close();
        await flushFolder(this.#folders.arrived);
      });
      await writeRecord(this.#folders, this.#recordOf(id), `upload ${id}`, record, true);
    } catch (error) {
      await this.delete(id);
      throw error;
    }
    return { ...record, offset: 0 };
  }

  async get(id: string): Promise<Upload | undefined> {
    checkObjectName(id);
    const record = this.#records.get(id);
    if (record === undefined) return undefined;
    const size = (await ifThere(stat(this.#bytesOf(id))))?.size;
    // One that is deleted meanwhile has no bytes, and no record any more.
    return this.#records.has(id) ? { ...record, offset: Math.min(size ?? 0, record.length) } : undefined;
  }

  async append(id: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    checkObjectName(id);
    if (this.#appending.has(id))
      throw new HepcError([otherOffset({ id, reason: 'another connection is appending to it' })]);
    this.#appending.add(id);
    try {
      const upload = await this.get(id);
      if (upload === undefined) throw new HepcError([otherOffset({ id, reason: 'it is not there any more' })]);
      if (upload.offset !== offset)
        throw new HepcError([otherOffset({ id, reason: `it has ${upload.offset} bytes, not ${offset}` })]);
      return await onDisk(`upload ${id}`, () => this.#appendTo(upload, source));
    } finally {
      this.#appending.delete(id);
    }
  }

  async #appendTo({ id, length, offset }: Upload, source: AsyncIterable<Uint8Array>): Promise<number> {
    const handle = await ifThere(open(this.#bytesOf(id), 'r+'));
    if (handle === undefined) throw new HepcError([otherOffset({ id, reason: 'it is not there any more' })]);
    let end = offset;
    try {
      for await (const piece of pieces(source)) {
        if (end + piece.length > length)
          throw new HepcError([tooManyBytes({ what: `upload ${id}`, limitBytes: length })]);
        await writeAll(handle, piece, end);
        end += piece.length;
      }
      return end;
    } finally {
      try {
        // What a write left that failed half way has not been counted.
        await handle.truncate(end);
        await handle.datasync();
      } finally {
        await handle.close();
      }
    }
  }

  async file(id: string): Promise<{ readonly path: string; readonly bytes: number }> {
    const upload = await this.get(id);
    if (upload === undefined) throw new InternalError(`there is no upload ${id}`);
    const what = `upload ${id}`;
    const path = join(this.#folders.unfinished, `${id}-${randomUUID()}`);
    // Another name of the same bytes, which nobody changes any more once all are there.
    const linked = await ifThere(onDisk(what, () => link(this.#bytesOf(id), path).then(() => true)));
    if (linked === undefined) throw new HepcError([damagedObject({ what, reason: 'its file is gone' })]);
    return { path, bytes: upload.offset };
  }

  async delete(id: string): Promise<boolean> {
    checkObjectName(id);
    const there = this.#records.delete(id);
    await onDisk(`upload ${id}`, async () => {
      await removeFile(this.#recordOf(id));
      await removeFile(this.#bytesOf(id));
    });
    return there;
  }

  async *list(): AsyncGenerator<Upload, void, undefined> {
    for (const id of [...this.#records.keys()]) {
      const upload = await this.get(id);
      if (upload !== undefined) yield upload;
    }
  }

  #recordOf(id: string): string {
    return join(this.#folders.uploads, `${id}.json`);
  }

  #bytesOf(id: string): string {
    return join(this.#folders.arrived, id);
  }
}
