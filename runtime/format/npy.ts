/**
 * Numpy arrays: `.npy` files in and out.
 *
 * `npyjs` writes them (deterministic, data aligned to 8 bytes) and decodes half floats. It does not read them: its
 * parser goes by unanchored regular expressions, ignores the shape when it makes the array (so that truncated and
 * trailing data pass), refuses big-endian numbers and data at odd offsets with errors of the engine, and leaves
 * Fortran order to the caller. Here the header is read strictly, and the data are measured against it, before any
 * array is made.
 */
import { dump, float16ToFloat32 } from 'npyjs';
import { badNpyHeader, npySizeMismatch, unsupportedDtype } from '../../ir/diagnostics/data.ts';
import { HepcError, InternalError, type Place } from '../../ir/diagnostics/diagnostic.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';

/** The array type of each data type: numpy's kind and bytes per element, without byte order. */
interface ArrayOf {
  readonly f4: Float32Array;
  readonly f8: Float64Array;
  readonly i1: Int8Array;
  readonly i2: Int16Array;
  readonly i4: Int32Array;
  readonly i8: BigInt64Array;
  readonly u1: Uint8Array;
  readonly u2: Uint16Array;
  readonly u4: Uint32Array;
  readonly u8: BigUint64Array;
  /** Booleans, as 0 and 1. */
  readonly b1: Uint8Array;
}

export type Dtype = keyof ArrayOf;

/** A dense array in row-major (C) order; `data.length` is the product of `shape`, which is `[]` for a scalar. */
export type NdArray = {
  [D in Dtype]: { readonly dtype: D; readonly shape: readonly number[]; readonly data: ArrayOf[D] };
}[Dtype];

/**
 * The array in the `.npy` file `bytes`, which it shares no memory with. Fortran order becomes C order, foreign byte
 * order the machine's, and half floats (f2) become f4.
 *
 * Throws HepcError at `at`: H403 for a malformed header, H404 for a data type outside `Dtype` and f2, H405 if the data
 * are not exactly as long as the header says.
 */
export function readNpy(bytes: Uint8Array, at: Place = {}): NdArray {
  const header = readNpyHeader(bytes);
  if (typeof header === 'string') throw new HepcError([badNpyHeader({ reason: header }, at)]);
  const layout = layoutOf(header);
  if (layout === undefined) {
    const expected = 'floats, integers or booleans';
    throw new HepcError([unsupportedDtype({ dtype: header.descr, expected }, at)]);
  }
  const { shape, dataStart } = layout;
  const expected = dataBytes(layout);
  const got = bytes.length - dataStart;
  if (got !== expected) throw new HepcError([npySizeMismatch({ shape, expected, got }, at)]);
  return decodeNpy(layout, new Uint8Array(bytes.subarray(dataStart)), shape);
}

/** What a header says of the data. */
export interface NpyLayout {
  readonly type: Dtype | 'f2';
  readonly elementBytes: number;
  /** Whether the bytes of an element stand in another order than the machine's. */
  readonly swapped: boolean;
  readonly shape: readonly number[];
  readonly fortranOrder: boolean;
  readonly dataStart: number;
}

/** By the beginning of a `.npy` file of `total` bytes; undefined for one that `readNpy` refuses. */
export function npyLayout(head: Uint8Array, total: number): NpyLayout | undefined {
  const header = readNpyHeader(head);
  const layout = typeof header === 'string' ? undefined : layoutOf(header);
  return layout !== undefined && total - layout.dataStart === dataBytes(layout) ? layout : undefined;
}

function layoutOf({ descr, shape, fortranOrder, dataStart }: NpyHeader): NpyLayout | undefined {
  const [, order, type = ''] = /^([<>|=]?)([a-z]\d)$/.exec(descr) ?? [];
  if (type !== 'f2' && !isDtype(type)) return undefined;
  const swapped = order !== hostOrder && (order === '<' || order === '>');
  return { type, elementBytes: Number(type[1]), swapped, shape, fortranOrder, dataStart };
}

function dataBytes({ shape, elementBytes }: NpyLayout): number {
  return elementCount(shape) * elementBytes;
}

