/**
 * A bound plan as a `.hep` of any size, written as its weights are encrypted: two ciphertexts are in memory at a time.
 * The entries are those of `writeHep`; the manifest comes last.
 */
import { setImmediate } from 'node:timers/promises';
import type { Plan } from '../../ir/plan/plan.ts';
import type { Append } from '../format/zip-writer.ts';
import { WeightEncryptor } from '../cipher/bind-weights.ts';
import { entryNames } from './archive.ts';
import { ArchiveWriter } from './archive-file.ts';
import type { WriteOptions } from './client-part.ts';
import { boundArchive } from './write.ts';

export interface BindOptions extends WriteOptions {
  /** Called with the part that is done, 0 to 1. */
  readonly onProgress?: (fraction: number) => void;
  /** Binding ends soon after it aborts, and rejects with its reason. */
  readonly signal?: AbortSignal;
  /** See `ZipWriter`. */
  readonly zip64From?: number;
}

export interface BoundFile {
  /** SHA-256 of the public key that the weights are encrypted under. */
  readonly publicKeyDigest: string;
  /** What has been written. */
  readonly bytes: number;
}

/**
 * Encrypts the weights of `plan` under the client's file `publicKey`, and hands the bound `.hep` to `append` piece by
 * piece. Rejects with `HepcError` for a key that is damaged or for other parameters, and with what `append` rejects with.
 */
export async function writeBoundHep(
  plan: Plan,
  publicKey: Uint8Array,
  append: Append,
  { onProgress, signal, zip64From, ...options }: BindOptions = {},
): Promise<BoundFile> {
  const weights = await WeightEncryptor.create(plan, publicKey);
  try {
    const { publicKeyDigest, length } = weights;
    const { head, entries } = boundArchive(plan, { publicKeyDigest, ciphertexts: weights }, options);
    const writer = new ArchiveWriter(append, zip64From);
    for (const entry of entries) await writer.add(entry);
    let writing = Promise.resolve();
    for (let k = 0; k < length; k++) {
      // The digest of the one before is computed meanwhile, on another thread.
      const entry = { name: entryNames.bound(k), bytes: weights.encrypt(k) };
      await writing;
      await setImmediate();
      signal?.throwIfAborted();
      writing = writer.add(entry);
      onProgress?.((k + 1) / length);
    }
    await writing;
    return { publicKeyDigest, bytes: await writer.finish(head) };
  } finally {
    weights.close();
  }
}
