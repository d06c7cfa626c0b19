/**
 * An upload is a record, and chunks that each tell how many bytes there are with it. A chunk is stored only where the last
 * one is still the one that it follows: so of two that append at once, at whichever fronts, one is refused.
 */
import { open } from 'node:fs/promises';
import { z } from 'zod';

import { HepcError, InternalError } from '../../../ir/diagnostics/diagnostic.ts';
import { damagedObject, otherOffset, tooManyBytes } from '../../../ir/diagnostics/service/stores.ts';
import { onDisk } from '../../base/on-disk.ts';
import { fileMode, removeFile, writeAll } from '../local/disk.ts';
import { checkObjectName } from '../names.ts';
import { pieces } from '../pieces.ts';
import { type Entry, type Json, jsonSchema } from '../registry.ts';
import type { Upload, Uploads } from '../uploads.ts';
import { type Chunks, inChunks } from './chunks.ts';
import type { Stored } from './link.ts';
import type { NatsRegistry } from './registry.ts';

const recordSchema = z.object({ length: z.int().min(0), note: jsonSchema, createdAt: z.number() });

/** How many bytes the upload has with this chunk. */
const endHeader = 'Hepc-End';

export class NatsUploads implements Uploads {
  readonly #records: NatsRegistry;
  readonly #chunks: Chunks;

  readonly #unfinishedPath: (id: string) => string;

  /** @param unfinishedPath where files of uploads are made */
  constructor(records: NatsRegistry, chunks: Chunks, unfinishedPath: (id: string) => string) {
    this.#records = records;
    this.#chunks = chunks;
    this.#unfinishedPath = unfinishedPath;
  }

  async create(id: string, length: number, note: Json): Promise<Upload> {
    checkObjectName(id);
    const created = await this.#records.create(id, { length, note, createdAt: Date.now() });
    if (created === undefined) throw new InternalError(`there is an upload ${id} already`);
    return upload(created, undefined);
  }

  async get(id: string): Promise<Upload | undefined> {
    return (await this.#find(id))?.upload;
  }

  async #find(id: string): Promise<{ upload: Upload; last: Stored | undefined } | undefined> {
    checkObjectName(id);
    const entry = await this.#records.get(id);
    if (entry === undefined) return undefined;
    const last = await this.#chunks.last(id);
    return { upload: upload(entry, last), last };
  }

  async append(id: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number> {
    const found = await this.#find(id);
    const refuse = (reason: string): HepcError => new HepcError([otherOffset({ id, reason })]);
    if (found === undefined) throw refuse('it is not there any more');
    const { length, offset: there } = found.upload;
    if (there !== offset) throw refuse(`it has ${there} bytes, not ${offset}`);
    let [end, lastSeq] = [offset, found.last?.seq ?? 0];
    for await (const chunk of inChunks(within(pieces(source), id, length - offset))) {
      const headers = { [endHeader]: String(end + chunk.length) };
      const seq = await this.#chunks.add(id, chunk, { lastSeq, headers });
      if (seq === undefined) throw refuse('another connection is appending to it, or it is not there any more');
      lastSeq = seq;
      end += chunk.length;
    }
    return end;
  }

  async file(id: string): Promise<{ readonly path: string; readonly bytes: number }> {
    checkObjectName(id);
    const path = this.#unfinishedPath(id);
    const bytes = await onDisk(`upload ${id}`, () => this.#download(id, path));
    return { path, bytes };
  }

  async #download(id: string, path: string): Promise<number> {
    const what = `upload ${id}`;
    const entry = await this.#records.get(id);
    if (entry === undefined) throw new InternalError(`there is no ${what}`);
    const handle = await open(path, 'wx', fileMode);
    try {
      let [end, seq] = [0, 1];
      for (;;) {
        const found = await this.#chunks.from(id, seq);
        for (const { data, header } of found) {
          await writeAll(handle, data);
          end += data.length;
          if (Number(header(endHeader)) !== end)
            throw new HepcError([damagedObject({ what, reason: `bytes before ${end} are gone` })]);
        }
        const last = found.at(-1);
        if (last === undefined) return end;
        seq = last.seq + 1;
      }
    } catch (error) {
      await removeFile(path);
      throw error;
    } finally {
      await handle.close();
    }
  }

  async delete(id: string): Promise<boolean> {
    checkObjectName(id);
    const entry = await this.#records.get(id);
    if (entry === undefined || !(await this.#records.delete(entry))) return false;
    await this.#chunks.purge(id);
    return true;
  }

  async *list(): AsyncGenerator<Upload, void, undefined> {
    for await (const { name } of this.#records.list('')) {
      const each = await this.get(name);
      if (each !== undefined) yield each;
    }
  }

  /** Of the chunks of uploads that are there. */
  async ids(): Promise<ReadonlySet<string>> {
    const ids = new Set<string>();
    for await (const { name } of this.#records.list('')) ids.add(name);
    return ids;
  }
}

function upload({ name, value }: Entry, last: Stored | undefined): Upload {
  const parsed = recordSchema.safeParse(value);
  if (!parsed.success)
    throw new HepcError([damagedObject({ what: `upload ${name}`, reason: 'its record is not one of this version' })]);
  return { id: name, ...parsed.data, offset: last === undefined ? 0 : Number(last.header(endHeader)) };
}

/** The pieces, up to the first with which there are more than `rest` bytes: that is refused. */
async function* within(
  source: AsyncIterable<Uint8Array>,
  id: string,
  rest: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  let bytes = 0;
  for await (const piece of source) {
    bytes += piece.length;
    if (bytes > rest) throw new HepcError([tooManyBytes({ what: `upload ${id}`, limitBytes: rest })]);
    yield piece;
  }
}
