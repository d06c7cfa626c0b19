/** The element types of ONNX that hepc reads, by their numbers in the protocol buffer (`TensorProto.DataType`). */
import { integer } from './decode.ts';
import type { TypedField } from './model.ts';
import { fromBfloat16, fromFloat16, type SmallFloat, smallFloatValues } from './small-floats.ts';
import type { ElementKind } from './term.ts';

export interface ElementType {
  readonly name: string;
  readonly kind: ElementKind;
  /** Bits of an element in `raw_data`; of those below 8 several share a byte, the first in the lowest bits. */
  readonly bits: number;
  /** Element `i` of the bytes, little-endian. */
  readonly read: (view: DataView, i: number) => number;
  /** As `read`, of all elements: for the type that large weights have. */
  readonly readAll?: (bytes: Uint8Array) => Float64Array;
  /** The typed field that may hold the elements instead. */
  readonly field: TypedField;
  /** An element from its entry there; undefined where an entry holds a byte as `raw_data` would have it. */
  readonly fromField: ((entry: unknown) => number) | undefined;
}

const float = { kind: 'float', fromField: integer } as const;
const whole = { kind: 'integer', fromField: integer } as const;

const types = new Map<number, ElementType>([
  [
    1,
    {
      ...{ name: 'float', ...float, bits: 32, field: 'floatData' },
      read: (v, i) => v.getFloat32(4 * i, true),
      readAll: readFloats,
    },
  ],
  [2, { name: 'uint8', ...whole, bits: 8, read: (v, i) => v.getUint8(i), field: 'int32Data' }],
  [3, { name: 'int8', ...whole, bits: 8, read: (v, i) => v.getInt8(i), field: 'int32Data' }],
  [4, { name: 'uint16', ...whole, bits: 16, read: (v, i) => v.getUint16(2 * i, true), field: 'int32Data' }],
  [5, { name: 'int16', ...whole, bits: 16, read: (v, i) => v.getInt16(2 * i, true), field: 'int32Data' }],
  [6, { name: 'int32', ...whole, bits: 32, read: (v, i) => v.getInt32(4 * i, true), field: 'int32Data' }],
  [7, { name: 'int64', ...whole, bits: 64, read: (v, i) => Number(v.getBigInt64(8 * i, true)), field: 'int64Data' }],
  [9, { name: 'bool', ...whole, kind: 'boolean', bits: 8, read: (v, i) => v.getUint8(i), field: 'int32Data' }],
  [10, halfWidth('float16', fromFloat16)],
  [11, { name: 'double', ...float, bits: 64, read: (v, i) => v.getFloat64(8 * i, true), field: 'doubleData' }],
  [12, { name: 'uint32', ...whole, bits: 32, read: (v, i) => v.getUint32(4 * i, true), field: 'uint64Data' }],
  [
    13,
    { name: 'uint64', ...whole, bits: 64, read: (v, i) => Number(v.getBigUint64(8 * i, true)), field: 'uint64Data' },
  ],
  [16, halfWidth('bfloat16', fromBfloat16)],
  [17, smallFloat('float8e4m3fn', { exponentBits: 4, mantissaBits: 3, special: 'nan' })],
  [18, smallFloat('float8e4m3fnuz', { exponentBits: 4, mantissaBits: 3, special: 'negative-zero' })],
  [19, smallFloat('float8e5m2', { exponentBits: 5, mantissaBits: 2, special: 'infinities' })],
  [20, smallFloat('float8e5m2fnuz', { exponentBits: 5, mantissaBits: 2, special: 'negative-zero' })],
  [21, packed('uint4', 4, false)],
  [22, packed('int4', 4, true)],
  [
    23,
    { ...packed('float4e2m1', 4, false), kind: 'float', read: smallReader(4, { exponentBits: 2, mantissaBits: 1 }) },
  ],
  [25, packed('uint2', 2, false)],
  [26, packed('int2', 2, true)],
]);

/** The number of strings, which are no numbers. */
export const textType = 8;

/** The type, or undefined for one that hepc does not read (strings, complex numbers, bare exponents). */
export function elementTypeOf(number: number): ElementType | undefined {
  return types.get(number);
}

/** Like everything that hepc runs on, typed arrays are little-endian. */
function readFloats(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Float64Array(new Float32Array(buffer, byteOffset, byteLength / 4));
}

/** Types of 16 bits: their typed field holds the bits in the low half of an int32. */
function halfWidth(name: string, convert: (bits: number) => number): ElementType {
  return {
    name,
    kind: 'float',
    bits: 16,
    read: (view, i) => convert(view.getUint16(2 * i, true)),
    field: 'int32Data',
    fromField: (entry) => convert(integer(entry) & 0xffff),
  };
}

/** Integers of less than a byte, in two's complement where they are signed. */
function packed(name: string, bits: number, signed: boolean): ElementType {
  const top = 2 ** (bits - 1);
  return {
    name,
    kind: 'integer',
    bits,
    read: (view, i) => {
      const code = bitsAt(view, i, bits);
      return signed && code >= top ? code - 2 * top : code;
    },
    field: 'int32Data',
    fromField: undefined,
  };
}

function smallFloat(name: string, format: SmallFloat): ElementType {
  return { name, kind: 'float', bits: 8, read: smallReader(8, format), field: 'int32Data', fromField: undefined };
}

function smallReader(bits: number, format: SmallFloat): ElementType['read'] {
  const values = smallFloatValues(format);
  return (view, i) => values[bitsAt(view, i, bits)] ?? NaN;
}

function bitsAt(view: DataView, i: number, bits: number): number {
  const perByte = 8 / bits;
  return (view.getUint8(Math.floor(i / perByte)) >> (bits * (i % perByte))) & (2 ** bits - 1);
}
