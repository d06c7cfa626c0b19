/** Bytes of the platform's cryptographic generator, of which every seed is made. */

export function freshBytes(length: number): Uint8Array<ArrayBuffer> {
  return crypto.getRandomValues(new Uint8Array(length));
}
