/** Where a client keeps its keys, and what it has seen of servers. */
import type { ClientPart } from '../../ir/plan/plan.ts';
import { parametersDigest } from '../seal/bytes/client-part-digest.ts';
import type { KeySet } from '../cipher/key-files.ts';

/** Keys without the public one, which a server never asks for. */
export type KeptKeys = Pick<KeySet, 'secretKey' | 'evaluationKeys'>;

export interface KeyKeeper {
  /** The keys that fit `part`. */
  load(part: ClientPart): Promise<KeptKeys | undefined>;
  /** Keeps the keys whole or not at all. */
  save(part: ClientPart, keys: KeySet): Promise<void>;
  /** A short text that was noted under `name`: the digest of a client part, the address of an upload. */
  note(name: string): Promise<string | undefined>;
  /** Without `text` the note goes. */
  setNote(name: string, text?: string): Promise<void>;
}

/** Keeps nothing beyond its own life. */
export class MemoryKeyKeeper implements KeyKeeper {
  private readonly keys = new Map<string, KeptKeys>();
  private readonly notes = new Map<string, string>();

  load(part: ClientPart): Promise<KeptKeys | undefined> {
    return Promise.resolve(this.keys.get(parametersDigest(part)));
  }

  save(part: ClientPart, { secretKey, evaluationKeys }: KeySet): Promise<void> {
    this.keys.set(parametersDigest(part), { secretKey, evaluationKeys });
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
