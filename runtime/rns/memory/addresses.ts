/** Addresses that kernels read from memory: 64-bit words, of either build. */

/** Bytes of such a word. */
export const addressBytes = 8;

/** Writes word `index` of those at the start of `words`. */
export function putAddress(words: Uint32Array, index: number, address: number): void {
  words[2 * index] = address;
  words[2 * index + 1] = address / 2 ** 32;
}

/** Writes words one after another from `at` on, a multiple of 8. */
export function writeAddresses(buffer: ArrayBufferLike, at: number, addresses: readonly number[]): void {
  const words = new Uint32Array(buffer, at, 2 * addresses.length);
  for (const [index, address] of addresses.entries()) putAddress(words, index, address);
}
