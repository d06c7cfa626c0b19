/**
 * Records as files, all of them in memory too, and transient ones there alone. Changes of one record come one after another;
 * a change is in memory once it is on the disk.
 */
import { join } from 'node:path';
import { z } from 'zod';

import { checkDottedName, hasPrefix } from '../names.ts';
import { type ChangeOptions, type Entry, type Json, jsonSchema, type Registry } from '../registry.ts';
import { onDisk } from '../../base/on-disk.ts';
import { removeFile } from './disk.ts';
import { readRecords, type RecordFolders, writeRecord } from './records.ts';
import { Turns } from './turns.ts';

const recordSchema = z.object({ name: z.string(), revision: z.int().min(1), value: jsonSchema });

export class LocalRegistry implements Registry {
  readonly #entries = new Map<string, Entry>();
  /** Names of those without a file. */
  readonly #transient = new Set<string>();
  readonly #turns = new Turns();
  #revision = 0;

  readonly #folders: RecordFolders;
  readonly #folder: string;

  private constructor(folders: RecordFolders, folder: string) {
    this.#folders = folders;
    this.#folder = folder;
  }

  static async open(folders: RecordFolders, folder: string): Promise<LocalRegistry> {
    const registry = new LocalRegistry(folders, folder);
    for await (const { value } of readRecords(folders, folder, recordSchema)) {
      registry.#entries.set(value.name, { ...value, value: frozen(value.value) });
      registry.#revision = Math.max(registry.#revision, value.revision);
    }
    return registry;
  }

  get(name: string): Promise<Entry | undefined> {
    checkDottedName(name);
    return Promise.resolve(this.#entries.get(name));
  }

  create(name: string, value: Json, options: ChangeOptions = {}): Promise<Entry | undefined> {
    checkDottedName(name);
    return this.#turns.take(name, () => (this.#entries.has(name) ? undefined : this.#write(name, value, options)));
  }

  update(entry: Entry, value: Json, options: ChangeOptions = {}): Promise<Entry | undefined> {
    checkDottedName(entry.name);
    return this.#turns.take(entry.name, () =>
      this.#isCurrent(entry) ? this.#write(entry.name, value, options) : undefined,
    );
  }

  delete(entry: Entry): Promise<boolean> {
    checkDottedName(entry.name);
    return this.#turns.take(entry.name, async () => {
      if (!this.#isCurrent(entry)) return false;
      if (!this.#transient.delete(entry.name)) await onDisk(entry.name, () => removeFile(this.#pathOf(entry.name)));
      this.#entries.delete(entry.name);
      return true;
    });
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- what is in memory, as an interface that others have to wait for
  async *list(prefix: string): AsyncGenerator<Entry, void, undefined> {
    if (prefix !== '') checkDottedName(prefix);
    for (const entry of [...this.#entries.values()]) if (hasPrefix(entry.name, prefix)) yield entry;
  }

  #isCurrent({ name, revision }: Entry): boolean {
    return this.#entries.get(name)?.revision === revision;
  }

  async #write(name: string, value: Json, options: ChangeOptions): Promise<Entry> {
    const entry = { name, value: frozen(value), revision: ++this.#revision };
    const hasFile = this.#entries.has(name) && !this.#transient.has(name);
    if (options.transient === true && !hasFile) this.#transient.add(name);
    else await this.#writeFile(entry, hasFile, options);
    this.#entries.set(name, entry);
    return entry;
  }

  async #writeFile(entry: Entry, hasFile: boolean, { durable = true }: ChangeOptions): Promise<void> {
    const path = this.#pathOf(entry.name);
    try {
      await writeRecord(this.#folders, path, entry.name, { ...entry }, durable);
    } catch (error) {
      // Where it has its name already, and could not be flushed.
      if (!hasFile) await removeFile(path);
      throw error;
    }
    this.#transient.delete(entry.name);
  }

  #pathOf(name: string): string {
    return join(this.#folder, `${name}.json`);
  }
}

/** A copy that nobody changes by accident, as what has come over a network. */
export function frozen(value: Json): Json {
  const copy = JSON.parse(JSON.stringify(value)) as Json;
  freeze(copy);
  return copy;
}

function freeze(value: Json): void {
  if (typeof value !== 'object' || value === null) return;
  Object.freeze(value);
  for (const part of Object.values<Json>(value)) freeze(part);
}
