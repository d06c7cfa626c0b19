/** Bytes that are read piece by piece, because there may be more of them than memory. */

export interface RandomAccess {
  readonly size: number;
  /** `length` bytes from `offset` on, or those that are there, which the caller owns. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** Of bytes in memory. */
export function bytesAccess(bytes: Uint8Array): RandomAccess {
  return { size: bytes.length, read: (offset, length) => Promise.resolve(bytes.slice(offset, offset + length)) };
}
