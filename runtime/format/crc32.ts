/** CRC-32 as ZIP uses it (polynomial 0xedb88320, reflected), eight bytes at a time. */

/** Entry 256 k + b is the effect of byte b on the checksum after k further zero bytes. */
const table = new Uint32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  table[byte] = crc;
}
for (let i = 256; i < table.length; i++) {
  const shorter = table[i - 256] ?? 0;
  table[i] = (shorter >>> 8) ^ (table[shorter & 0xff] ?? 0);
}

/** The checksum of `bytes`, from 0 to 2^32 - 1, or of what has the checksum `before` with `bytes` after it. */
export function crc32(bytes: Uint8Array, before = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = ~before;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc = effect(7, low) ^ effect(6, low >>> 8) ^ effect(5, low >>> 16) ^ effect(4, low >>> 24);
    crc ^= effect(3, high) ^ effect(2, high >>> 8) ^ effect(1, high >>> 16) ^ effect(0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ effect(0, crc ^ (bytes[at] ?? 0));
  return ~crc >>> 0;
}

function effect(zerosAfter: number, byte: number): number {
  return table[256 * zerosAfter + (byte & 0xff)] ?? 0;
}
