/**
 * Keys in the IndexedDB of a page's origin: they survive a reload, and every script of that origin can read them. Evaluation
 * keys are kept as Blobs, which browsers keep on the disk and not in memory.
 */
import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import type { ClientPart } from '../../ir/plan/plan.ts';
import { parametersDigest } from '../seal/bytes/client-part-digest.ts';
import type { KeySet } from '../cipher/key-files.ts';
import type { KeptKeys, KeyKeeper } from './key-keeper.ts';

interface Schema extends DBSchema {
  readonly keys: {
    key: string;
    value: { readonly secretKey: Uint8Array; readonly evaluationKeys: Blob };
  };
  readonly notes: { key: string; value: string };
}

const version = 1;

export class IndexedDbKeyKeeper implements KeyKeeper {
  private readonly database: IDBPDatabase<Schema>;

  /** Opens, or makes, the database `name`. To be closed. Rejects with the errors of the browser. */
  static async open(name = 'hepc'): Promise<IndexedDbKeyKeeper> {
    const database = await openDB<Schema>(name, version, {
      upgrade: (fresh) => {
        fresh.createObjectStore('keys');
        fresh.createObjectStore('notes');
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
    return { secretKey: found.secretKey, evaluationKeys: new Uint8Array(await found.evaluationKeys.arrayBuffer()) };
  }

  async save(part: ClientPart, { secretKey, evaluationKeys }: KeySet): Promise<void> {
    const blob = new Blob([evaluationKeys as Uint8Array<ArrayBuffer>]);
    await this.database.put('keys', { secretKey, evaluationKeys: blob }, parametersDigest(part));
  }

  async note(name: string): Promise<string | undefined> {
    return this.database.get('notes', name);
  }

  async setNote(name: string, text?: string): Promise<void> {
    if (text === undefined) await this.database.delete('notes', name);
    else await this.database.put('notes', text, name);
  }

  close(): void {
    this.database.close();
  }
}
