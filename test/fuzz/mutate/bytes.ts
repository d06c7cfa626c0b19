/** Changes of bytes that know nothing of a format. */
import type { Draw } from './draw.ts';

/** Integers at the edges of what fields hold and loops count. */
const edges = [0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xffffffff, 2 ** 53];

/** `bytes` with one to four changes; `others` are what pieces are taken from. */
export function mutateBytes(draw: Draw, bytes: Uint8Array, others: readonly Uint8Array[] = []): Uint8Array {
  // A Buffer's `slice` would share the memory of the seed.
  let result: Uint8Array = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let left = draw.few(4); left > 0; left--) result = changeOnce(draw, result, others);
  return result;
}

function changeOnce(draw: Draw, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  const { length } = bytes;
  if (length === 0) return Uint8Array.of(draw.below(256));
  const at = draw.position(length);
  switch (draw.below(9)) {
    case 0: {
      const copy = bytes.slice();
      copy[at] = (copy[at] ?? 0) ^ (1 << draw.below(8));
      return copy;
    }
    case 1:
    case 2: {
      const copy = bytes.slice();
      copy[at] = draw.below(256);
      return copy;
    }
    case 3:
    case 4:
      return withInteger(draw, bytes, at);
    case 5:
      return bytes.slice(0, at);
    case 6:
      return joined(bytes.subarray(0, at), bytes.subarray(Math.min(length, at + 1 + draw.below(16))));
    case 7:
      return joined(bytes.subarray(0, at), piece(draw, bytes), bytes.subarray(at));
    default: {
      const other = others.length > 0 ? draw.pick(others) : bytes;
      return joined(bytes.subarray(0, at), other.subarray(draw.position(other.length)));
    }
  }
}

/** An integer at an edge over the bytes at a position, of any width and order. */
function withInteger(draw: Draw, bytes: Uint8Array, at: number): Uint8Array {
  const copy = bytes.slice();
  const width = draw.pick([1, 2, 4, 8]);
  const bigEndian = draw.chance(0.1);
  let value = BigInt(draw.pick(edges));
  if (draw.chance(0.2)) value = (1n << 64n) - value;
  for (let k = 0; k < width && at + k < copy.length; k++) {
    const shift = 8n * BigInt(bigEndian ? width - 1 - k : k);
    copy[at + k] = Number((value >> shift) & 0xffn);
  }
  return copy;
}

function piece(draw: Draw, bytes: Uint8Array): Uint8Array {
  const from = draw.below(bytes.length);
  return bytes.subarray(from, from + 1 + draw.below(32));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