/** The array of shape `shape` whose elements `data` are, which it takes over. */
export function decodeNpy(layout: NpyLayout, data: Uint8Array<ArrayBuffer>, shape: readonly number[]): NdArray {
  const { type, elementBytes, swapped, fortranOrder } = layout;
  if (swapped) reverseElements(data, elementBytes);
  const rowMajor = fortranOrder ? fromFortranOrder(data, shape, elementBytes) : data;
  return typedArray(type, shape, rowMajor.buffer);
}

/** The `.npy` file of `array`: format 1.0, C order, data aligned to 8 bytes; same array, same bytes. */
export function writeNpy(array: NdArray): Uint8Array {
  if (array.data.length !== elementCount(array.shape)) {
    throw new InternalError(`an array of shape [${array.shape.join(', ')}] has ${array.data.length} elements`);
  }
  return new Uint8Array(dump(array.data, [...array.shape], { dtype: array.dtype }));
}

/** How `writeNpy` begins the file of an array whose data follow as they are in memory. */
export function npyHead(dtype: Dtype, shape: readonly number[]): Uint8Array {
  // The data are written as they are, so an empty array has the head alone.
  return new Uint8Array(dump(new Uint8Array(), [...shape], { dtype }));
}

/** The product of `shape`; infinite or inexact only where it exceeds every possible array. */
export function elementCount(shape: readonly number[]): number {
  return shape.includes(0) ? 0 : shape.reduce((product, size) => product * size, 1);
}

const hostOrder = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1 ? '<' : '>';

const dtypes: readonly string[] = ['f4', 'f8', 'i1', 'i2', 'i4', 'i8', 'u1', 'u2', 'u4', 'u8', 'b1'] satisfies Dtype[];

function isDtype(type: string): type is Dtype {
  return dtypes.includes(type);
}

function typedArray(dtype: Dtype | 'f2', shape: readonly number[], buffer: ArrayBuffer): NdArray {
  switch (dtype) {
    case 'f2':
      return { dtype: 'f4', shape, data: Float32Array.from(new Uint16Array(buffer), float16ToFloat32) };
    case 'f4':
      return { dtype, shape, data: new Float32Array(buffer) };
    case 'f8':
      return { dtype, shape, data: new Float64Array(buffer) };
    case 'i1':
      return { dtype, shape, data: new Int8Array(buffer) };
    case 'i2':
      return { dtype, shape, data: new Int16Array(buffer) };
    case 'i4':
      return { dtype, shape, data: new Int32Array(buffer) };
    case 'i8':
      return { dtype, shape, data: new BigInt64Array(buffer) };
    case 'u1':
      return { dtype, shape, data: new Uint8Array(buffer) };
    case 'u2':
      return { dtype, shape, data: new Uint16Array(buffer) };
    case 'u4':
      return { dtype, shape, data: new Uint32Array(buffer) };
    case 'u8':
      return { dtype, shape, data: new BigUint64Array(buffer) };
    case 'b1':
      return { dtype, shape, data: new Uint8Array(buffer).map((byte) => (byte === 0 ? 0 : 1)) };
  }
}

/** Reverses the bytes of each element in place. */
function reverseElements(data: Uint8Array, elementBytes: number): void {
  for (let start = 0; start < data.length; start += elementBytes) data.subarray(start, start + elementBytes).reverse();
}

/** The elements of a column-major array in row-major order. */
function fromFortranOrder(data: Uint8Array, shape: readonly number[], elementBytes: number): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(data.length);
  const index = shape.map(() => 0);
  let strideAfter = elementBytes;
  const strides = shape.map((size) => {
    const stride = strideAfter;
    strideAfter *= size;
    return stride;
  });
  let source = 0;
  for (let target = 0; target < data.length; target += elementBytes) {
    for (let byte = 0; byte < elementBytes; byte++) result[target + byte] = data[source + byte] ?? 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      const stride = strides[axis] ?? 0;
      const next = (index[axis] ?? 0) + 1;
      source += stride;
      if (next < size) {
        index[axis] = next;
        break;
      }
      index[axis] = 0;
      source -= size * stride;
    }
  }
  return result;
}
