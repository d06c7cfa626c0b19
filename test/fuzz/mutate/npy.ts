/** Changes of `.npy` files: of single elements, of their order and number, of what the header says. */
import { readNpyHeader } from '../../../runtime/format/npy-header.ts';
import { joined, mutateBytes } from './bytes.ts';
import type { Draw } from './draw.ts';

const doubles = [0, -0, 1, -1, 0.5, NaN, Infinity, -Infinity, 1e300, -1e300, 1e30, 5e-324, 2 ** 31, 2 ** 53, 2 ** 60];
const integers = [0, 1, -1, 2, 3, 7, 127, 128, 255, 4095, 4096, 8191, 8192, 32767, 65536, 2 ** 31 - 1, -(2 ** 31)];
const headerWords = ['<f4', '<i8', '>f8', '|u1', '|b1', '<c16', '|O', 'True', '()', '(0,)', '(4294967296,)', '(-1,)'];

export function mutateNpy(draw: Draw, bytes: Uint8Array, others: readonly Uint8Array[] = []): Uint8Array {
  const header = readNpyHeader(bytes);
  if (typeof header === 'string' || draw.chance(0.1)) return mutateBytes(draw, bytes, others);
  const { dataStart, descr } = header;
  if (draw.chance(0.15)) return withHeader(draw, bytes, dataStart);
  const data = bytes.slice(dataStart);
  const width = Math.max(1, Number(/\d+$/.exec(descr)?.[0] ?? 1));
  const count = Math.floor(data.length / width);
  if (count === 0) return mutateBytes(draw, bytes, others);
  const view = new DataView(data.buffer);
  for (let left = draw.few(4); left > 0; left--) {
    const i = draw.below(count);
    const j = draw.chance(0.5) ? draw.below(count) : Math.min(count - 1, i + 1);
    if (draw.chance(0.25)) swap(data, i * width, j * width, width);
    else setElement(draw, view, descr, i * width);
  }
  return joined(bytes.subarray(0, dataStart), data);
}

function setElement(draw: Draw, view: DataView, descr: string, at: number): void {
  const little = !descr.startsWith('>');
  const integer = (own: number): number =>
    draw.chance(0.4) ? own + draw.pick([1, -1, 2, -2, 0.5 * own]) : draw.pick(integers);
  switch (descr.slice(1)) {
    case 'f8': {
      const own = view.getFloat64(at, little);
      const value = draw.chance(0.4) ? own * draw.pick([2, 0.5, -1, 1e6, 1e-6, 1 + 2 ** -52]) : draw.pick(doubles);
      view.setFloat64(at, value, little);
      return;
    }
    case 'f4':
      view.setFloat32(at, draw.pick(doubles), little);
      return;
    case 'i4':
      view.setInt32(at, integer(view.getInt32(at, little)), little);
      return;
    case 'i8':
      view.setBigInt64(at, BigInt(draw.pick([...integers, 2 ** 53, -(2 ** 60)])), little);
      return;
    case 'u1':
      view.setUint8(at, draw.chance(0.6) ? draw.below(16) : integer(view.getUint8(at)));
      return;
    default:
      view.setUint8(at, draw.below(256));
  }
}

function swap(data: Uint8Array, a: number, b: number, width: number): void {
  const [first, second] = [data.slice(a, a + width), data.slice(b, b + width)];
  data.set(second, a);
  data.set(first, b);
}

/** The dict of the header with a word replaced, in a header of the same length if that is possible. */
function withHeader(draw: Draw, bytes: Uint8Array, dataStart: number): Uint8Array {
  const head = bytes.slice(0, dataStart);
  const start = head[6] === 1 ? 10 : 12;
  const text = new TextDecoder('latin1').decode(head.subarray(start));
  const words = [...text.matchAll(/[<>|][a-z]\d+|True|False|\([^)]*\)|\d+|'\w+'/g)];
  const word = words.length === 0 ? undefined : draw.pick(words);
  const replaced =
    word === undefined
      ? text
      : text.slice(0, word.index) + draw.pick(headerWords) + text.slice(word.index + word[0].length);
  head.set(new TextEncoder().encode(replaced.trimEnd().padEnd(text.length, ' ')).subarray(0, text.length), start);
  return joined(head, bytes.subarray(dataStart));
}
