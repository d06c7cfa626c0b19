/** Files of arrays that a person hands over: `.npy`, `.npz`, JSON or a table, told apart by content, not by name. */
import { columnsOf, hasNumbers, numbersOf } from '../csv/columns.ts';
import { looksLikeTable, readTable } from '../csv/table.ts';
import { kindOfBytes } from '../../ir/files/kind-of-bytes.ts';
import { unknownDataFormat } from '../../ir/diagnostics/data.ts';
import { HepcError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { arrayFromNested, parseJson } from './nested.ts';
import { hasNpyMagic } from './npy-header.ts';
import { type NdArray, readNpy } from './npy.ts';
import { openNpz } from './npz.ts';
import { readTextNpy, type TextArray, textsFromNested } from './text-array.ts';
import { hasZipMagic } from './zip-directory.ts';
import type { ZipLimits } from './zip-format.ts';

/** An array that is yet to be read; reading throws HepcError at `at`. */
export interface UnreadArray {
  readonly at: Place;
  readonly read: () => NdArray;
  /** As texts. */
  readonly readTexts: () => TextArray;
  /** Whether the array comes as rows, each with the elements of a sample in row-major order. */
  readonly isTable?: true;
}

/** One array without a name, or several by name. */
export type ArrayFile = UnreadArray | ReadonlyMap<string, UnreadArray>;

export interface ArrayFileLimits {
  readonly npz: ZipLimits;
  readonly maxJsonBytes: number;
}

/**
 * The arrays in the file `bytes`, unread, so that those that nobody asks for may hold anything. Throws HepcError at
 * `at`: H401 for an unknown format, H402 for an unsound `.npz`, H406 for text that is not JSON, H415 for an
 * unsound table. `inputs` are the names that its columns may have.
 */
export function openArrayFile(
  bytes: Uint8Array,
  limits: ArrayFileLimits,
  at: Place,
  inputs: readonly string[],
): ArrayFile {
  if (hasNpyMagic(bytes)) return { at, read: () => readNpy(bytes, at), readTexts: () => readTextNpy(bytes, at) };
  if (hasZipMagic(bytes)) return named(openNpz(bytes, limits.npz, at), readNpy, readTextNpy, at);
  if (!looksLikeJson(bytes)) return openTable(bytes, at, inputs);
  const json = parseJson(bytes, limits.maxJsonBytes, at);
  if (!isObject(json)) return { at, read: () => arrayFromNested(json, at), readTexts: () => textsFromNested(json, at) };
  return named(Object.entries(json), arrayFromNested, textsFromNested, at);
}

/** Columns of the only input need not be named. */
function openTable(bytes: Uint8Array, at: Place, inputs: readonly string[]): ArrayFile {
  const unknown = () => new HepcError([unknownDataFormat({ got: kindOfBytes(bytes) }, at)]);
  if (!looksLikeTable(bytes)) throw unknown();
  const groups = columnsOf(readTable(bytes, at), [...inputs, 'x', 'y']);
  const arrays = groups.map((columns): [string | undefined, UnreadArray] => {
    const shape = [columns.cells.length, columns.titles.length];
    const read = (): NdArray => {
      if (!hasNumbers(columns)) throw unknown();
      return { dtype: 'f8', shape, data: numbersOf(columns, at) };
    };
    return [columns.name, { at, read, readTexts: () => ({ shape, data: columns.cells.flat() }), isTable: true }];
  });
  const [first] = arrays;
  if (first !== undefined && arrays.length === 1 && first[0] === undefined) return first[1];
  return new Map(arrays.map(([name, array]) => [name ?? inputs[0] ?? '', array]));
}

function named<T>(
  entries: Iterable<[string, T]>,
  read: (value: T, at: Place) => NdArray,
  readTexts: (value: T, at: Place) => TextArray,
  file: Place,
): ArrayFile {
  return new Map(
    Array.from(entries, ([name, value]): [string, UnreadArray] => {
      const at = { ...file, part: name };
      return [name, { at, read: () => read(value, at), readTexts: () => readTexts(value, at) }];
    }),
  );
}

/** White space, and the bytes of a byte order mark. */
const skipped = [0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf];

/** Whether the first byte that is neither white space nor part of a byte order mark begins a list or an object. */
function looksLikeJson(bytes: Uint8Array): boolean {
  const first = bytes.find((byte) => !skipped.includes(byte));
  return first === 0x5b || first === 0x7b;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
