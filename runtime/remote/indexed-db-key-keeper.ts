/**
 * Keys in the IndexedDB of a page's origin: they survive a reload, and every script of that origin can read them. Evaluation
 * keys are kept as Blobs, which browsers keep on the disk and not in memory. Keys of a plan that its server has replaced go
 * when the model is asked under others.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { parametersDigest } from '../seal/bytes/client-part-digest.ts';
import type { KeySet } from '../cipher/key-files.ts';
import type { KeptKeys, KeyKeeper } from './key-keeper.ts';

interface Schema extends DBSchema {
  /** By the digest of the parameters. */
  readonly keys: {
    key: string;
    value: { readonly secretKey: Uint8Array; readonly evaluationKeys: Blob; readonly digest: string };
  };
  /** By model: the digest of the parameters of its keys. */
  readonly used: { key: string; value: string };
  readonly notes: { key: string; value: string };
}

const version = 2;

export class IndexedDbKeyKeeper implements KeyKeeper {
  private readonly database: IDBPDatabase<Schema>;

  /** Opens, or makes, the database `name`. To be closed. Rejects with the errors of the browser. */
  static async open(name = 'hepc'): Promise<IndexedDbKeyKeeper> {
    const database = await openDB<Schema>(name, version, {
      upgrade: (fresh) => {
        // Of another version: keys are made again.
        for (const store of [...fresh.objectStoreNames]) fresh.deleteObjectStore(store);
        for (const store of ['keys', 'used', 'notes'] as const) fresh.createObjectStore(store);
      },
    });
    return new IndexedDbKeyKeeper(database);
  }

  private constructor(database: IDBPDatabase<Schema>) {
    this.database = database;
  }

  async load(part: ClientPart): Promise<KeptKeys | undefined> {
    const found = await this.database.get('keys', parametersDigest(part));
    if (found === undefined) return undefined;
    const { secretKey, digest, evaluationKeys } = found;
    return { secretKey, digest, evaluationKeys: async () => new Uint8Array(await evaluationKeys.arrayBuffer()) };
  }

  async save(part: ClientPart, { secretKey, evaluationKeys }: KeySet, digest: string): Promise<void> {
    const blob = new Blob([evaluationKeys as Uint8Array<ArrayBuffer>]);
    await this.database.put('keys', { secretKey, evaluationKeys: blob, digest }, parametersDigest(part));
  }

  async use(model: string, part: ClientPart): Promise<void> {
    const now = parametersDigest(part);
    const change = this.database.transaction(['keys', 'used'], 'readwrite');
    const used = change.objectStore('used');
    const before = await used.get(model);
    await used.put(now, model);
    const isReplaced = before !== undefined && !(await used.getAll()).includes(before);
    if (isReplaced) await change.objectStore('keys').delete(before);
    await change.done;
  }

  async note(name: string): Promise<string | undefined> {
    return this.database.get('notes', name);
  }

  async setNote(name: string, text?: string): Promise<void> {
    if (text === undefined) await this.database.delete('notes', name);
    else await this.database.put('notes', text, name);
  }

  /** Removes all keys and all that was noted, pins as well: for a user who leaves. */
  async clear(): Promise<void> {
    const change = this.database.transaction(['keys', 'used', 'notes'], 'readwrite');
    for (const store of ['keys', 'used', 'notes'] as const) await change.objectStore(store).clear();
    await change.done;
  }

  close(): void {
    this.database.close();
  }
}
