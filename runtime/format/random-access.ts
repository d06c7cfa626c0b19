/** Bytes that are read piece by piece, because there may be more of them than memory. */

export interface RandomAccess {
  readonly size: number;
  /** `length` bytes from `offset` on, or those that are there, which the caller owns. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

/** Of bytes in memory. */
export function bytesAccess(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) };
}

/**
 * `length` bytes from `offset` on, as an array of their own; undefined where there are fewer. What a source gives may be a
 * view of something larger, a `Buffer` for instance.
 */
export async function readExactly(
  source: RandomAccess,
  offset: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const { buffer, byteOffset, byteLength } = await source.read(offset, length);
  if (byteLength !== length) return undefined;
  const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  return isWhole ? new Uint8Array(buffer) : new Uint8Array(new Uint8Array(buffer, byteOffset, byteLength));
}
