/// <reference lib="esnext.float16" />
/** The element types of ONNX that hepc reads, by their numbers in the protocol buffer (`TensorProto.DataType`). */
import { integer } from './decode.ts';
import type { TypedField } from './model.ts';
import type { ElementKind } from './term.ts';

export interface ElementType {
  readonly name: string;
  readonly kind: ElementKind;
  /** Bytes of an element in `raw_data`, little-endian. */
  readonly bytes: number;
  readonly read: (view: DataView, offset: number) => number;
  /** The typed field that may hold the elements instead. */
  readonly field: TypedField;
  readonly fromField: (entry: unknown) => number;
}

const float = { kind: 'float', fromField: integer } as const;
const whole = { kind: 'integer', fromField: integer } as const;

const types = new Map<number, ElementType>([
  [1, { name: 'float', ...float, bytes: 4, read: (v, o) => v.getFloat32(o, true), field: 'floatData' }],
  [2, { name: 'uint8', ...whole, bytes: 1, read: (v, o) => v.getUint8(o), field: 'int32Data' }],
  [3, { name: 'int8', ...whole, bytes: 1, read: (v, o) => v.getInt8(o), field: 'int32Data' }],
  [4, { name: 'uint16', ...whole, bytes: 2, read: (v, o) => v.getUint16(o, true), field: 'int32Data' }],
  [5, { name: 'int16', ...whole, bytes: 2, read: (v, o) => v.getInt16(o, true), field: 'int32Data' }],
  [6, { name: 'int32', ...whole, bytes: 4, read: (v, o) => v.getInt32(o, true), field: 'int32Data' }],
  [7, { name: 'int64', ...whole, bytes: 8, read: (v, o) => Number(v.getBigInt64(o, true)), field: 'int64Data' }],
  [9, { name: 'bool', ...whole, kind: 'boolean', bytes: 1, read: (v, o) => v.getUint8(o), field: 'int32Data' }],
  [10, halfWidth('float16', fromFloat16)],
  [11, { name: 'double', ...float, bytes: 8, read: (v, o) => v.getFloat64(o, true), field: 'doubleData' }],
  [12, { name: 'uint32', ...whole, bytes: 4, read: (v, o) => v.getUint32(o, true), field: 'uint64Data' }],
  [13, { name: 'uint64', ...whole, bytes: 8, read: (v, o) => Number(v.getBigUint64(o, true)), field: 'uint64Data' }],
  [16, halfWidth('bfloat16', fromBfloat16)],
]);

/** The type, or undefined for one that hepc does not read (strings, complex, 8-bit floats and 4-bit types). */
export function elementTypeOf(number: number): ElementType | undefined {
  return types.get(number);
}

/** Types of 16 bits: their typed field holds the bits in the low half of an int32. */
function halfWidth(name: string, convert: (bits: number) => number): ElementType {
  return {
    name,
    kind: 'float',
    bytes: 2,
    read: (view, offset) => convert(view.getUint16(offset, true)),
    field: 'int32Data',
    fromField: (entry) => convert(integer(entry) & 0xffff),
  };
}

function fromFloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(2));
  view.setUint16(0, bits);
  return view.getFloat16(0);
}

function fromBfloat16(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
