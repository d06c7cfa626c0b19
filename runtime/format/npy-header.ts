/**
 * Headers of `.npy` files (numpy.lib.format, versions 1.0 to 3.0): what they say, before anything is allocated by it.
 *
 * The header is the literal of a Python dict with the keys `descr`, `fortran_order` and `shape`. Only what numpy
 * writes for plain arrays is read; a record type is reported as the data type that it is.
 */

export interface NpyHeader {
  /** As written, for example `<f4`; `[…]` for records. */
  readonly descr: string;
  readonly fortranOrder: boolean;
  /** Safe integers, not negative; their product may be anything. */
  readonly shape: readonly number[];
  /** Where the data begin. */
  readonly dataStart: number;
}

const npyMagic = Uint8Array.of(0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59);

/** numpy's own limit; real headers have about a hundred characters. */
const maxHeaderBytes = 10_000;
/** So many bytes at the beginning hold the header with what stands before it. */
export const maxHeadBytes = maxHeaderBytes + 12;
/** numpy's own limit since 2.0. */
const maxAxes = 64;

export function hasNpyMagic(bytes: Uint8Array): boolean {
  return npyMagic.every((byte, i) => bytes[i] === byte);
}

/** The header of a `.npy` file, or a clause that says why there is none. */
export function readNpyHeader(bytes: Uint8Array): NpyHeader | string {
  if (!hasNpyMagic(bytes)) return 'the magic string is missing';
  if (bytes.length < 12) return 'the file is cut short';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const major = view.getUint8(6);
  const minor = view.getUint8(7);
  if (major < 1 || major > 3 || minor !== 0) return `version ${major}.${minor} is unknown`;
  const start = major === 1 ? 10 : 12;
  const length = major === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  if (length > maxHeaderBytes) return `${length} bytes are more than the limit of ${maxHeaderBytes}`;
  if (start + length > bytes.length) return 'the file is cut short';
  const fields = parseDict(new TextDecoder('latin1').decode(bytes.subarray(start, start + length)));
  return typeof fields === 'string' ? fields : { ...fields, dataStart: start + length };
}

/** Values of the dict, as text between their delimiters. None can match in two ways, so that matching is linear. */
const valuePatterns = {
  descr: /'([^'\\]*)'|"([^"\\]*)"|(\[)/y,
  fortran_order: /(True|False)/y,
  shape: /\(([\d\s,L]*)\)/y,
} as const;

type Key = keyof typeof valuePatterns;

function parseDict(text: string): Omit<NpyHeader, 'dataStart'> | string {
  const values = new Map<Key, string>();
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match !== null) at = pattern.lastIndex;
    return match;
  };

  if (take(/\s*\{\s*/y) === null) return 'it is not a dict';
  while (take(/\}\s*/y) === null) {
    const key = take(/['"](descr|fortran_order|shape)['"]\s*:\s*/y)?.[1];
    if (!isKey(key)) return 'it has something else than descr, fortran_order and shape';
    if (values.has(key)) return `${key} occurs twice`;
    const value = take(valuePatterns[key]);
    if (value === null) return `${key} is not what numpy writes`;
    if (value[3] === '[') return { descr: '[…]', fortranOrder: false, shape: [] };
    values.set(key, value[1] ?? value[2] ?? '');
    if (take(/\s*,\s*/y) === null) take(/\s+/y);
  }
  if (at !== text.length) return 'something follows the dict';

  const descr = values.get('descr');
  const fortranOrder = values.get('fortran_order');
  const shape = values.get('shape');
  if (descr === undefined || fortranOrder === undefined || shape === undefined) {
    return 'it lacks one of descr, fortran_order and shape';
  }
  const sizes = parseShape(shape);
  return typeof sizes === 'string' ? sizes : { descr, fortranOrder: fortranOrder === 'True', shape: sizes };
}

function isKey(key: string | undefined): key is Key {
  return key !== undefined && Object.hasOwn(valuePatterns, key);
}

/** Python 2 wrote long integers with an `L`. */
function parseShape(text: string): number[] | string {
  const parts = text.split(',').map((part) => part.trim());
  if (parts.at(-1) === '') parts.pop();
  if (parts.length > maxAxes) return `${parts.length} axes are more than the limit of ${maxAxes}`;
  if (!parts.every((part) => /^\d+L?$/.test(part))) return 'shape is not a tuple of integers';
  const shape = parts.map((part) => Number.parseInt(part, 10));
  return shape.every(Number.isSafeInteger) ? shape : 'shape has a size beyond 2^53';
}
