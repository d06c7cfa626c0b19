/**
 * Whether bytes hold an ONNX model in the protobuf wire format, asked before protobufjs reads them. Its decoder never
 * looks at the wire type of a field that it knows: bytes of another type are read as something else, or a field goes
 * missing, without an error. Here every known field has the type that the schema gives it (onnx.proto, ONNX 1.18), a
 * message that may occur once does so, and every message ends where its length says. Unknown fields are skipped, since
 * newer files have some.
 *
 * One pass; strings and tensors are skipped by their length.
 */
import { onnxSchema } from './onnx-schema.ts';

/** Wire types (protobuf.dev, "Encoding"). */
const varint = 0;
const fixed64 = 1;
const delimited = 2;
const startGroup = 3;
const endGroup = 4;
const fixed32 = 5;

/** As deep as protobuf's own readers go. */
const maxDepth = 100;

interface Field {
  readonly name: string;
  readonly wireType: number;
  /** Several numbers may stand in one length-delimited field. */
  readonly packed: boolean;
  /** Of a field that is a message. */
  readonly message?: string;
  readonly repeated: boolean;
}

const scalarTypes: ReadonlyMap<string, number> = new Map([
  ['int', varint],
  ['float', fixed32],
  ['double', fixed64],
  ['bytes', delimited],
]);

const messages: ReadonlyMap<string, ReadonlyMap<number, Field>> = new Map(
  Object.entries(onnxSchema).map(([message, fields]) => [
    message,
    new Map(Object.entries(fields).map(([number, text]) => [Number(number), fieldOf(text)])),
  ]),
);

function fieldOf(text: string): Field {
  const [name = '', kindAndMark = ''] = text.split(' ');
  const repeated = kindAndMark.endsWith('*');
  const kind = repeated ? kindAndMark.slice(0, -1) : kindAndMark;
  const scalar = scalarTypes.get(kind);
  return {
    ...{ name, repeated, wireType: scalar ?? delimited, packed: repeated && scalar !== undefined && kind !== 'bytes' },
    ...(scalar === undefined && { message: kind }),
  };
}

/** What keeps `bytes` from being the wire format of a ModelProto; undefined if nothing does. */
export function wireFormatFault(bytes: Uint8Array): string | undefined {
  return new WireReader(bytes).message('ModelProto', bytes.length, 0);
}

/** Reads forward; methods return what is wrong, or undefined. */
class WireReader {
  private readonly bytes: Uint8Array;
  private position = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  message(name: string, end: number, depth: number): string | undefined {
    if (depth > maxDepth) return `messages are nested more than ${maxDepth} deep`;
    const fields = messages.get(name);
    const once = new Set<Field>();
    while (this.position < end) {
      const tag = this.varint(end);
      if (tag === undefined || tag < 8 || tag >= 2 ** 32)
        return `${name} ends within a field or has one without a number`;
      const [number, wireType] = [Math.floor(tag / 8), tag % 8];
      const field = fields?.get(number);
      if (field === undefined) {
        const fault = this.skip(`field ${number} of ${name}`, wireType, end, depth);
        if (fault !== undefined) return fault;
        continue;
      }
      const place = `${name}.${field.name}`;
      if (wireType !== field.wireType && !(field.packed && wireType === delimited))
        return `${place} has wire type ${wireType}, expected ${field.wireType}`;
      if (field.message === undefined) {
        const isPacked = field.packed && wireType === delimited;
        const fault = isPacked ? this.packed(field, place, end) : this.skip(place, wireType, end, depth);
        if (fault !== undefined) return fault;
        continue;
      }
      // Protobuf would merge them; protobufjs keeps the last.
      if (!field.repeated && once.has(field)) return `${place} occurs twice`;
      once.add(field);
      const inner = this.length(end);
      if (inner === undefined) return `${place} ends beyond ${name}`;
      const fault = this.message(field.message, inner, depth + 1);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Numbers side by side; they fill the field. */
  private packed({ wireType }: Field, place: string, end: number): string | undefined {
    const inner = this.length(end);
    if (inner === undefined) return `${place} ends beyond its message`;
    if (wireType !== varint) {
      const size = wireType === fixed32 ? 4 : 8;
      const fits = (inner - this.position) % size === 0;
      this.position = inner;
      return fits ? undefined : `${place} ends within a number`;
    }
    while (this.position < inner) if (this.varint(inner) === undefined) return `${place} ends within a number`;
    return undefined;
  }

  private skip(place: string, wireType: number, end: number, depth: number): string | undefined {
    switch (wireType) {
      case varint:
        return this.varint(end) === undefined ? `${place} is no number` : undefined;
      case fixed64:
        return this.advance(8, end) ? undefined : `${place} is cut off`;
      case fixed32:
        return this.advance(4, end) ? undefined : `${place} is cut off`;
      case delimited: {
        const inner = this.length(end);
        if (inner === undefined) return `${place} is cut off`;
        this.position = inner;
        return undefined;
      }
      case startGroup:
        return this.group(place, end, depth + 1);
      default:
        return `${place} has wire type ${wireType}, which does not exist here`;
    }
  }

  /** The fields of a group, which only unknown fields can be, up to its end. */
  private group(place: string, end: number, depth: number): string | undefined {
    if (depth > maxDepth) return `messages are nested more than ${maxDepth} deep`;
    while (this.position < end) {
      const tag = this.varint(end);
      if (tag === undefined) break;
      if (tag % 8 === endGroup) return undefined;
      const fault = this.skip(place, tag % 8, end, depth);
      if (fault !== undefined) return fault;
    }
    return `${place} is a group without an end`;
  }

  /** Where what follows ends, by the length before it; undefined past `end`. */
  private length(end: number): number | undefined {
    const length = this.varint(end);
    return length === undefined || length > end - this.position ? undefined : this.position + length;
  }

  private advance(count: number, end: number): boolean {
    this.position += count;
    return this.position <= end;
  }

  /** Seven bits a byte, at most ten bytes; exact below 2^53. */
  private varint(end: number): number | undefined {
    let value = 0;
    for (let i = 0, factor = 1; i < 10 && this.position < end; i++, factor *= 128) {
      const byte = this.bytes[this.position++] ?? 0;
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
    return undefined;
  }
}
