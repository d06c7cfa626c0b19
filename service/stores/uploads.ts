/**
 * Uploads that are under way: bytes that arrive in pieces, over connections that break. What has been appended stays, and
 * the next connection goes on from there, at whichever front.
 */
import type { Json } from './registry.ts';

export interface Upload {
  readonly id: string;
  /** Bytes that it will have. */
  readonly length: number;
  /** Bytes that are there, for good. */
  readonly offset: number;
  /** What its owner has noted. */
  readonly note: Json;
  readonly createdAt: number;
}

export interface Uploads {
  /** An upload of no bytes yet. `id` is named as an object is. */
  create(id: string, length: number, note: Json): Promise<Upload>;
  get(id: string): Promise<Upload | undefined>;
  /**
   * Appends what `source` gives, each piece of which is good until the next is asked for, from `offset` on. Where the source fails, or ends early, the bytes that arrived are kept.
   * Gives the new offset. Rejects with H809 where `offset` is not the upload's or somebody else is appending, with H806
   * where there are more bytes than `length`, and with H807.
   */
  append(id: string, offset: number, source: AsyncIterable<Uint8Array>): Promise<number>;
  /**
   * What has arrived of an upload, as a file of this machine that is its taker's: to become an object by `putFile`, or to be
   * removed. The upload stays until it is deleted. Rejects with H807 and H808.
   */
  file(id: string): Promise<{ readonly path: string; readonly bytes: number }>;
  delete(id: string): Promise<boolean>;
  list(): AsyncIterable<Upload>;
}
