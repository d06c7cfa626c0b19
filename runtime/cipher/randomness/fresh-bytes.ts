/** Bytes of the platform's cryptographic generator, of which every seed is made. */

export function freshBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}

/** Fills all of `words`, which are 64 KiB at most. */
export function fillFresh(words: Uint16Array<ArrayBuffer>): void {
  crypto.getRandomValues(words);
}
