/** Arrays of texts: numpy's `<U…` and `|S…`, in and out, and nested lists of JSON. */
import { badJson, badNpyHeader, npySizeMismatch, unsupportedDtype } from '../../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { elementCount } from './npy.ts';
import { readNpyHeader } from './npy-header.ts';

/** Row-major. */
export interface TextArray {
  readonly shape: readonly number[];
  readonly data: readonly string[];
}

/** Characters of one text. */
const maxLength = 2 ** 16;

/** The texts in a `.npy` file. Throws `HepcError` at `at`: H403 to H405. */
export function readTextNpy(bytes: Uint8Array, at: Place = {}): TextArray {
  const header = readNpyHeader(bytes);
  if (typeof header === 'string') throw new HepcError([badNpyHeader({ reason: header }, at)]);
  const { descr, shape, fortranOrder, dataStart } = header;
  const [, order = '', kind, digits = ''] = /^([<>|]?)([US])(\d{1,5})$/.exec(descr) ?? [];
  const length = Number(digits);
  if (kind === undefined || length > maxLength || (fortranOrder && shape.length > 1))
    throw new HepcError([unsupportedDtype({ dtype: descr, expected: 'texts (<U…) in C order' }, at)]);
  const unit = kind === 'U' ? 4 : 1;
  const count = elementCount(shape);
  const expected = count * length * unit;
  const got = bytes.length - dataStart;
  if (got !== expected) throw new HepcError([npySizeMismatch({ shape, expected, got }, at)]);
  const view = new DataView(bytes.buffer, bytes.byteOffset + dataStart, got);
  const data = Array.from({ length: count }, (_, i) => {
    let text = '';
    for (let c = 0; c < length; c++) {
      const code = unit === 4 ? view.getUint32((i * length + c) * 4, order !== '>') : view.getUint8(i * length + c);
      // What is no character of Unicode is the replacement character, as numpy would refuse it.
      text += code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
    }
    return text.replace(/\0+$/, '');
  });
  return { shape, data };
}

/** The `.npy` file of texts: `<U…` as wide as the longest. */
export function writeTextNpy({ shape, data }: TextArray): Uint8Array<ArrayBuffer> {
  const characters = data.map((text) => Array.from(text, (character) => character.codePointAt(0) ?? 0));
  const length = Math.max(1, ...characters.map((codes) => codes.length));
  const sizes = shape.length === 1 ? `${shape[0] ?? 0},` : shape.join(', ');
  const dict = `{'descr': '<U${length}', 'fortran_order': False, 'shape': (${sizes}), }`;
  // The magic, two bytes of version and two of length stand before the dict; the data begin at a multiple of 64.
  const padded = dict.padEnd(Math.ceil((10 + dict.length + 1) / 64) * 64 - 11) + '\n';
  const bytes = new Uint8Array(10 + padded.length + data.length * length * 4);
  bytes.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0]);
  const view = new DataView(bytes.buffer);
  view.setUint16(8, padded.length, true);
  bytes.set(new TextEncoder().encode(padded), 10);
  const start = 10 + padded.length;
  for (const [i, codes] of characters.entries())
    for (const [c, code] of codes.entries()) view.setUint32(start + (i * length + c) * 4, code, true);
  return bytes;
}

/** The texts that nested lists of JSON hold. Throws `HepcError` H406 at `at` for anything else. */
export function textsFromNested(value: unknown, at: Place = {}): TextArray {
  const shape: number[] = [];
  for (let first = value; Array.isArray(first) && shape.length < 64; first = (first as unknown[])[0])
    shape.push(first.length);
  const data: string[] = [];
  const collect = (item: unknown, depth: number): boolean => {
    if (depth === shape.length) return typeof item === 'string' && data.push(item) > 0;
    return Array.isArray(item) && item.length === shape[depth] && item.every((each) => collect(each, depth + 1));
  };
  if (!collect(value, 0)) throw new HepcError([badJson({ reason: 'it is no list of texts, of equal lengths' }, at)]);
  return { shape, data };
}
