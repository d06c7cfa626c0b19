/** Where a client keeps its keys, and what it has seen of servers. */
import type { ClientPart } from '../../ir/plan/plan.ts';
import { parametersDigest } from '../seal/bytes/client-part-digest.ts';
import type { KeySet } from '../cipher/key-files.ts';

/** Keys without the public one, which a server never asks for. */
export interface KeptKeys {
  readonly secretKey: Uint8Array;
  /** SHA-256 of the file of evaluation keys, by which a server knows them. */
  readonly digest: string;
  /** That file, which is large: read where a server lacks it. */
  evaluationKeys(): Promise<Uint8Array>;
}

export interface KeyKeeper {
  /** The keys that fit `part`. */
  load(part: ClientPart): Promise<KeptKeys | undefined>;
  /**
   * Keeps the keys whole or not at all.
   *
   * @param digest SHA-256 of the evaluation keys
   */
  save(part: ClientPart, keys: KeySet, digest: string): Promise<void>;
  /**
   * Told that `model`, by its address, is asked under the keys for `part`. Those that it was asked under before, and that no
   * model is asked under any more, may go.
   */
  use(model: string, part: ClientPart): Promise<void>;
  /** A short text that was noted under `name`: the digest of a client part, the address of an upload. */
  note(name: string): Promise<string | undefined>;
  /** Without `text` the note goes. */
  setNote(name: string, text?: string): Promise<void>;
}

/** Keeps nothing beyond its own life. */
export class MemoryKeyKeeper implements KeyKeeper {
  private readonly keys = new Map<string, KeptKeys>();
  private readonly notes = new Map<string, string>();
  /** By model: the digest of the parameters of its keys. */
  private readonly used = new Map<string, string>();

  load(part: ClientPart): Promise<KeptKeys | undefined> {
    return Promise.resolve(this.keys.get(parametersDigest(part)));
  }

  save(part: ClientPart, { secretKey, evaluationKeys }: KeySet, digest: string): Promise<void> {
    const kept = { secretKey, digest, evaluationKeys: () => Promise.resolve(evaluationKeys) };
    this.keys.set(parametersDigest(part), kept);
    return Promise.resolve();
  }

  use(model: string, part: ClientPart): Promise<void> {
    const before = this.used.get(model);
    this.used.set(model, parametersDigest(part));
    if (before !== undefined && ![...this.used.values()].includes(before)) this.keys.delete(before);
    return Promise.resolve();
  }

  note(name: string): Promise<string | undefined> {
    return Promise.resolve(this.notes.get(name));
  }

  setNote(name: string, text?: string): Promise<void> {
    if (text === undefined) this.notes.delete(name);
    else this.notes.set(name, text);
    return Promise.resolve();
  }
}
